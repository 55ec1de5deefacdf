package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;

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
    int[] order = new int[rank];
    for (int i = 0; i < rank; i++) {
      order[i] = i;
    }
    if (rank > 2 && attributes.flag("transBatch" + operand, false)) {
      for (int i = 0; i < rank - 2; i++) {
        order[i] = i + 1;
      }
      order[rank - 2] = 0;
    }
    if (rank > 1 && attributes.flag("trans" + operand, false)) {
      int last = order[rank - 1];
      order[rank - 1] = order[rank - 2];
      order[rank - 2] = last;
    }
    return order;
  }
}
