package dev.flopmeter.measure;

import dev.flopmeter.text.Labelled;

/** The comparison of two series of times. */
public enum Change implements Labelled {
  /** The ranges overlap: no difference can be seen. */
  SAME,
  /** Separate, and by more than the threshold: confirmed. */
  SLOWER,
  FASTER,
  /** Separate, but by less than the threshold. */
  AMBIGUOUS,
  /** Only in the base. */
  REMOVED,
  /** Only in the new one. */
  ADDED;

  /**
   * The verdict on two ranges, each from the minimum to the third quartile of a series. Noise only
   * adds time, so the minimum is the steadiest figure, and the tail above the third quartile says
   * nothing about the work.
   *
   * @param threshold the smallest gap between the ranges that counts, as a share of the base's
   *     nearer end
   */
  static Change of(double baseMin, double baseQ3, double newMin, double newQ3, double threshold) {
    if (newMin <= baseQ3 && baseMin <= newQ3) {
      return SAME;
    }
    if (newMin > baseQ3) {
      return newMin > baseQ3 * (1 + threshold) ? SLOWER : AMBIGUOUS;
    }
    return newQ3 < baseMin * (1 - threshold) ? FASTER : AMBIGUOUS;
  }
}
