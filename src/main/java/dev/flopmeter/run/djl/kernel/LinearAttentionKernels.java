package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;
import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.ArrayList;
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
    String activation = in.attributes().text("activation", "none");
    String past =
        in.has(3)
            ? "torch.cat([x3, x0], 2)"
            : "torch.constant_pad_nd(x0, " + ints(kept, 0) + ", 0)";
    String bias = in.has(2) ? "x2" : "None";
    long length = in.shape(0).dim(2);
    return Kernel.statements(
        2,
        "a = " + past,
        "y = torch.convolution(a, x1, " + bias + ", [1], [0], [1], False, [0], " + channels + ")",
        "s = torch.slice(a, 2, " + length + ", " + (length + kept) + ", 1)",
        "return (" + (activation.equals("none") ? "y" : "torch.silu(y)") + ", s)");
  }

  /**
   * Step by step: the state (keys x values of each head) decays, takes the new pair in, corrected
   * by what it already holds for the key, and is read with the query.
   */
  private static Kernel linearAttention(Operands in) {
    long heads = in.attributes().integer("q_num_heads");
    long shared = in.attributes().integer("kv_num_heads");
    Shape query = in.shape(0);
    Shape value = in.shape(2);
    long width = query.dim(2) / heads;
    float scale = in.attributes().number("scale", 0);
    String factor = number(scale == 0 ? (float) (1 / Math.sqrt((double) width)) : scale);
    List<String> lines = new ArrayList<>();
    lines.add("q = torch.mul(" + split("x0", query, heads) + ", " + factor + ")");
    lines.add("k = " + split("x1", in.shape(1), shared));
    lines.add("v = " + split("x2", value, shared));
    lines.add(
        in.has(3)
            ? "s = x3"
            : "s = torch.zeros("
                + ints(query.dim(0), shared, width, value.dim(2) / shared)
                + ", dtype=6)");
    if (in.has(4)) {
      lines.add("g = torch.exp(" + split("x4", in.shape(4), shared) + ")");
    }
    if (in.has(5)) {
      lines.add("b = " + split("x5", in.shape(5), in.shape(5).dim(2)));
    }
    lines.add("ys = annotate(List[Tensor], [])");
    lines.add("for t in range(" + query.dim(1) + "):");
    lines.add("  kt = torch.unsqueeze(torch.select(k, 2, t), 3)");
    lines.add("  vt = torch.unsqueeze(torch.select(v, 2, t), 2)");
    if (in.has(4)) {
      lines.add("  s = torch.mul(s, torch.unsqueeze(torch.select(g, 2, t), 3))");
    }
    if (in.has(5)) {
      lines.add("  held = torch.matmul(torch.transpose(kt, 2, 3), s)");
      lines.add("  bt = torch.unsqueeze(torch.select(b, 2, t), 2)");
      lines.add("  vt = torch.mul(bt, torch.sub(vt, held))");
    }
    lines.add("  s = torch.add(s, torch.matmul(kt, vt))");
    lines.add("  read = torch.repeat_interleave(s, " + heads / shared + ", 1)");
    lines.add("  qt = torch.unsqueeze(torch.select(q, 2, t), 2)");
    lines.add("  ys = torch.add(ys, [torch.squeeze(torch.matmul(qt, read), 2)])");
    lines.add(
        "return (torch.reshape(torch.stack(ys, 1), "
            + ints(query.dim(0), query.dim(1), -1)
            + "), s)");
    return Kernel.statements(2, lines.toArray(String[]::new));
  }

  /** batch x steps x (heads width) as batch x heads x steps x width. */
  private static String split(String value, Shape shape, long heads) {
    return "torch.transpose(torch.reshape("
        + value
        + ", "
        + ints(shape.dim(0), shape.dim(1), heads, -1)
        + "), 1, 2)";
  }
}
