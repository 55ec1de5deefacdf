package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.TensorView;

/** Views of queries, keys and values by their heads. */
final class Heads {
  private Heads() {}

  /** (batch, tokens, heads x width) as (batch, heads, tokens, width); rank 4 is that already. */
  static TensorView split(TensorView view, long heads) {
    if (view.rank() == 4) {
      return view;
    }
    long width = view.dim(2) / heads;
    return view.as(
        Shape.of(view.dim(0), heads, view.dim(1), width),
        view.stride(0),
        width * view.stride(2),
        view.stride(1),
        view.stride(2));
  }

  /** (batch, heads, ...) as (batch, key heads, heads of a group, ...). */
  static TensorView grouped(TensorView view, long keyHeads) {
    long group = view.dim(1) / keyHeads;
    return view.as(
        Shape.of(view.dim(0), keyHeads, group, view.dim(2), view.dim(3)),
        view.stride(0),
        group * view.stride(1),
        view.stride(1),
        view.stride(2),
        view.stride(3));
  }

  /** (batch, heads, tokens, width) with an axis of 1 for the heads of queries that share it. */
  static TensorView shared(TensorView view) {
    return view.as(
        Shape.of(view.dim(0), view.dim(1), 1, view.dim(2), view.dim(3)),
        view.stride(0),
        view.stride(1),
        0,
        view.stride(2),
        view.stride(3));
  }
}
