package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * In which order {@code com.microsoft:FusedMatMul} takes the axes of an operand: {@code
 * transBatchA/B} moves the first axis behind the other batch axes, then {@code transA/B} exchanges
 * the last two (ONNX Runtime's ContribOperators.md).
 */
public final class ProductOrder {
  private ProductOrder() {}

  /**
   * The operand's axes in the order of the product.
   *
   * @param operand {@code A} or {@code B}, as the attributes name it
   */
  public static int[] of(Attributes attributes, char operand, int rank) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    if (rank > 2 && attributes.flag("transBatch" + operand, false)) {
      order.add(rank - 2, order.remove(0));
    }
    if (rank > 1 && attributes.flag("trans" + operand, false)) {
      Collections.swap(order, rank - 2, rank - 1);
    }
    return order.stream().mapToInt(axis -> axis).toArray();
  }
}
