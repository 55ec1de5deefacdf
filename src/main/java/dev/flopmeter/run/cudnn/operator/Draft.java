package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.plan.Block;
import dev.flopmeter.run.cudnn.plan.Blueprint;
import dev.flopmeter.run.cudnn.plan.Format;
import dev.flopmeter.run.cudnn.plan.PlannedStep;
import dev.flopmeter.run.cudnn.plan.Storage;
import dev.flopmeter.run.cudnn.plan.View;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.function.Function;

/**
 * The plan as it grows: where each value lies (in one form or several) and the steps so far. A
 * value that is wanted in another form is converted once, by a step of its own.
 */
final class Draft {
  private final Graph graph;
  private final Storage floats;
  private final RunOptions options;
  private final Function<String, Format> formats;
  private final Map<String, List<View>> forms = new HashMap<>();
  private final List<PlannedStep> steps = new ArrayList<>();
  private final Map<String, ConcatPlaces.Place> places;
  private final Map<String, View> wholes = new HashMap<>();
  private final List<ConcatPlaces.Concatenation> concatenations = new ArrayList<>();

  /**
   * @param formats for a convolution's or pooling's node name, the format it is to compute in
   * @param places by name, the values that lie in a concatenated one
   */
  Draft(
      Graph graph,
      RunOptions options,
      Function<String, Format> formats,
      Map<String, ConcatPlaces.Place> places) {
    this.graph = graph;
    this.places = places;
    this.options = options;
    this.floats = Storage.of(options.precision());
    this.formats = formats;
    for (String input : graph.inputs()) {
      if (!graph.types().containsKey(input)) {
        throw new ModelException("the shape of input '" + input + "' is not known");
      }
      create(input, Format.PLAIN);
    }
  }

  Graph graph() {
    return graph;
  }

  RunOptions options() {
    return options;
  }

  Storage floats() {
    return floats;
  }

  Format formatOf(String node) {
    return formats.apply(node);
  }

  Storage storageOf(TensorType type) {
    return type.type().isFloat() ? floats : Storage.I64;
  }

  /** The value in the form in which it first came. */
  View value(String name) {
    return forms(name).get(0);
  }

  private List<View> forms(String name) {
    return forms.computeIfAbsent(name, this::constantForm);
  }

  private List<View> constantForm(String name) {
    Tensor tensor =
        graph
            .constant(name)
            .orElseThrow(() -> new ModelException("the value '" + name + "' has no place yet"));
    List<View> form = new ArrayList<>();
    form.add(constant(name, tensor, storageOf(tensor.type())));
    return form;
  }

  /** The value packed in {@code format}, converted if need be. */
  View formatted(String name, Format format) {
    View first = value(name);
    for (View form : forms(name)) {
      if (form.is(format)) {
        return form;
      }
    }
    View converted = scratch(name + ":" + format.label(), first.shape(), first.storage(), format);
    addForm(name, converted);
    emit(
        name + ":" + format.label(),
        "Convert",
        List.of(),
        List.of(first),
        List.of(converted),
        List.of(Copies.copy(first, converted)));
    return converted;
  }

  private void addForm(String name, View view) {
    forms.computeIfAbsent(name, unused -> new ArrayList<>()).add(view);
  }

  /** A new place for a value of the graph. */
  View create(String name, Format format) {
    View whole = wholes.get(name);
    View view = whole == null ? lay(name, format) : whole;
    addForm(name, view);
    return view;
  }

  private View lay(String name, Format format) {
    TensorType type = graph.requireType(name);
    ConcatPlaces.Place place = places.get(name);
    if (place == null) {
      return scratch(name, type.shape(), storageOf(type), format);
    }
    View whole = wholes.get(place.value());
    if (whole == null) {
      // The first part to be written lays the place of the whole, which may be a part in turn.
      whole = lay(place.value(), place.format());
      wholes.put(place.value(), whole);
    }
    View part = whole.part(place.axis(), place.start(), type.shape().dim(place.axis()));
    // Where an axis of 1 has the whole's stride, cuDNN would see gaps that are none.
    return part.is(format) ? part.as(part.shape(), View.strides(part.shape(), format)) : part;
  }

  /** Notes a concatenation, so that a plan after this one may lay its parts where they end. */
  void concatenated(String value, int axis, View whole, List<View> parts) {
    concatenations.add(new ConcatPlaces.Concatenation(value, axis, whole, parts));
  }

  List<ConcatPlaces.Concatenation> concatenations() {
    return List.copyOf(concatenations);
  }

  /** The format in which the parts of a concatenated value were laid, if any was. */
  Optional<Format> laidFormat(String value) {
    return places.values().stream()
        .filter(place -> place.value().equals(value))
        .map(ConcatPlaces.Place::format)
        .findFirst();
  }

  /** Says that a value lies where another one does. */
  void alias(String name, View view) {
    addForm(name, view);
  }

  View scratch(String name, Shape shape, Storage storage, Format format) {
    Block block = Block.activation(name, shape.elements(), storage);
    return View.of(block, storage, shape, format);
  }

  View constant(String name, Tensor tensor, Storage storage) {
    return constant(
        name,
        tensor.shape(),
        storage,
        out -> {
          for (long i = 0; i < tensor.elements(); i++) {
            out.accept(tensor.doubleAt(i));
          }
        });
  }

  View constant(String name, Shape shape, Storage storage, Block.Content content) {
    Block block = Block.constant(name, shape.elements(), storage, content);
    return View.of(block, storage, shape, Format.PLAIN);
  }

  View constant(String name, Storage storage, double... values) {
    return constant(
        name,
        Shape.of(values.length),
        storage,
        (DoubleConsumer out) -> {
          for (double value : values) {
            out.accept(value);
          }
        });
  }

  void emit(
      String name,
      String op,
      List<String> nodes,
      List<View> reads,
      List<View> writes,
      List<Work> works) {
    steps.add(new PlannedStep(name, op, nodes, reads, writes, works));
  }

  /** The finished plan: results are brought into plain form where they are not. */
  Blueprint finish() {
    Map<String, View> inputs = new LinkedHashMap<>();
    graph.inputs().forEach(input -> inputs.put(input, value(input)));
    Map<String, View> outputs = new LinkedHashMap<>();
    graph.outputs().forEach(output -> outputs.put(output, formatted(output, Format.PLAIN)));
    return new Blueprint(steps, inputs, outputs);
  }
}
