package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.constant;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.decompose.PackedWeights;
import dev.flopmeter.model.shape.ProductOrder;
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
    rules.put(DOMAIN + "MatMulNBits", ContribKernels::byBlocks);
    rules.put(DOMAIN + "SkipLayerNormalization", ContribKernels::skipNorm);
    rules.put(DOMAIN + "SkipSimplifiedLayerNormalization", ContribKernels::skipRmsNorm);
    rules.put(DOMAIN + "EmbedLayerNormalization", ContribKernels::embedNorm);
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

  /**
   * A product with weights that are unpacked when it is loaded. Where the model allows it, the
   * input is rounded to 8 bits in blocks, as ONNX Runtime does on the CPU.
   */
  private static Kernel byBlocks(Operands in) {
    boolean isRounded = in.attributes().integer("accuracy_level", 0) == 4 && !in.has(4);
    Expression x = isRounded ? roundedInBlocks(in) : input(0);
    Expression y = call("matmul", x, constant(PackedWeights.ofBlocks(in)));
    return Kernel.of(in.has(5) ? call("add", y, input(5)) : y).reportedAs("matmul");
  }

  private static Expression roundedInBlocks(Operands in) {
    Shape shape = in.shape(0);
    long block = in.attributes().integer("block_size");
    long length = shape.dim(-1);
    long more = (block - length % block) % block;
    Expression padded = call("constant_pad_nd", input(0), new long[] {0, more}, 0);
    Expression blocks = LayoutKernels.reshaped(padded, -1, (length + more) / block, block);
    Expression largest = call("amax", call("abs", blocks), new long[] {-1}, true);
    Expression scale = call("clamp_min", call("div", largest, 127), Float.MIN_NORMAL);
    Expression rounded = call("mul", call("round", call("div", blocks, scale)), scale);
    Expression rows =
        LayoutKernels.reshaped(rounded, shape.with(shape.rank() - 1, length + more).dims());
    return call("narrow", rows, -1, 0, length);
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
}
