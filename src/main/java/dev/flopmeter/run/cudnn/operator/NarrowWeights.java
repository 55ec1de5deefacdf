package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.run.cudnn.plan.ElementType;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Stored weights of 8 bits: K x C x window, or a matrix.
 *
 * @param values as the model stores them
 * @param axis of the output channels: 0, or 1 of a matrix
 * @param zeros one zero point, or one per output channel; null if it is 0
 * @param outputs channels
 * @param summed weights of an output channel
 * @param shift by which the device stores them lower
 */
record NarrowWeights(
    Tensor values, int axis, @Nullable Tensor zeros, long outputs, long summed, long shift) {
  static NarrowWeights of(Tensor values, int axis, @Nullable Tensor zeros) {
    long outputs = values.shape().dim(axis);
    long shift = ElementType.I8.shift(values.type().type());
    return new NarrowWeights(values, axis, zeros, outputs, values.elements() / outputs, shift);
  }

  /** Whether a node multiplies integers by stored weights with stored zero points. */
  static boolean areStored(Operands in) {
    boolean isProduct = in.node().qualifiedOp().equals("MatMulInteger");
    boolean isConvolution =
        in.node().qualifiedOp().equals("ConvInteger") && in.attributes().integer("group", 1) == 1;
    return (isProduct || isConvolution)
        && in.value(1)
            .filter(weights -> weights.shape().rank() == (isProduct ? 2 : 4))
            .filter(weights -> weights.elements() > 0)
            .isPresent()
        && in.shape(0).elements() > 0
        && (!in.has(2) || in.shape(2).elements() == 1)
        && (!in.has(3) || in.value(3).isPresent());
  }

  /** What the equations ask of MatMulInteger and ConvInteger by stored weights. */
  static Map<String, Object> ofIntegers(NodePlan node, Value data, int axis) {
    Operands in = node.in();
    NarrowWeights weights = of(in.requireValue(1), axis, in.value(3).orElse(null));
    DataType type = in.type(0).type();
    long shift = ElementType.I8.shift(type);
    Object around = shift == 0 ? Value.NONE : (Object) (double) -shift;
    return weights.terms(node, data, type, in.has(2) ? node.input(2) : around);
  }

  /**
   * What the equations ask of 8-bit data times these weights.
   *
   * @param data a quantised value of the graph
   * @param around what its padding is filled with: a number, a value of one element, or none for 0
   */
  Map<String, Object> terms(NodePlan node, Value data, DataType dataType, Object around) {
    Map<String, Object> terms = new HashMap<>();
    terms.put("data", data);
    terms.put("around", around);
    terms.put("type", ElementType.narrow(values.type().type()).orElseThrow().type());
    terms.put("shift", ElementType.I8.shift(dataType));
    terms.put("weights", this);
    terms.put("is_matrix", isMatrix());
    terms.put("is_around_0", isCentred());
    terms.put("sizes", Terms.list(values.shape().dims()));
    terms.put("outputs", outputs);
    terms.put("summed", summed);
    terms.put("columns", node.constant("columns", outputs, ElementType.I64, this::sum));
    terms.put("zeros", node.constant("zeros", outputs, ElementType.I64, this::zero));
    return terms;
  }

  boolean isMatrix() {
    return values.shape().rank() == 2;
  }

  /** The weight as the device stores it. */
  double stored(long output, long index) {
    return values.doubleAt(axis == 0 ? output * summed + index : index * outputs + output) - shift;
  }

  /** The zero point as the device stores it. */
  long zero(long output) {
    return (zeros == null ? 0 : zeros.longAt(zeros.elements() == 1 ? 0 : output)) - shift;
  }

  /** Whether what the device stores is around 0. */
  boolean isCentred() {
    return LongStream.range(0, zeros == null ? 1 : zeros.elements()).allMatch(i -> zero(i) == 0);
  }

  /** The sum of an output channel's weights, each less the zero point. */
  double sum(long output) {
    return LongStream.range(0, summed).mapToDouble(i -> stored(output, i)).sum()
        - (double) zero(output) * summed;
  }
}
