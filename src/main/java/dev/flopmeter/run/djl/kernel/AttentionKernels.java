package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;
import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Attention and rotary position embedding, as ONNX defines them since opset 23. */
final class AttentionKernels {
  private AttentionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Attention", AttentionKernels::attention);
    rules.put("RotaryEmbedding", AttentionKernels::rotary);
  }

  /** Sizes of one call, the same for packed (rank 3) and split (rank 4) heads. */
  private record Heads(long batch, long queries, long keyHeads, long queryHeads, long present) {
    static Heads of(Operands in) {
      Shape q = in.shape(0);
      Shape k = in.shape(1);
      boolean packed = q.rank() == 3;
      long past = in.has(4) ? in.shape(4).dim(2) : 0;
      return new Heads(
          q.dim(0),
          q.dim(packed ? 1 : 2),
          packed ? in.attributes().integer("kv_num_heads") : k.dim(1),
          packed ? in.attributes().integer("q_num_heads") : q.dim(1),
          past + k.dim(packed ? 1 : 2));
    }
  }

  /** Scores, softcap, mask, softmax, values: in this order. */
  private static Kernel attention(Operands in) {
    Heads heads = Heads.of(in);
    boolean packed = in.shape(0).rank() == 3;
    List<String> lines = new ArrayList<>();
    lines.add("q = " + split("x0", in.shape(0), heads.queryHeads()));
    lines.add("k = " + split("x1", in.shape(1), heads.keyHeads()));
    lines.add("v = " + split("x2", in.shape(2), heads.keyHeads()));
    if (in.has(4)) {
      lines.add("k = torch.cat([x4, k], 2)");
      lines.add("v = torch.cat([x5, v], 2)");
    }
    lines.add("pk = k");
    lines.add("pv = v");
    long group = heads.queryHeads() / heads.keyHeads();
    if (group > 1) {
      lines.add("k = torch.repeat_interleave(k, " + group + ", 1)");
      lines.add("v = torch.repeat_interleave(v, " + group + ", 1)");
    }
    long width = in.shape(0).dim(-1) / (packed ? heads.queryHeads() : 1);
    String scale = number(in.attributes().number("scale", (float) (1 / Math.sqrt((double) width))));
    float softcap = in.attributes().number("softcap", 0);
    boolean masked = mask(in, heads, lines);
    lines.add("s = k");
    if (softcap == 0 && !in.hasOutput(3)) {
      lines.add(
          "y = torch.scaled_dot_product_attention(q, k, v, "
              + (masked ? "m" : "None")
              + ", 0., False, scale="
              + scale
              + ")");
    } else {
      plainly(in, lines, scale, softcap, masked);
    }
    if (packed) {
      lines.add(
          "y = torch.reshape(torch.transpose(y, 1, 2), "
              + ints(heads.batch(), heads.queries(), -1)
              + ")");
    }
    if (in.outputCount() == 1) {
      lines.add("return y");
      return Kernel.statements(1, lines.toArray(String[]::new));
    }
    lines.add("return (y, pk, pv, s)");
    return Kernel.statements(4, lines.toArray(String[]::new));
  }

  /** Step by step, where the scores are asked for or are capped. */
  private static void plainly(
      Operands in, List<String> lines, String scale, float softcap, boolean masked) {
    long wanted = in.attributes().integer("qk_matmul_output_mode", 0);
    lines.add("a = torch.mul(torch.matmul(q, torch.transpose(k, 2, 3)), " + scale + ")");
    keep(lines, wanted == 0);
    if (softcap != 0) {
      String cap = number(softcap);
      lines.add("a = torch.mul(torch.tanh(torch.div(a, " + cap + ")), " + cap + ")");
    }
    keep(lines, wanted == 1);
    if (masked) {
      lines.add("a = torch.add(a, m)");
    }
    keep(lines, wanted == 2);
    if (masked) { // a query that sees no key gets zeros, not NaN
      lines.add("none = torch.all(torch.eq(a, (-inf)), -1, True)");
      lines.add("a = torch.masked_fill(torch.softmax(a, -1), none, 0.)");
    } else {
      lines.add("a = torch.softmax(a, -1)");
    }
    keep(lines, wanted == 3);
    lines.add("y = torch.matmul(a, v)");
  }

  private static void keep(List<String> lines, boolean wanted) {
    if (wanted) {
      lines.add("s = a");
    }
  }

  /** Leaves the sum of all masks in {@code m}; false if there is none. */
  private static boolean mask(Operands in, Heads heads, List<String> lines) {
    List<String> masks = new ArrayList<>();
    if (in.has(3)) {
      long missing = heads.present() - in.shape(3).dim(-1);
      if (in.type(3).type() == DataType.BOOL) {
        lines.add("b = torch.zeros_like(x3, dtype=" + TorchTypes.FLOAT + ")");
        lines.add("b = torch.masked_fill(b, torch.logical_not(x3), (-inf))");
      } else {
        lines.add("b = x3");
      }
      if (missing > 0) {
        lines.add("b = torch.constant_pad_nd(b, [0, " + missing + "], (-inf))");
      }
      masks.add("b");
    }
    if (distance(in, heads, lines)) {
      masks.add("t");
    }
    if (in.has(6)) {
      lines.add(
          "n = torch.lt(torch.arange(" + heads.present() + "), torch.reshape(x6, [-1, 1, 1, 1]))");
      lines.add(
          "n = torch.masked_fill(torch.zeros_like(n, dtype=6), torch.logical_not(n), (-inf))");
      masks.add("n");
    }
    if (masks.isEmpty()) {
      return false;
    }
    String sum = masks.get(0);
    for (int i = 1; i < masks.size(); i++) {
      sum = "torch.add(" + sum + ", " + masks.get(i) + ")";
    }
    lines.add("m = " + sum);
    return true;
  }

  /**
   * Leaves in {@code t} the mask of keys too far before or behind a query; false if all are near
   * enough. A query stands behind the keys of the past, or at the end of those that count.
   */
  private static boolean distance(Operands in, Heads heads, List<String> lines) {
    long before = in.attributes().integer("left_window_size", -1);
    long behind = in.attributes().integer("right_window_size", -1);
    if (in.attributes().flag("is_causal", false)) {
      behind = 0;
    }
    if (before < 0 && behind < 0) {
      return false;
    }
    String first =
        in.has(6)
            ? "torch.sub(torch.reshape(x6, [-1, 1, 1, 1]), " + heads.queries() + ")"
            : Long.toString(in.has(4) ? in.shape(4).dim(2) : 0);
    lines.add("t = torch.reshape(torch.arange(" + heads.queries() + "), [-1, 1])");
    lines.add("t = torch.sub(torch.arange(" + heads.present() + "), torch.add(t, " + first + "))");
    String far = "torch.gt(t, " + behind + ")";
    String early = "torch.lt(t, -" + before + ")";
    String hidden =
        before < 0 ? far : behind < 0 ? early : "torch.logical_or(" + far + ", " + early + ")";
    lines.add(
        "t = torch.masked_fill(torch.zeros_like(t, dtype="
            + TorchTypes.FLOAT
            + "), "
            + hidden
            + ", (-inf))");
    return true;
  }

  /** batch x tokens x (heads width) as batch x heads x tokens x width. */
  private static String split(String value, Shape shape, long heads) {
    return shape.rank() == 4
        ? value
        : "torch.transpose(torch.reshape("
            + value
            + ", "
            + ints(shape.dim(0), shape.dim(1), heads, -1)
            + "), 1, 2)";
  }

  /** Rotates pairs of the first dimensions of each head: halves, or neighbours if interleaved. */
  private static Kernel rotary(Operands in) {
    Shape shape = in.shape(0);
    boolean packed = shape.rank() == 3;
    long heads = packed ? in.attributes().integer("num_heads") : shape.dim(1);
    long width = packed ? shape.dim(2) / heads : shape.dim(3);
    long asked = in.attributes().integer("rotary_embedding_dim", 0);
    long turned = asked == 0 ? width : asked;
    boolean interleaved = in.attributes().flag("interleaved", false);
    List<String> lines = new ArrayList<>();
    lines.add("x = " + split("x0", shape, heads));
    for (int i = 1; i <= 2; i++) {
      String name = i == 1 ? "c" : "s";
      String rows =
          in.has(3)
              ? "torch.reshape(torch.index_select(x"
                  + i
                  + ", 0, torch.reshape(x3, [-1])), "
                  + ints(in.shape(3).dim(0), in.shape(3).dim(1), turned / 2)
                  + ")"
              : "x" + i;
      lines.add(name + " = torch.unsqueeze(" + rows + ", 1)");
    }
    lines.add("r = torch.narrow(x, 3, 0, " + turned + ")");
    if (interleaved) {
      lines.add("a = torch.slice(r, 3, 0, " + turned + ", 2)");
      lines.add("b = torch.slice(r, 3, 1, " + turned + ", 2)");
    } else {
      lines.add("a = torch.narrow(r, 3, 0, " + turned / 2 + ")");
      lines.add("b = torch.narrow(r, 3, " + turned / 2 + ", " + turned / 2 + ")");
    }
    lines.add("u = torch.sub(torch.mul(c, a), torch.mul(s, b))");
    lines.add("w = torch.add(torch.mul(s, a), torch.mul(c, b))");
    lines.add(
        interleaved
            ? "r = torch.flatten(torch.stack([u, w], 4), 3, 4)"
            : "r = torch.cat([u, w], 3)");
    if (turned < width) {
      lines.add(
          "r = torch.cat([r, torch.narrow(x, 3, " + turned + ", " + (width - turned) + ")], 3)");
    }
    lines.add(
        packed
            ? "return torch.reshape(torch.transpose(r, 1, 2), " + ints(shape.dims()) + ")"
            : "return r");
    return Kernel.statements(1, lines.toArray(String[]::new));
  }
}
