package dev.flopmeter.count;

import dev.flopmeter.model.Sizes;

/** Rules of the form "so many operations for each element of the output, or of the input". */
final class PerElement {
  private PerElement() {}

  /** {@code times} operations for each element of the first output. */
  static CostRule ofOutput(long times, String why) {
    return CostRule.described(
        text(times, "out") + ": " + why,
        in -> Work.flops(Sizes.multiply(times, in.output(0).elements())));
  }

  /** {@code times} operations for each element of the first input. */
  static CostRule ofInput(long times, String why) {
    return CostRule.described(
        text(times, "in") + ": " + why,
        in -> Work.flops(Sizes.multiply(times, in.type(0).elements())));
  }

  private static String text(long times, String what) {
    return times == 1 ? what : times + " x " + what;
  }
}
