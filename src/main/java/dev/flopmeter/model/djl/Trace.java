package dev.flopmeter.model.djl;

import ai.djl.Device;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One run of a block's forward, recorded as ONNX operators. An operator that reads a block's
 * weights takes that block's path as its name; the others are numbered. Not thread-safe.
 */
final class Trace {
  /** The operator set of the graph: the first with Gelu. */
  static final int OPSET = 20;

  private final GraphBuilder graph;
  private final ManagerCalls manager = new ManagerCalls(this);
  private final Map<String, String> blockOfWeight = new HashMap<>();
  private final Map<String, TracedArray> relaid = new HashMap<>();
  private final Set<String> names = new HashSet<>();
  private final Map<String, Integer> numbers = new HashMap<>();
  private @Nullable TracedArray lastOnDevice;

  Trace(String name) {
    graph = new GraphBuilder(name, OPSET);
  }

  ManagerCalls manager() {
    return manager;
  }

  TracedArray input(String name, TensorType type) {
    return array(graph.input(unique(name), type));
  }

  TracedArray constant(Tensor tensor) {
    return array(graph.constant(numbered("constant"), tensor));
  }

  /** A scalar constant of {@code type}. */
  TracedArray scalar(Number number, DataType type) {
    return constant(
        DenseTensor.ofDoubles(new TensorType(type, Shape.SCALAR), number.doubleValue()));
  }

  /**
   * A stored weight.
   *
   * @param block path of the block it belongs to
   */
  TracedArray weight(String block, String name, Tensor tensor) {
    String value = graph.constant(unique(block.isEmpty() ? name : block + "." + name), tensor);
    blockOfWeight.put(value, block);
    return array(value);
  }

  /**
   * A weight stored in another layout, without an operator at run time. A value that is not a
   * stored weight is transposed if both have two axes, and otherwise not supported.
   */
  TracedArray storedAs(TracedArray weight, Shape other) {
    if (other.equals(weight.dims())) {
      return weight;
    }
    Tensor known = known(weight.value()).orElse(null);
    if (known == null) {
      if (weight.dims().rank() == 2 && other.rank() == 2) {
        return apply("Transpose", Attributes.of("perm", new long[] {1, 0}), weight);
      }
      throw new UnsupportedOperationException("NDArrayEx layers with computed weights");
    }
    return relaid.computeIfAbsent(
        weight.value() + " as " + other,
        key -> relay(weight, known, weight.type().withShape(other)));
  }

  private TracedArray relay(TracedArray weight, Tensor known, TensorType type) {
    Tensor values =
        known instanceof FilledTensor filled
            ? new FilledTensor(type, filled.value())
            : RandomTensor.weights(type, relaid.size() + 1L, type.shape().dim(-1));
    String name = graph.constant(unique(weight.value() + ".stored"), values);
    blockOfWeight.put(name, blockOfWeight.getOrDefault(weight.value(), ""));
    return array(name);
  }

  /** Records an operator with one output; a null operand is an omitted optional one. */
  TracedArray apply(String op, Attributes attributes, @Nullable TracedArray... operands) {
    return applyMany(op, attributes, 1, operands).get(0);
  }

  List<TracedArray> applyMany(
      String op, Attributes attributes, int outputs, @Nullable TracedArray... operands) {
    String name = nameFor(op, operands);
    List<String> read =
        Arrays.stream(operands).map(operand -> operand == null ? "" : operand.value()).toList();
    List<String> written = new ArrayList<>(List.of(name));
    for (int i = 1; i < outputs; i++) {
      written.add(unique(name + "." + i));
    }
    graph.add(new Node(name, "", op, OPSET, read, written, attributes, Map.of()));
    return written.stream().map(this::array).toList();
  }

  private String nameFor(String op, @Nullable TracedArray... operands) {
    String lower = op.toLowerCase(Locale.ROOT);
    for (TracedArray operand : operands) {
      if (operand != null) {
        String block = blockOfWeight.get(operand.value());
        if (block != null && !block.isEmpty()) {
          return names.contains(block) ? unique(block + "." + lower) : unique(block);
        }
      }
    }
    return numbered(lower);
  }

  private String numbered(String name) {
    return unique(name + "_" + numbers.merge(name, 1, Integer::sum));
  }

  private String unique(String wanted) {
    String name = wanted;
    for (int i = 2; !names.add(name); i++) {
      name = wanted + "#" + i;
    }
    return name;
  }

  private TracedArray array(String value) {
    TensorType type =
        Optional.ofNullable(graph.typeOf(value))
            .orElseThrow(() -> new DataDependentException(value));
    return new TracedArray(this, value, type);
  }

  /** The elements of a value, if constants alone determine them. */
  Optional<Tensor> known(String value) {
    return Optional.ofNullable(graph.constantOf(value)).filter(Tensor::isAvailable);
  }

  /**
   * DJL's blocks ask their input for its device just before they read their parameters with it, so
   * a block's input is the array asked last.
   */
  Device askedForDevice(TracedArray array) {
    lastOnDevice = array;
    return Device.cpu();
  }

  Optional<TracedArray> lastOnDevice() {
    return Optional.ofNullable(lastOnDevice);
  }

  Graph finish(List<TracedArray> outputs) {
    List<String> values = new ArrayList<>();
    for (TracedArray output : outputs) {
      // A value returned twice, or an input returned unchanged, is still one output each.
      values.add(
          values.contains(output.value())
              ? apply("Identity", Attributes.NONE, output).value()
              : output.value());
    }
    return graph.build(values);
  }
}
