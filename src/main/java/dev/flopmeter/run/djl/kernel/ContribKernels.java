package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;
import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.ProductOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The operators that ONNX Runtime's optimiser writes, of the domain {@code com.microsoft}. */
final class ContribKernels {
  private static final String DOMAIN = "com.microsoft:";

  private ContribKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put(DOMAIN + "FusedConv", ContribKernels::fusedConv);
    rules.put(DOMAIN + "FusedGemm", in -> Kernel.of(activated(in, MatrixKernels.gemm(in))));
    rules.put(DOMAIN + "FusedMatMul", ContribKernels::fusedMatMul);
    rules.put(DOMAIN + "SkipLayerNormalization", in -> skipNorm(in, true));
    rules.put(DOMAIN + "SkipSimplifiedLayerNormalization", in -> skipNorm(in, false));
    rules.put(DOMAIN + "EmbedLayerNormalization", ContribKernels::embedNorm);
    rules.put(DOMAIN + "Attention", ContribKernels::attention);
  }

  private static Kernel fusedConv(Operands in) {
    String result = WindowKernels.convolution(in, "x0", "x1", in.has(2) ? "x2" : "None");
    if (in.has(3)) {
      result = "torch.add(" + result + ", x3)";
    }
    return Kernel.of(activated(in, result));
  }

  private static String activated(Operands in, String value) {
    Attributes attributes = in.attributes();
    float[] given = attributes.numbers("activation_params").orElse(new float[0]);
    float alpha = given.length > 0 ? given[0] : attributes.number("activation_alpha", 0.01f);
    float beta = given.length > 1 ? given[1] : attributes.number("activation_beta", 0);
    String name = attributes.text("activation", "");
    return switch (name) {
      case "" -> value;
      case "Relu" -> "torch.relu(" + value + ")";
      case "Sigmoid" -> "torch.sigmoid(" + value + ")";
      case "Tanh" -> "torch.tanh(" + value + ")";
      case "LeakyRelu" -> "torch.leaky_relu(" + value + ", " + number(alpha) + ")";
      case "Clip" -> "torch.clamp(" + value + ", " + number(alpha) + ", " + number(beta) + ")";
      case "HardSigmoid" ->
          "torch.clamp(torch.add(torch.mul("
              + value
              + ", "
              + number(alpha)
              + "), "
              + number(beta)
              + "), 0, 1)";
      case "Elu" -> "torch.elu(" + value + ", " + number(alpha) + ")";
      case "Softplus" -> "torch.softplus(" + value + ")";
      case "ThresholdedRelu" -> "torch.threshold(" + value + ", " + number(alpha) + ", 0)";
      default -> throw Kernels.unsupported(in, "activation '" + name + "'");
    };
  }

  private static Kernel fusedMatMul(Operands in) {
    Attributes attributes = in.attributes();
    String a = ordered("x0", ProductOrder.of(attributes, 'A', in.shape(0).rank()));
    String b = ordered("x1", ProductOrder.of(attributes, 'B', in.shape(1).rank()));
    return Kernel.of(
        "torch.mul(torch.matmul("
            + a
            + ", "
            + b
            + "), "
            + number(attributes.number("alpha", 1))
            + ")");
  }

  private static String ordered(String value, int[] order) {
    boolean isAsIs = IntStream.range(0, order.length).allMatch(i -> order[i] == i);
    return isAsIs ? value : "torch.permute(" + value + ", " + Arrays.toString(order) + ")";
  }

  /** Inputs: input, skip, gamma, then beta and bias, or bias alone in the simplified form. */
  private static Kernel skipNorm(Operands in, boolean centred) {
    int biasAt = centred ? 4 : 3;
    String epsilon = number(in.attributes().number("epsilon", 1e-12f));
    long width = in.shape(0).dim(-1);
    List<String> lines = new ArrayList<>();
    lines.add("s = torch.add(x0, x1)");
    if (in.has(biasAt)) {
      lines.add("s = torch.add(s, x" + biasAt + ")");
    }
    if (centred) {
      lines.add(
          "y, m, v = torch.native_layer_norm(s, ["
              + width
              + "], x2, "
              + (in.has(3) ? "x3" : "None")
              + ", "
              + epsilon
              + ")");
    } else {
      lines.add(
          "v = torch.rsqrt(torch.add(torch.mean(torch.mul(s, s), [-1], True), " + epsilon + "))");
      lines.add("m = v");
      lines.add("y = torch.mul(torch.mul(s, v), x2)");
    }
    if (in.outputCount() == 1) {
      lines.add("return y");
      return Kernel.statements(1, lines.toArray(String[]::new));
    }
    lines.add("return (y, m, v, s)");
    return Kernel.statements(4, lines.toArray(String[]::new));
  }

  /** Inputs: ids, segments, word, position and segment tables, gamma, beta, mask, positions. */
  private static Kernel embedNorm(Operands in) {
    long tokens = in.shape(0).dim(1);
    List<String> lines = new ArrayList<>();
    lines.add("s = torch.embedding(x2, torch.to(x0, 4))");
    lines.add(
        in.has(8)
            ? "s = torch.add(s, torch.embedding(x3, torch.to(x8, 4)))"
            : "s = torch.add(s, torch.narrow(x3, 0, 0, " + tokens + "))");
    if (in.has(1) && in.has(4)) {
      lines.add("s = torch.add(s, torch.embedding(x4, torch.to(x1, 4)))");
    }
    lines.add(
        "y = torch.layer_norm(s, ["
            + in.shape(2).dim(1)
            + "], x5, x6, "
            + number(in.attributes().number("epsilon", 1e-12f))
            + ", False)");
    lines.add(
        in.has(7)
            ? "n = torch.to(torch.sum(x7, [1]), 3)"
            : "n = torch.zeros([" + in.shape(0).dim(0) + "], dtype=3)");
    lines.add("return (y, n, s)");
    return Kernel.statements(3, lines.toArray(String[]::new));
  }

  /**
   * One product gives queries, keys and values; a mask of lengths or of tokens hides keys. The past
   * and the present are keys, then values.
   */
  private static Kernel attention(Operands in) {
    Shape shape = in.shape(0);
    long heads = in.attributes().integer("num_heads");
    long width = in.shape(1).dim(1) / 3;
    long[] sizes = in.attributes().integers("qkv_hidden_sizes", width, width, width);
    float scale = in.attributes().number("scale", 0);
    String factor = number(scale == 0 ? (float) (1 / Math.sqrt((double) sizes[0] / heads)) : scale);
    List<String> lines = new ArrayList<>();
    lines.add("a = torch.matmul(x0, x1)");
    if (in.has(2)) {
      lines.add("a = torch.add(a, x2)");
    }
    lines.add("q, k, v = torch.split_with_sizes(a, " + ints(sizes) + ", 2)");
    for (String name : List.of("q", "k", "v")) {
      lines.add(
          name
              + " = torch.transpose(torch.reshape("
              + name
              + ", "
              + ints(shape.dim(0), shape.dim(1), heads, -1)
              + "), 1, 2)");
    }
    if (in.has(4)) {
      lines.add("k = torch.cat([torch.select(x4, 0, 0), k], 2)");
      lines.add("v = torch.cat([torch.select(x4, 0, 1), v], 2)");
    }
    List<String> masks = masks(in, shape.dim(1), lines);
    String mask = masks.isEmpty() ? "None" : masks.get(0);
    for (int i = 1; i < masks.size(); i++) {
      mask = "torch.add(" + mask + ", " + masks.get(i) + ")";
    }
    lines.add(
        "y = torch.scaled_dot_product_attention(q, k, v, "
            + mask
            + ", 0., False, scale="
            + factor
            + ")");
    lines.add(
        "y = torch.reshape(torch.transpose(y, 1, 2), "
            + ints(shape.dim(0), shape.dim(1), sizes[2])
            + ")");
    boolean keeps = in.hasOutput(1);
    lines.add(keeps ? "return (y, torch.stack([k, v]))" : "return y");
    return Kernel.statements(keeps ? 2 : 1, lines.toArray(String[]::new));
  }

  /** What is added to the scores of {@code tokens} queries on these and the past's keys. */
  private static List<String> masks(Operands in, long tokens, List<String> lines) {
    String hidden = number(in.attributes().number("mask_filter_value", -10000));
    long past = in.has(4) ? in.shape(4).dim(3) : 0;
    long keys = tokens + past;
    List<String> masks = new ArrayList<>();
    if (in.has(3)) {
      Shape mask = in.shape(3);
      String seen =
          switch (mask.rank()) {
            case 1 -> byLength(in.shape(0).dim(0), mask.dim(0), keys);
            case 2 -> "torch.reshape(torch.gt(x3, 0), " + ints(mask.dim(0), 1, 1, keys) + ")";
            case 3 -> "torch.unsqueeze(torch.gt(x3, 0), 1)";
            default -> throw Kernels.unsupported(in, "a mask of rank " + mask.rank());
          };
      lines.add("b = " + seen);
      lines.add("b = torch.mul(torch.to(torch.logical_not(b), 6), " + hidden + ")");
      masks.add("b");
    }
    if (in.has(5)) {
      masks.add("x5");
    }
    if (in.attributes().flag("unidirectional", false)) {
      lines.add(
          "t = torch.triu(torch.full("
              + ints(tokens, keys)
              + ", "
              + hidden
              + "), "
              + (past + 1)
              + ")");
      masks.add("t");
    }
    return masks;
  }

  /** One end for each batch; then, in a mask twice as long, one start for each. */
  private static String byLength(long batch, long given, long keys) {
    String at = "torch.arange(" + keys + ")";
    String before =
        "torch.lt(" + at + ", torch.reshape(torch.narrow(x3, 0, 0, " + batch + "), [-1, 1, 1, 1]))";
    return given < 2 * batch
        ? before
        : "torch.logical_and("
            + before
            + ", torch.ge("
            + at
            + ", torch.reshape(torch.narrow(x3, 0, "
            + batch
            + ", "
            + batch
            + "), [-1, 1, 1, 1])))";
  }
}
