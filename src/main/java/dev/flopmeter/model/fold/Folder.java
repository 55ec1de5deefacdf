package dev.flopmeter.model.fold;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Computes nodes whose inputs are all known, on the host: shape arithmetic and other small
 * constants. Results that only rename or repeat existing values (Identity, Reshape,
 * ConstantOfShape) fold at any size; computed ones only up to {@link #MAX_ELEMENTS}.
 */
public final class Folder {
  /** Beyond this many elements a computed result stays a node, for the backend to compute. */
  public static final long MAX_ELEMENTS = 1 << 16;

  private Folder() {}

  /**
   * The outputs of the node, if they are known before run time.
   *
   * @param outputs the inferred output types
   */
  public static Optional<List<Tensor>> fold(Operands in, List<TensorType> outputs) {
    String op = in.node().qualifiedOp();
    if (ShapeFolds.has(op)) {
      return ShapeFolds.fold(in, outputs);
    }
    FoldRule rule = mayBeKnown(in) ? OfValues.RULES.get(op) : null;
    return rule == null ? Optional.empty() : rule.fold(in, outputs);
  }

  /** Whether there is a rule for an operator with known inputs. */
  public static boolean computes(String qualifiedOp) {
    return ShapeFolds.has(qualifiedOp) || OfValues.RULES.containsKey(qualifiedOp);
  }

  /** Whether results of {@code node} need new memory, instead of sharing its inputs'. */
  public static boolean allocates(Node node) {
    return !OperatorTrait.VIEW.of(node) && !OperatorTrait.STORING.of(node);
  }

  /** The rules that need the value of every input: created when a node may have them all. */
  private static final class OfValues {
    static final Map<String, FoldRule> RULES = new HashMap<>();

    static {
      ArithmeticFolds.addTo(RULES);
      SelectionFolds.addTo(RULES);
      ReductionFolds.addTo(RULES);
      SignalFolds.addTo(RULES);
    }
  }

  private static boolean mayBeKnown(Operands in) {
    return in.inputCount() == 0 || !in.has(0) || in.value(0).isPresent();
  }

  /** How a node's outputs are computed from known inputs. */
  @FunctionalInterface
  interface FoldRule {
    /** The outputs, or nothing if they are not known before run time. */
    Optional<List<Tensor>> fold(Operands in, List<TensorType> outputs);
  }

  /** The one output of a node whose inputs are all known; null if it cannot be computed. */
  @FunctionalInterface
  interface ValueRule {
    @Nullable Tensor fold(Operands in, TensorType type);
  }

  static FoldRule ofValues(ValueRule rule) {
    return (in, outputs) ->
        allKnown(in, outputs)
            ? Optional.ofNullable(rule.fold(in, outputs.get(0))).map(List::of)
            : Optional.empty();
  }

  /** Whether every given input is available, and the result is small enough to compute. */
  static boolean allKnown(Operands in, List<TensorType> outputs) {
    for (int i = 0; i < in.inputCount(); i++) {
      if (in.has(i) && in.value(i).filter(Folder::isInRange).isEmpty()) {
        return false;
      }
    }
    return outputs.stream().allMatch(type -> type.elements() <= MAX_ELEMENTS);
  }

  /** Whether a long holds all values: unsigned ones from 2^63 on are left to the backend. */
  private static boolean isInRange(Tensor value) {
    return value.type().type() != DataType.UINT64
        || LongStream.range(0, value.elements()).allMatch(i -> value.longAt(i) >= 0);
  }

  static Tensor broadcast(Tensor source, Shape shape) {
    LongUnaryOperator from = Indices.broadcast(source.shape(), shape);
    return source.shape().equals(shape)
        ? source
        : computed(
            source.type().withShape(shape),
            !source.type().type().isFloat(),
            i -> source.longAt(from.applyAsLong(i)),
            i -> source.doubleAt(from.applyAsLong(i)));
  }

  /**
   * A tensor of {@code type}, element by element.
   *
   * @param isExact whether on longs, not in double
   */
  static Tensor computed(
      TensorType type, boolean isExact, IntToLongFunction onLongs, IntToDoubleFunction onDoubles) {
    ByteBuffer data = Elements.allocate(type);
    for (int i = 0; i < type.elements(); i++) {
      if (isExact) {
        Elements.putLong(data, type.type(), i, onLongs.applyAsLong(i));
      } else {
        Elements.putDouble(data, type.type(), i, onDoubles.applyAsDouble(i));
      }
    }
    return DenseTensor.of(type, data);
  }
}
