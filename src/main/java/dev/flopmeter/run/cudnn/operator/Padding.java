package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.PaddedAxis;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code Pad}: each axis has a table of where its places come from; -1 is the constant. */
final class Padding {
  private Padding() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Pad", Padding::pad);
  }

  private static void pad(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    String mode = node.attributes().text("mode", "constant");
    long[] table =
        LongStream.concat(
                LongStream.generate(() -> 0).limit(Loops.RANK - x.rank()),
                Stream.of(PaddedAxis.of(node.operands()))
                    .flatMapToLong(axis -> LongStream.of(axis.sources(mode))))
            .toArray();
    TensorView places = node.constant("places", table.length, ElementType.I64, i -> table[(int) i]);
    TensorView value = value(node, x.storage());
    node.launch(
        "remap",
        y,
        new Arguments()
            .pointers(x, places)
            .pointerOrNull(value)
            .pointer(y)
            .number(y.elements())
            .integers(x.storage().code(), 0)
            .turns(y.shape().dims())
            .strides(x.strides()));
  }

  private static @Nullable TensorView value(NodePlan node, ElementType storage) {
    boolean isAttribute = node.attributes().has("value");
    Optional<Tensor> constant = node.operands().value(2);
    if (!isAttribute && constant.isEmpty()) {
      return node.plainOrNull(2);
    }
    double value =
        isAttribute ? node.attributes().number("value", 0) : constant.orElseThrow().doubleAt(0);
    return node.constant("value", 1, storage, i -> value);
  }
}
