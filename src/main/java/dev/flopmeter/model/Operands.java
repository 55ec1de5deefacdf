package dev.flopmeter.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A node with what is known of the values it reads and writes: the view from which shapes are
 * inferred, constants folded, work counted and kernels chosen.
 */
public record Operands(Node node, Values values) {
  /** What is known of values, by name. */
  public interface Values {
    /** The type of a value; null if it is not known. */
    @Nullable TensorType type(String value);

    /** The value of a constant; null if it is computed. */
    @Nullable Tensor constant(String value);
  }

  private record Known(
      Function<String, @Nullable TensorType> types, Function<String, @Nullable Tensor> constants)
      implements Values {
    @Override
    public @Nullable TensorType type(String value) {
      return types.apply(value);
    }

    @Override
    public @Nullable Tensor constant(String value) {
      return constants.apply(value);
    }
  }

  /**
   * @param types by value name; null for what is not known
   * @param constants likewise
   */
  public Operands(
      Node node,
      Function<String, @Nullable TensorType> types,
      Function<String, @Nullable Tensor> constants) {
    this(node, new Known(types, constants));
  }

  /** A hostile model can state a tensor of 2^31 repeated values in a few bytes. */
  private static final long MAX_SHAPE_ARGUMENTS = 1 << 16;

  /** The operands of {@code node} in {@code graph}. */
  public static Operands of(Graph graph, Node node) {
    return new Operands(node, graph.types()::get, graph.constants()::get);
  }

  public Attributes attributes() {
    return node.attributes();
  }

  public int opset() {
    return node.opset();
  }

  /** The number of input slots, including omitted ones. */
  public int inputCount() {
    return node.inputs().size();
  }

  public int outputCount() {
    return node.outputs().size();
  }

  /** Whether input {@code index} is given. */
  public boolean has(int index) {
    return node.hasInput(index);
  }

  /** Whether output {@code index} is used. */
  public boolean hasOutput(int index) {
    return node.hasOutput(index);
  }

  /** The type of an input, if it is given and known. */
  public Optional<TensorType> knownType(int index) {
    return Optional.ofNullable(has(index) ? values.type(node.inputs().get(index)) : null);
  }

  /**
   * The type of an input.
   *
   * @throws ModelException if it is left out
   * @throws DataDependentException if it is not known before run time
   */
  public TensorType type(int index) {
    String name = given(index);
    TensorType type = values.type(name);
    if (type == null) {
      throw new DataDependentException(name);
    }
    return type;
  }

  private String given(int index) {
    if (!has(index)) {
      throw new ModelException("input " + index + " is missing");
    }
    return node.inputs().get(index);
  }

  public Shape shape(int index) {
    return type(index).shape();
  }

  /** The types of all given inputs, in order. */
  public List<TensorType> givenTypes() {
    List<TensorType> types = new ArrayList<>();
    for (int i = 0; i < inputCount(); i++) {
      if (has(i)) {
        types.add(type(i));
      }
    }
    return types;
  }

  /** The type of an output, if it is used and known. */
  public Optional<TensorType> knownOutput(int index) {
    return Optional.ofNullable(hasOutput(index) ? values.type(node.outputs().get(index)) : null);
  }

  /**
   * The type of an output.
   *
   * @throws DataDependentException if it is not known before run time
   */
  public TensorType output(int index) {
    TensorType type = knownOutput(index).orElse(null);
    if (type == null) {
      throw new DataDependentException(
          index < outputCount() ? node.outputs().get(index) : "output " + index);
    }
    return type;
  }

  /** The value of an input, if it is given, constant and available. */
  public Optional<Tensor> value(int index) {
    Optional<Tensor> constant = constant(index);
    return constant.isPresent() && constant.get().isAvailable() ? constant : Optional.empty();
  }

  /** Whether input {@code index} is a constant, available or not. */
  public boolean isConstant(int index) {
    return constant(index).isPresent();
  }

  private Optional<Tensor> constant(int index) {
    return Optional.ofNullable(has(index) ? values.constant(node.inputs().get(index)) : null);
  }

  /**
   * The value of an input that determines shapes.
   *
   * @throws DataDependentException if it is not constant
   * @throws ModelException if its file is missing
   */
  public Tensor requireValue(int index) {
    String name = given(index);
    Tensor value = constant(index).orElse(null);
    if (value == null) {
      throw new DataDependentException(name);
    }
    if (value instanceof UnavailableTensor unavailable) {
      throw new ModelException("shapes depend on '" + name + "': " + unavailable.reason());
    }
    return value;
  }

  /**
   * The integers of an input that determines shapes, such as axes or sizes.
   *
   * @throws DataDependentException if it is not constant
   * @throws ModelException if it holds more values than any shape could need
   */
  public long[] requireLongs(int index) {
    return shapeArgument(index).toLongs();
  }

  /** {@link #requireLongs} for scales, which are not integers. */
  public double[] requireDoubles(int index) {
    return shapeArgument(index).toDoubles();
  }

  private Tensor shapeArgument(int index) {
    Tensor value = requireValue(index);
    if (value.elements() > MAX_SHAPE_ARGUMENTS) {
      throw new ModelException(
          "input " + index + " holds " + value.elements() + " values where few are expected");
    }
    return value;
  }

  /**
   * Integers that are the attribute {@code name} in older operator sets and input {@code index} in
   * newer ones; nothing if both are missing.
   */
  public Optional<long[]> integers(String name, int index) {
    return has(index) ? Optional.of(requireLongs(index)) : attributes().integers(name);
  }

  /**
   * Those integers.
   *
   * @throws ModelException if neither is there
   */
  public long[] requireIntegers(String name, int index) {
    return integers(name, index)
        .orElseThrow(() -> new ModelException("the " + name + " are missing"));
  }
}
