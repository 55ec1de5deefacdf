package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import org.jspecify.annotations.Nullable;

/**
 * What our kernel {@code attention_scores} does to scores, in this order.
 *
 * @param heads of queries
 * @param cap bounds the scores by a hyperbolic tangent; 0 for none
 * @param mask repeated to (batch, head, query, key); keys beyond its last axis are hidden
 * @param isBoolean whether a mask of 0 hides; otherwise the mask is added
 * @param past keys in front of the first query
 * @param before keys that a query sees before itself; negative for all
 * @param behind keys that it sees behind itself, 0 where attention is causal; negative for all
 * @param lengths keys that count, for each batch; the last query stands at the last of them
 */
record ScoreMask(
    long heads,
    double cap,
    @Nullable TensorView mask,
    boolean isBoolean,
    long past,
    long before,
    long behind,
    @Nullable TensorView lengths) {
  boolean isEmpty() {
    return mask == null && lengths == null && cap == 0 && before < 0 && behind < 0;
  }

  /**
   * Changes scores in place.
   *
   * @param scores (batch, heads in one axis or two, query, key), packed
   */
  KernelWork on(TensorView scores) {
    long keys = scores.dim(scores.rank() - 1);
    TensorView wide = mask == null ? null : mask.ofRank(4);
    long[] strides = new long[4];
    for (int i = 0; wide != null && i < 4; i++) {
      strides[i] = wide.dim(i) == 1 && i < 3 ? 0 : wide.stride(i);
    }
    return KernelWork.perElement(
        "attention_scores",
        scores.elements(),
        new Arguments()
            .pointer(scores)
            .pointerOrNull(mask)
            .pointerOrNull(lengths)
            .numbers(scores.elements(), scores.dim(scores.rank() - 2), keys, heads)
            .numbers(strides)
            .numbers(wide == null ? keys : wide.dim(3), past, before, behind)
            .types(scores)
            .integers(
                mask == null ? scores.storage().code() : mask.storage().code(), isBoolean ? 1 : 0)
            .real(cap));
  }
}
