package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.List;
import java.util.Map;

/** Layers that carry a state of constant size through a sequence, as ONNX's opset 27 has them. */
final class LinearAttentionKernels {
  private LinearAttentionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("CausalConvWithState", LinearAttentionKernels::causalConv);
    rules.put("LinearAttention", LinearAttentionKernels::linearAttention);
  }

  /** The state is what the kernel still sees of the past: its width less one. */
  private static Kernel causalConv(Operands in) {
    long channels = in.shape(1).dim(0);
    long kept = in.shape(1).dim(2) - 1;
    long length = in.shape(0).dim(2);
    Expression all =
        in.has(3)
            ? call("cat", list(input(3), input(0)), 2)
            : call("constant_pad_nd", input(0), new long[] {kept, 0}, 0);
    Expression y = WindowKernels.convolution(all, input(1), in.has(2) ? input(2) : NONE, channels);
    boolean isPlain = in.attributes().text("activation", "none").equals("none");
    return Kernel.of(isPlain ? y : call("silu", y), call("slice", all, 2, length, length + kept, 1))
        .reportedAs("convolution");
  }

  /**
   * Step by step: the state (keys x values of each head) decays, takes the new pair in, corrected
   * by what it already holds for the key, and is read with the query.
   */
  private static Kernel linearAttention(Operands in) {
    long heads = in.attributes().integer("q_num_heads");
    long shared = in.attributes().integer("kv_num_heads");
    Shape query = in.shape(0);
    long width = query.dim(2) / heads;
    float asked = in.attributes().number("scale", 0);
    float scale = asked == 0 ? (float) (1 / Math.sqrt((double) width)) : asked;
    Expression q = call("mul", LayoutKernels.heads(input(0), query, heads), scale);
    Expression k = LayoutKernels.heads(input(1), in.shape(1), shared);
    Expression v = LayoutKernels.heads(input(2), in.shape(2), shared);
    long[] state = {query.dim(0), shared, width, in.shape(2).dim(2) / shared};
    Expression start = in.has(3) ? input(3) : call("zeros", state, dtype(TorchTypes.FLOAT));
    Loop loop =
        new Loop(
            query.dim(1),
            List.of(start),
            (t, states) -> {
              Expression key = call("unsqueeze", call("select", k, 2, t), 3);
              Expression next = updated(in, shared, states.get(0), key, row(v, t), t);
              Expression read = call("repeat_interleave", next, heads / shared, 1);
              Expression y = call("squeeze", call("matmul", row(q, t), read), 2);
              return new Loop.Trip(List.of(next), List.of(y));
            });
    return Kernel.of(
            LayoutKernels.reshaped(call("stack", loop.rows(0), 1), query.dim(0), query.dim(1), -1),
            loop.state(0))
        .reportedAs("matmul");
  }

  /** The state after a key (as a column) and a value (as a row). */
  private static Expression updated(
      Operands in, long heads, Expression before, Expression key, Expression value, Expression t) {
    Expression state = before;
    if (in.has(4)) {
      Expression decay = call("exp", LayoutKernels.heads(input(4), in.shape(4), heads));
      state = call("mul", state, call("unsqueeze", call("select", decay, 2, t), 3));
    }
    Expression taken = value;
    if (in.has(5)) {
      Expression held = call("matmul", call("transpose", key, 2, 3), state);
      Expression rate = LayoutKernels.heads(input(5), in.shape(5), in.shape(5).dim(2));
      taken = call("mul", row(rate, t), call("sub", value, held));
    }
    return call("add", state, call("matmul", key, taken));
  }

  /** Step {@code t} of each head as a row. */
  private static Expression row(Expression values, Expression t) {
    return call("unsqueeze", call("select", values, 2, t), 2);
  }
}
