package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.DevicePlan.PlannedStep;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Builds a plan: the buffers of each value, in one layout or several, and the steps so far. A value
 * that is needed in another layout is converted once, by a step of its own.
 */
final class PlanBuilder {
  private final Graph graph;
  private final QuantizedValues quantized;
  private final ElementType floats;
  private final Function<String, MemoryLayout> formats;
  private final boolean keepsDoubles;
  private final Map<String, List<TensorView>> forms = new HashMap<>();
  private final List<PlannedStep> steps = new ArrayList<>();
  private final Map<String, ConcatPlaces.Place> places;
  private final Map<String, TensorView> wholes = new HashMap<>();
  private final List<ConcatPlaces.Concatenation> concatenations = new ArrayList<>();

  /**
   * @param formats for a convolution's or pooling's node name, the format it is to compute in
   * @param places by name, the values that lie in a concatenated one
   */
  PlanBuilder(
      Graph graph,
      RunOptions options,
      Function<String, MemoryLayout> formats,
      Map<String, ConcatPlaces.Place> places) {
    this.graph = graph;
    this.quantized = new QuantizedValues(graph, new GraphLinks(graph));
    this.places = places;
    this.floats = ElementType.of(options.precision());
    this.formats = formats;
    this.keepsDoubles = floats == ElementType.F32 && Operators.computeInDouble(graph);
    for (String input : graph.inputs()) {
      if (!graph.types().containsKey(input)) {
        throw new ModelException("the shape of input '" + input + "' is not known");
      }
      create(input, MemoryLayout.PLAIN);
    }
  }

  Graph graph() {
    return graph;
  }

  QuantizedValues quantized() {
    return quantized;
  }

  ElementType floats() {
    return floats;
  }

  MemoryLayout formatOf(String node) {
    return formats.apply(node);
  }

  ElementType storageOf(TensorType type) {
    if (type.type() == DataType.DOUBLE && keepsDoubles) {
      return ElementType.F64;
    }
    return type.type().isFloat() ? floats : ElementType.I64;
  }

  /** The value in its original form. */
  TensorView value(String name) {
    return forms(name).get(0);
  }

  private List<TensorView> forms(String name) {
    return forms.computeIfAbsent(name, this::constantForm);
  }

  private List<TensorView> constantForm(String name) {
    Tensor tensor =
        graph
            .constant(name)
            .orElseThrow(() -> new ModelException("the value '" + name + "' has no place yet"));
    return new ArrayList<>(
        List.of(constant(name, tensor.shape(), storageOf(tensor.type()), to -> to.accept(tensor))));
  }

  /** The value packed in {@code format}, converted if need be. */
  TensorView formatted(String name, MemoryLayout format) {
    return form(name, value(name).storage(), format, format.label());
  }

  /** A quantised value in 8 bits, packed in {@code format}, converted if need be. */
  TensorView narrow(String name, MemoryLayout format) {
    DataType type = graph.requireType(name).type();
    String label = type.label() + ":" + format.label();
    return form(name, ElementType.narrow(type).orElseThrow(), format, label);
  }

  private TensorView form(String name, ElementType storage, MemoryLayout format, String label) {
    for (TensorView form : forms(name)) {
      if (form.storage() == storage && form.is(format)) {
        return form;
      }
    }
    TensorView first = value(name);
    String converted = name + ":" + label;
    TensorView to = scratch(converted, first.shape(), storage, format);
    alias(name, to);
    DataType type = graph.requireType(name).type();
    long shift = first.storage() == storage ? 0 : storage.shift(type);
    Work work =
        shift == 0
            ? CopyKernels.copy(first, to)
            : Binary.SUB.work(
                first,
                constant(
                    converted + ":shift", Shape.SCALAR, floats, out -> out.accept((double) shift)),
                to);
    emit(converted, "Convert", List.of(), List.of(to), List.of(work));
    return to;
  }

  /** Records that a value is also stored at {@code view}. */
  void alias(String name, TensorView view) {
    forms.computeIfAbsent(name, unused -> new ArrayList<>()).add(view);
  }

  /** A new buffer for a value of the graph. */
  TensorView create(String name, MemoryLayout format) {
    TensorView whole = wholes.get(name);
    TensorView view = whole == null ? lay(name, format) : whole;
    alias(name, view);
    return view;
  }

  private TensorView lay(String name, MemoryLayout format) {
    TensorType type = graph.requireType(name);
    ConcatPlaces.Place place = places.get(name);
    if (place == null) {
      ElementType storage =
          quantized.isNarrow(name)
              ? ElementType.narrow(type.type()).orElseThrow()
              : storageOf(type);
      return scratch(name, type.shape(), storage, format);
    }
    TensorView whole = wholes.get(place.value());
    if (whole == null) {
      // The first part to be written lays the place of the whole, which may be a part in turn.
      whole = lay(place.value(), place.format());
      wholes.put(place.value(), whole);
    }
    TensorView part = whole.part(place.axis(), place.start(), type.shape().dim(place.axis()));
    // Where an axis of 1 has the whole's stride, cuDNN would see gaps that are none.
    return part.is(format) ? part.as(part.shape(), TensorView.strides(part.shape(), format)) : part;
  }

  /** Notes a concatenation, so that a plan after this one may lay its parts where they end. */
  void concatenated(String value, int axis, TensorView whole, List<TensorView> parts) {
    concatenations.add(new ConcatPlaces.Concatenation(value, axis, whole, parts));
  }

  List<ConcatPlaces.Concatenation> concatenations() {
    return List.copyOf(concatenations);
  }

  /** The format in which the parts of a concatenated value were laid, if any was. */
  Optional<MemoryLayout> laidFormat(String value) {
    return places.values().stream()
        .filter(place -> place.value().equals(value))
        .map(ConcatPlaces.Place::format)
        .findFirst();
  }

  TensorView scratch(String name, Shape shape, ElementType storage, MemoryLayout format) {
    Buffer block = Buffer.activation(name, shape.elements(), storage);
    return TensorView.of(block, storage, shape, format);
  }

  TensorView constant(String name, Shape shape, ElementType storage, Buffer.Content content) {
    Buffer block = Buffer.constant(name, shape.elements(), storage, content);
    return TensorView.of(block, storage, shape, MemoryLayout.PLAIN);
  }

  void emit(String name, String op, List<String> nodes, List<TensorView> writes, List<Work> works) {
    steps.add(new PlannedStep(name, op, nodes, writes, works));
  }

  /** The finished plan; results are converted to plain form if necessary. */
  DevicePlan finish() {
    Map<String, TensorView> inputs = new LinkedHashMap<>();
    graph.inputs().forEach(input -> inputs.put(input, value(input)));
    Map<String, TensorView> outputs = new LinkedHashMap<>();
    graph.outputs().forEach(output -> outputs.put(output, formatted(output, MemoryLayout.PLAIN)));
    return new DevicePlan(steps, inputs, outputs);
  }
}
