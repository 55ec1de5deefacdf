package dev.flopmeter.model.fold;

import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.shape.StoredConstant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Shape queries, constants, and operators that keep all values in order. */
final class ShapeFolds {
  private ShapeFolds() {}

  /** Whether an operator is one of these. */
  static boolean has(String qualifiedOp) {
    return OperatorTrait.RESHAPING.has(qualifiedOp)
        || OperatorTrait.SHAPE_QUERY.has(qualifiedOp)
        || OperatorTrait.STORING.has(qualifiedOp)
        || OperatorTrait.FILLING.has(qualifiedOp)
        || qualifiedOp.equals("Identity");
  }

  /** The output of a node of such an operator, if it is known before run time. */
  static Optional<List<Tensor>> fold(Operands in, List<TensorType> outputs) {
    Tensor folded =
        switch (in.node().qualifiedOp()) {
          case "Shape" -> shape(in, outputs);
          case "Size" -> Tensor.ofLong(in.type(0).elements());
          case "Constant" -> StoredConstant.of(in.attributes());
          case "ConstantOfShape" -> constantOfShape(in, outputs);
          default -> sameValues(in, outputs);
        };
    return folded == null ? Optional.empty() : Optional.of(List.of(folded));
  }

  private static @Nullable Tensor sameValues(Operands in, List<TensorType> outputs) {
    Tensor value = in.value(0).orElse(null);
    return value == null ? null : value.reshaped(outputs.get(0).shape());
  }

  private static Tensor shape(Operands in, List<TensorType> outputs) {
    int rank = in.shape(0).rank();
    long start = in.attributes().integer("start", 0);
    int from = (int) Math.max(0, Math.min(rank, start < 0 ? start + rank : start));
    int count = (int) outputs.get(0).elements();
    return Tensor.ofLongs(in.shape(0).slice(from, from + count).dims());
  }

  private static Tensor constantOfShape(Operands in, List<TensorType> outputs) {
    TensorType type = outputs.get(0);
    Tensor given = in.attributes().tensor("value").orElse(null);
    return new FilledTensor(
        type, given == null ? Tensor.ofFloats(Shape.SCALAR, 0) : given.reshaped(Shape.SCALAR));
  }
}
