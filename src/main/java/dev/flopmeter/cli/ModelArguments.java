package dev.flopmeter.cli;

import dev.flopmeter.model.BatchAxes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.djl.DjlModelFolder;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** The model and its inputs: the arguments of every command on a model. */
final class ModelArguments extends Arguments {

  private final Argument<String> model;
  private final Argument<String> inputs = list("--input", new Reading.Text(), "");
  private final Argument<Long> batches =
      list("--batch", new Reading.WholeNumber(1, Long.MAX_VALUE), ",");
  private final Argument<String> dims = list("--dim", new Reading.Text(), "");

  /**
   * @param isOption whether the model is given as {@code --model}, because the command has other
   *     parameters
   */
  ModelArguments(boolean isOption) {
    model = isOption ? required("--model", new Reading.Text()) : parameter(0, new Reading.Text());
  }

  /** The model as the user wrote it. */
  String name() {
    return model.get();
  }

  /**
   * Opens the model. A built-in name takes precedence over a file of the same name; {@code
   * ./resnet50} means the file.
   *
   * @throws ModelException if there is neither such a network nor such a file
   */
  Model open() {
    return open(model.get());
  }

  static Model open(String model) {
    boolean looksLikeFile = model.indexOf('/') >= 0 || model.endsWith(".onnx");
    Model builtIn = looksLikeFile ? null : Zoo.find(model).orElse(null);
    if (builtIn != null) {
      return builtIn;
    }
    return looksLikeFile || Files.exists(path(model)) ? read(path(model)) : Zoo.get(model);
  }

  private static Model read(Path path) {
    return DjlModelFolder.is(path) ? DjlModelFolder.read(path) : OnnxModel.read(path);
  }

  static Path path(String model) {
    try {
      return Path.of(model);
    } catch (InvalidPathException e) {
      throw new ModelException("'" + model.replace('\0', '?') + "' is not a path", e);
    }
  }

  /**
   * The bindings of a sweep, in order and each once: every combination of the batch sizes with the
   * lists given to {@code --input NAME=1x3x224x224,1x3x448x448} and {@code --dim NAME=128,512}.
   */
  List<Bindings> sweep() {
    List<Bindings> all = new ArrayList<>(List.of(Bindings.NONE));
    for (String input : inputs.all()) {
      String[] parts = parts("--input", input, "data=1x3x224x224");
      String name = parts[0];
      // A comma may also separate the dimensions of one shape: 1,3,224,224.
      String[] shapes = parts[1].contains("x") ? parts[1].split(",", -1) : new String[] {parts[1]};
      Reading<Shape> reading = Shape::parse;
      all =
          crossed(
              all,
              List.of(shapes),
              (one, shape) -> one.withShape(name, read("--input " + name, reading, shape)));
    }
    for (String dim : dims.all()) {
      String[] parts = parts("--dim", dim, "sequence=128");
      if (!batches.all().isEmpty() && BatchAxes.isBatchName(parts[0])) {
        throw new ModelException("--dim " + dim + " and --batch both set the batch; omit one");
      }
      all =
          crossed(
              all,
              List.of(parts[1].split(",", -1)),
              (one, size) ->
                  one.withDim(parts[0], read("--dim " + dim, new Reading.WholeNumber(), size)));
    }
    List<Long> sizes = batches.all();
    all = sizes.isEmpty() ? all : crossed(all, sizes, Bindings::withBatch);
    // Comparing bindings would initialise machinery of the JDK: 30 ms of a cold start.
    return all.size() == 1 ? all : all.stream().distinct().toList();
  }

  private static <T> List<Bindings> crossed(
      List<Bindings> bindings, List<T> values, BiFunction<Bindings, T, Bindings> with) {
    List<Bindings> all = new ArrayList<>();
    for (Bindings one : bindings) {
      values.forEach(value -> all.add(with.apply(one, value)));
    }
    return all;
  }

  private static <T> T read(String option, Reading<T> reading, String text) {
    try {
      return reading.read(text);
    } catch (ModelException e) {
      throw e.at(option);
    }
  }

  private static String[] parts(String option, String text, String example) {
    int equals = text.lastIndexOf('=');
    if (equals < 1) {
      throw new ModelException(option + " needs NAME=VALUE, such as " + example + ", not " + text);
    }
    return new String[] {text.substring(0, equals), text.substring(equals + 1)};
  }
}
