package dev.flopmeter.count;

import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;

/** The lengths of a batch of padded sequences. */
final class SequenceLengths {
  private SequenceLengths() {}

  /** The steps of all sequences together, none of them longer than {@code longest}. */
  static long sum(Tensor lengths, long longest) {
    long sum = 0;
    for (long i = 0; i < lengths.elements(); i++) {
      sum = Sizes.add(sum, Math.min(longest, Math.max(0, lengths.longAt(i))));
    }
    return sum;
  }
}
