package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.onnx.TensorFile;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * One of ONNX's backend test cases: a folder with {@code model.onnx} and data sets {@code
 * test_data_set_N} of {@code input_i.pb} and {@code output_i.pb}.
 */
public final class ConformanceCase {
  private static final String MODEL = "model.onnx";

  /** Inputs of at most this many elements may be shapes, axes, sizes and the like. */
  private static final int LARGEST_ARGUMENT = 1024;

  private final Path folder;

  public ConformanceCase(Path folder) {
    this.folder = folder;
  }

  /**
   * The cases in {@code directory}: itself, or the folders directly in it that hold a model.
   *
   * @throws ModelException if there are none
   */
  public static List<ConformanceCase> in(Path directory) {
    if (Files.exists(directory.resolve(MODEL))) {
      return List.of(new ConformanceCase(directory));
    }
    try (Stream<Path> folders = Files.list(directory)) {
      List<ConformanceCase> cases =
          folders
              .filter(folder -> Files.exists(folder.resolve(MODEL)))
              .sorted()
              .map(ConformanceCase::new)
              .toList();
      if (cases.isEmpty()) {
        throw new ModelException(
            directory + ": no conformance cases here (folders with " + MODEL + ")");
      }
      return cases;
    } catch (IOException e) {
      throw new ModelException(directory + ": cannot be listed; give a directory of cases", e);
    }
  }

  public String name() {
    return String.valueOf(folder.getFileName());
  }

  /** Runs the case on {@code backend}, with all its data sets. */
  public CaseResult run(Backend backend, RunOptions options, Tolerance tolerance) {
    String operator = "graph";
    try {
      OnnxModel model = OnnxModel.read(folder.resolve(MODEL));
      operator = operator(model);
      for (Path data : dataSets()) {
        Optional<String> difference = difference(model, data, backend, options, tolerance);
        if (difference.isPresent()) {
          return new CaseResult(
              name(), operator, Outcome.FAILED, data.getFileName() + ": " + difference.get());
        }
      }
      return new CaseResult(name(), operator, Outcome.PASSED, "");
    } catch (UnsupportedOperatorException e) {
      return new CaseResult(name(), operator, Outcome.UNSUPPORTED, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      return new CaseResult(name(), operator, Outcome.FAILED, String.valueOf(e.getMessage()));
    }
  }

  /** What the case is about; an expanded one is about what its unexpanded sibling is. */
  private String operator(OnnxModel model) {
    List<String> operators = model.operators();
    int suffix = name().indexOf("_expanded");
    Path sibling =
        suffix < 0 ? folder : folder.resolveSibling(name().substring(0, suffix)).resolve(MODEL);
    if (suffix >= 0 && Files.exists(sibling)) {
      operators = OnnxModel.read(sibling).operators();
    }
    List<String> distinct =
        operators.stream().filter(op -> !op.equals("Constant")).distinct().toList();
    if (distinct.isEmpty()) {
      return operators.isEmpty() ? "graph" : operators.get(0);
    }
    return distinct.size() == 1 ? distinct.get(0) : "graph";
  }

  private List<Path> dataSets() throws ModelException {
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> sets =
          entries
              .filter(entry -> String.valueOf(entry.getFileName()).startsWith("test_data_set_"))
              .sorted()
              .toList();
      if (sets.isEmpty()) {
        throw new ModelException(folder + ": there is no test_data_set_0");
      }
      return sets;
    } catch (IOException e) {
      throw new ModelException(folder + ": cannot be listed", e);
    }
  }

  private static Optional<String> difference(
      OnnxModel model, Path data, Backend backend, RunOptions options, Tolerance tolerance) {
    Map<String, Tensor> inputs = read(model.inputs(), data, "input_");
    Map<String, Tensor> expected = read(model.outputs(), data, "output_");
    try (Plan plan = prepare(model, inputs, backend, options)) {
      Map<String, Tensor> actual = plan.run(inputs);
      for (Map.Entry<String, Tensor> output : expected.entrySet()) {
        Tensor found = actual.get(output.getKey());
        Optional<String> difference =
            found == null
                ? Optional.of("is missing")
                : tolerance.difference(output.getValue(), found);
        if (difference.isPresent()) {
          return Optional.of("output '" + output.getKey() + "' " + difference.get());
        }
      }
    }
    return Optional.empty();
  }

  /** A backend that needs to know an argument beforehand says so by refusing the open graph. */
  private static Plan prepare(
      OnnxModel model, Map<String, Tensor> inputs, Backend backend, RunOptions options) {
    try {
      return backend.prepare(bind(model, inputs), options);
    } catch (UnsupportedOperatorException e) {
      return backend.prepare(bind(model, inputs, ignored -> true), options);
    }
  }

  private static Map<String, Tensor> read(List<ValueInfo> values, Path data, String prefix) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      tensors.put(values.get(i).name(), TensorFile.read(data.resolve(prefix + i + ".pb")));
    }
    return tensors;
  }

  /**
   * Binds the shapes of the data. Where that leaves shapes open, small integer inputs, then small
   * inputs of any type, are taken for arguments that decide about shapes.
   */
  static Graph bind(OnnxModel model, Map<String, Tensor> inputs) {
    Graph graph = bind(model, inputs, ignored -> false);
    if (isSettled(graph)) {
      return graph;
    }
    Graph better = bind(model, inputs, tensor -> !tensor.type().type().isFloat());
    return isSettled(better) ? better : bind(model, inputs, ignored -> true);
  }

  private static Graph bind(
      OnnxModel model, Map<String, Tensor> inputs, Predicate<Tensor> isArgument) {
    Bindings bindings = Bindings.NONE;
    for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
      Tensor tensor = input.getValue();
      boolean small = tensor.shape().rank() <= 1 && tensor.elements() <= LARGEST_ARGUMENT;
      bindings =
          small && isArgument.test(tensor)
              ? bindings.withValue(input.getKey(), tensor)
              : bindings.withShape(input.getKey(), tensor.shape());
    }
    return model.bind(bindings);
  }

  private static boolean isSettled(Graph graph) {
    return graph.nodes().stream()
        .flatMap(node -> node.outputs().stream())
        .allMatch(output -> output.isEmpty() || graph.type(output).isPresent());
  }
}
