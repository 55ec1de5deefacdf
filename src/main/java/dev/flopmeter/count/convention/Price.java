package dev.flopmeter.count.convention;

import dev.flopmeter.count.CountedNode;
import java.util.function.ToLongFunction;

/**
 * What one kind of call counts.
 *
 * @param formula the rule in words, for the documentation
 */
record Price(String formula, ToLongFunction<CountedNode> rule) {

  static Price of(String formula, ToLongFunction<CountedNode> rule) {
    return new Price(formula, rule);
  }

  static final Price MACS = of("MACs", CountedNode::macs);
  static final Price BIASED_MACS =
      of("MACs, + out for a bias", call -> call.macs() + call.biasAdditions());
  static final Price DOUBLE_MACS = of("2 x MACs", call -> times(2, call.macs()));
  static final Price IN = of("in", CountedNode::in);
  static final Price OUT = of("out", CountedNode::out);

  /** {@code affine} per input element with a scale, {@code plain} without. */
  static Price normalisation(long affine, long plain) {
    return of(
        affine + " x in with a scale, " + plain + " x in without",
        call -> times(call.isAffine() ? affine : plain, call.in()));
  }

  /** {@code a * b}, refusing to wrap around. */
  static long times(long a, long b) {
    return dev.flopmeter.model.Sizes.multiply(a, b);
  }
}
