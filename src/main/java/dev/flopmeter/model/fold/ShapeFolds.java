package dev.flopmeter.model.fold;

import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.fold.Folder.FoldRule;
import dev.flopmeter.model.shape.StoredConstant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Shape questions, constants, and operators that keep all values in their order. */
final class ShapeFolds {
  private ShapeFolds() {}

  /** The rule of an operator, made when a node has it; null if there is none. */
  static @Nullable FoldRule find(String qualifiedOp) {
    return switch (qualifiedOp) {
      case "Shape" -> ShapeFolds::shape;
      case "Size" -> (in, out) -> Optional.of(List.of(Tensor.ofLong(in.type(0).elements())));
      case "Constant" -> (in, out) -> Optional.of(List.of(StoredConstant.of(in.attributes())));
      case "ConstantOfShape" -> ShapeFolds::constantOfShape;
      default ->
          qualifiedOp.equals("Identity") || OperatorTrait.RESHAPING.has(qualifiedOp)
              ? ShapeFolds::sameValues
              : null;
    };
  }

  private static Optional<List<Tensor>> sameValues(Operands in, List<TensorType> outputs) {
    return in.value(0).map(value -> List.of(value.reshaped(outputs.get(0).shape())));
  }

  private static Optional<List<Tensor>> shape(Operands in, List<TensorType> outputs) {
    int rank = in.shape(0).rank();
    long start = in.attributes().integer("start", 0);
    int from = (int) Math.max(0, Math.min(rank, start < 0 ? start + rank : start));
    int count = (int) outputs.get(0).elements();
    return Optional.of(List.of(Tensor.ofLongs(in.shape(0).slice(from, from + count).dims())));
  }

  private static Optional<List<Tensor>> constantOfShape(Operands in, List<TensorType> outputs) {
    TensorType type = outputs.get(0);
    Tensor value =
        in.attributes()
            .tensor("value")
            .map(given -> given.reshaped(Shape.SCALAR))
            .orElseGet(() -> Tensor.ofFloats(Shape.SCALAR, 0));
    return Optional.of(List.of(new FilledTensor(type, value)));
  }
}
