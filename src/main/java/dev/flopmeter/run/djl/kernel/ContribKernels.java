package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.ProductOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** The operators that ONNX Runtime's optimiser writes, of the domain {@code com.microsoft}. */
final class ContribKernels {
  private static final String DOMAIN = "com.microsoft:";

  private ContribKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put(DOMAIN + "FusedConv", ContribKernels::fusedConv);
    rules.put(DOMAIN + "FusedGemm", in -> Kernel.of(activated(in, MatrixKernels.gemm(in))));
    rules.put(DOMAIN + "FusedMatMul", ContribKernels::fusedMatMul);
    rules.put(DOMAIN + "SkipLayerNormalization", ContribKernels::skipNorm);
    rules.put(DOMAIN + "SkipSimplifiedLayerNormalization", ContribKernels::skipRmsNorm);
    rules.put(DOMAIN + "EmbedLayerNormalization", ContribKernels::embedNorm);
    rules.put(DOMAIN + "Attention", ContribKernels::attention);
  }

  private static Kernel fusedConv(Operands in) {
    Expression convolution = WindowKernels.convolution(in);
    return Kernel.of(activated(in, in.has(3) ? call("add", convolution, input(3)) : convolution))
        .reportedAs("convolution");
  }

  private static Expression activated(Operands in, Expression value) {
    Attributes attributes = in.attributes();
    float[] given = attributes.numbers("activation_params").orElse(new float[0]);
    float alpha = given.length > 0 ? given[0] : attributes.number("activation_alpha", 0.01f);
    float beta = given.length > 1 ? given[1] : attributes.number("activation_beta", 0);
    String name = attributes.text("activation", "");
    return switch (name) {
      case "" -> value;
      case "Relu" -> call("relu", value);
      case "Sigmoid" -> call("sigmoid", value);
      case "Tanh" -> call("tanh", value);
      case "LeakyRelu" -> call("leaky_relu", value, alpha);
      case "Clip" -> call("clamp", value, alpha, beta);
      case "HardSigmoid" -> UnaryKernels.hardSigmoid(value, alpha, beta);
      case "Elu" -> call("elu", value, alpha);
      case "Softplus" -> call("softplus", value);
      case "ThresholdedRelu" -> call("threshold", value, alpha, 0);
      default -> throw Kernels.unsupported(in, "activation '" + name + "'");
    };
  }

  private static Kernel fusedMatMul(Operands in) {
    Attributes attributes = in.attributes();
    Expression a = ordered(input(0), ProductOrder.of(attributes, 'A', in.shape(0).rank()));
    Expression b = ordered(input(1), ProductOrder.of(attributes, 'B', in.shape(1).rank()));
    return Kernel.of(call("mul", call("matmul", a, b), attributes.number("alpha", 1)))
        .reportedAs("matmul");
  }

  private static Expression ordered(Expression value, int[] order) {
    boolean isAsIs = IntStream.range(0, order.length).allMatch(i -> order[i] == i);
    return isAsIs ? value : call("permute", value, IntStream.of(order).asLongStream().toArray());
  }

  private static float epsilon(Operands in) {
    return in.attributes().number("epsilon", 1e-12f);
  }

  /** Inputs: input, skip, gamma, beta, bias. */
  private static Kernel skipNorm(Operands in) {
    Expression sum = sum(in, 4);
    long[] width = {in.shape(0).dim(-1)};
    Expression beta = in.has(3) ? input(3) : NONE;
    List<Expression> results =
        parts(3, call("native_layer_norm", sum, width, input(2), beta, epsilon(in)));
    return withSum(in, results, sum).reportedAs("native_layer_norm");
  }

  /** Inputs: input, skip, gamma, bias. */
  private static Kernel skipRmsNorm(Operands in) {
    Expression sum = sum(in, 3);
    Expression factor = NormKernels.inverseRoot(sum, new long[] {-1}, epsilon(in));
    Expression y = call("mul", call("mul", sum, factor), input(2));
    return withSum(in, List.of(y, factor, factor), sum);
  }

  private static Expression sum(Operands in, int bias) {
    Expression sum = call("add", input(0), input(1));
    return in.has(bias) ? call("add", sum, input(bias)) : sum;
  }

  private static Kernel withSum(Operands in, List<Expression> results, Expression sum) {
    return in.outputCount() == 1
        ? Kernel.of(results.get(0))
        : Kernel.of(results.get(0), results.get(1), results.get(2), sum);
  }

  /** Inputs: ids, segments, word, position and segment tables, gamma, beta, mask, positions. */
  private static Kernel embedNorm(Operands in) {
    Expression positions =
        in.has(8) ? embedding(3, 8) : call("narrow", input(3), 0, 0, in.shape(0).dim(1));
    Expression sum = call("add", embedding(2, 0), positions);
    if (in.has(1) && in.has(4)) {
      sum = call("add", sum, embedding(4, 1));
    }
    long[] width = {in.shape(2).dim(1)};
    Expression y = call("layer_norm", sum, width, input(5), input(6), epsilon(in), false);
    Expression lengths =
        in.has(7)
            ? call("to", call("sum", input(7), new long[] {1}), TorchTypes.INT32)
            : call("zeros", new long[] {in.shape(0).dim(0)}, dtype(TorchTypes.INT32));
    return Kernel.of(y, lengths, sum);
  }

  private static Expression embedding(int table, int indices) {
    return call("embedding", input(table), call("to", input(indices), TorchTypes.INT64));
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
    float asked = in.attributes().number("scale", 0);
    float scale = asked == 0 ? (float) (1 / Math.sqrt((double) sizes[0] / heads)) : asked;
    Expression product = call("matmul", input(0), input(1));
    Expression all = in.has(2) ? call("add", product, input(2)) : product;
    List<Expression> split =
        parts(3, call("split_with_sizes", all, sizes, 2)).stream()
            .map(each -> LayoutKernels.heads(each, shape, heads))
            .toList();
    Expression keys = withPast(in, 0, split.get(1));
    Expression values = withPast(in, 1, split.get(2));
    Expression y =
        LayoutKernels.joinedHeads(
            FusedProducts.attention(
                split.get(0), keys, values, mask(in, shape.dim(1)).orElse(NONE), scale),
            shape.dim(0),
            shape.dim(1));
    Kernel kernel =
        in.hasOutput(1) ? Kernel.of(y, call("stack", list(keys, values))) : Kernel.of(y);
    return kernel.reportedAs("scaled_dot_product_attention");
  }

  private static Expression withPast(Operands in, int half, Expression now) {
    return in.has(4) ? call("cat", list(call("select", input(4), 0, half), now), 2) : now;
  }

  /** What is added to the scores of {@code tokens} queries on these and the past's keys. */
  private static Optional<Expression> mask(Operands in, long tokens) {
    float hidden = in.attributes().number("mask_filter_value", -10000);
    long past = in.has(4) ? in.shape(4).dim(3) : 0;
    long keys = tokens + past;
    List<Expression> masks = new ArrayList<>();
    if (in.has(3)) {
      Expression unseen = call("to", call("logical_not", seen(in, keys)), TorchTypes.FLOAT);
      masks.add(call("mul", unseen, hidden));
    }
    if (in.has(5)) {
      masks.add(input(5));
    }
    if (in.attributes().flag("unidirectional", false)) {
      masks.add(call("triu", call("full", new long[] {tokens, keys}, -Float.MAX_VALUE), past + 1));
    }
    return masks.stream().reduce((a, b) -> call("add", a, b));
  }

  /** Which keys the mask shows: by length, one flag a key, or one a query and key. */
  private static Expression seen(Operands in, long keys) {
    Shape mask = in.shape(3);
    return switch (mask.rank()) {
      case 1 -> seenByLength(in.shape(0).dim(0), mask.dim(0), keys);
      case 2 -> LayoutKernels.reshaped(call("gt", input(3), 0), mask.dim(0), 1, 1, keys);
      case 3 -> call("unsqueeze", call("gt", input(3), 0), 1);
      default -> throw Kernels.unsupported(in, "a mask of rank " + mask.rank());
    };
  }

  /** One end for each batch; then, in a mask twice as long, one start for each. */
  private static Expression seenByLength(long batch, long given, long keys) {
    Expression key = call("arange", keys);
    Expression end = call("narrow", input(3), 0, 0, batch);
    Expression before = call("lt", key, LayoutKernels.alongAxis(end, 4, 0));
    if (given < 2 * batch) {
      return before;
    }
    Expression start = call("narrow", input(3), 0, batch, batch);
    return call("logical_and", before, call("ge", key, LayoutKernels.alongAxis(start, 4, 0)));
  }
}
