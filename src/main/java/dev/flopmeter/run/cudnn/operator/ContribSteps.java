package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Activations, normalisations and embeddings that ONNX Runtime's optimiser writes, of the domain
 * {@code com.microsoft} (rules: ONNX Runtime's ContribOperators.md).
 */
final class ContribSteps {
  private static final String DOMAIN = "com.microsoft:";
  private static final float EPSILON = 1e-12f;

  private ContribSteps() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put(DOMAIN + "Gelu", node -> Pointwise.unary(node, Unary.GELU, 0));
    operators.put(
        DOMAIN + "QuickGelu",
        node -> Pointwise.unary(node, Unary.SWISH, Pointwise.number(node, "alpha", 1.702)));
    operators.put(DOMAIN + "BiasGelu", node -> biased(node, Unary.GELU));
    operators.put(DOMAIN + "FastGelu", node -> biased(node, Unary.GELU_TANH));
    operators.put(DOMAIN + "SkipLayerNormalization", ContribSteps::skipNormalization);
    operators.put(
        DOMAIN + "SkipSimplifiedLayerNormalization", ContribSteps::skipSimplifiedNormalization);
    operators.put(DOMAIN + "EmbedLayerNormalization", ContribSteps::embedding);
  }

  /** Inputs: x, and perhaps a bias of its last axis. */
  private static void biased(NodePlan node, Unary function) {
    if (!node.has(1)) {
      Pointwise.unary(node, function, 0);
      return;
    }
    TensorView x = node.plain(0);
    TensorView bias = node.plain(1);
    TensorView y = node.out(0);
    node.launch(Binary.ADD.work(x, bias, y), function.work(y, y));
  }

  /** Inputs: x, skip, gamma, beta, bias. Outputs: y, mean, inverse deviation, the sum. */
  private static void skipNormalization(NodePlan node) {
    TensorView sum = sum(node, 4);
    TensorView gamma = node.plain(2);
    TensorView beta = node.plainOrNull(3);
    TensorView y = node.out(0);
    TensorView mean = node.outOrNull(1);
    TensorView inverse = node.outOrNull(2);
    node.launch(normalized(node, sum, y, gamma, beta, mean, inverse));
  }

  /** Inputs: x, skip, gamma, bias. Outputs: y, two that nothing fills, the sum. */
  private static void skipSimplifiedNormalization(NodePlan node) {
    if (node.hasOutput(1) || node.hasOutput(2)) {
      throw node.unsupported("the outputs of its statistics");
    }
    TensorView sum = sum(node, 3);
    TensorView gamma = node.plain(2);
    TensorView y = node.out(0);
    node.launch(
        Normalizations.lastAxis(
            Normalizations.ROOT_MEAN_SQUARE, sum, y, gamma, null, epsilon(node), null, null));
  }

  private static KernelWork normalized(
      NodePlan node,
      TensorView x,
      TensorView y,
      TensorView gamma,
      @Nullable TensorView beta,
      @Nullable TensorView mean,
      @Nullable TensorView inverse) {
    return Normalizations.lastAxis(
        Normalizations.MEAN_AND_VARIANCE, x, y, gamma, beta, epsilon(node), mean, inverse);
  }

  private static double epsilon(NodePlan node) {
    return node.attributes().number("epsilon", EPSILON);
  }

  /** x + skip, which is repeated to x's shape, + the bias: in the fourth output if it is asked. */
  private static TensorView sum(NodePlan node, int biasAt) {
    TensorView x = node.plain(0);
    TensorView skip = node.plain(1);
    TensorView sum = node.hasOutput(3) ? node.out(3) : node.scratch("sum", x.shape(), x.storage());
    node.launch(Binary.ADD.work(x, skip, sum));
    if (node.has(biasAt)) {
      node.launch(Binary.ADD.work(sum, node.plain(biasAt), sum));
    }
    return sum;
  }

  /**
   * Inputs: ids, segments, the tables of words, positions and segments, gamma, beta, mask,
   * positions. Outputs: the normalised sum of the embeddings, the tokens of each mask, the sum.
   */
  private static void embedding(NodePlan node) {
    TensorView ids = node.plain(0);
    TensorView words = node.plain(2);
    TensorView positions = node.plain(3);
    Shape shape = node.outputShape(0);
    TensorView sum = node.hasOutput(2) ? node.out(2) : node.scratch("sum", shape, words.storage());
    node.launch(Indexing.gather(words, ids, sum, 0));
    if (node.has(8)) {
      addGathered(node, positions, node.plain(8), sum);
    } else {
      TensorView first = positions.part(0, 0, shape.dim(1));
      node.launch(Binary.ADD.work(sum, first, sum));
    }
    if (node.has(1) && node.has(4)) {
      addGathered(node, node.plain(4), node.plain(1), sum);
    }
    TensorView gamma = node.plain(5);
    TensorView beta = node.plain(6);
    node.launch(normalized(node, sum, node.out(0), gamma, beta, null, null));
    if (node.hasOutput(1)) {
      TensorView lengths = node.out(1);
      node.launch(
          node.has(7) ? Reductions.rowSums(node.plain(7), lengths) : CopyKernels.fill(lengths, 0));
    }
  }

  private static void addGathered(NodePlan node, TensorView table, TensorView at, TensorView sum) {
    TensorView found =
        node.scratch(
            "embedded" + table.block().name(),
            at.shape().concat(Shape.of(table.dim(1))),
            table.storage());
    node.launch(Indexing.gather(table, at, found, 0));
    node.launch(Binary.ADD.work(sum, found, sum));
  }
}
