package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.List;
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
    operators.put(DOMAIN + "Gelu", node -> Pointwise.unary(node, Unary.Kind.GELU, 0));
    operators.put(
        DOMAIN + "QuickGelu",
        node -> Pointwise.unary(node, Unary.Kind.SWISH, Pointwise.number(node, "alpha", 1.702)));
    operators.put(DOMAIN + "BiasGelu", node -> biased(node, Unary.Kind.GELU));
    operators.put(DOMAIN + "FastGelu", node -> biased(node, Unary.Kind.GELU_TANH));
    operators.put(DOMAIN + "SkipLayerNormalization", ContribSteps::skipNormalization);
    operators.put(
        DOMAIN + "SkipSimplifiedLayerNormalization", ContribSteps::skipSimplifiedNormalization);
    operators.put(DOMAIN + "EmbedLayerNormalization", ContribSteps::embedding);
  }

  /** Inputs: x, and perhaps a bias of its last axis. */
  private static void biased(NodePlan node, Unary.Kind function) {
    if (!node.has(1)) {
      Pointwise.unary(node, function, 0);
      return;
    }
    TensorView x = node.plain(0);
    TensorView bias = node.plain(1);
    TensorView y = node.out(0);
    node.emit(
        List.of(x, bias),
        List.of(y),
        Binary.work(Binary.Kind.ADD, x, bias, y),
        Unary.work(function, y, y, 0, 0));
  }

  /** Inputs: x, skip, gamma, beta, bias. Outputs: y, mean, inverse deviation, the sum. */
  private static void skipNormalization(NodePlan node) {
    List<TensorView> reads = new ArrayList<>();
    List<TensorView> writes = new ArrayList<>();
    List<Work> works = new ArrayList<>();
    TensorView sum = sum(node, 4, reads, writes, works);
    TensorView gamma = read(node, 2, reads);
    TensorView beta = node.has(3) ? read(node, 3, reads) : null;
    TensorView y = written(node, 0, writes);
    TensorView mean = node.hasOutput(1) ? written(node, 1, writes) : null;
    TensorView inverse = node.hasOutput(2) ? written(node, 2, writes) : null;
    works.add(normalized(node, sum, y, gamma, beta, mean, inverse));
    node.emit(reads, writes, works);
  }

  /** Inputs: x, skip, gamma, bias. Outputs: y, two that nothing fills, the sum. */
  private static void skipSimplifiedNormalization(NodePlan node) {
    if (node.hasOutput(1) || node.hasOutput(2)) {
      throw node.unsupported("the outputs of its statistics");
    }
    List<TensorView> reads = new ArrayList<>();
    List<TensorView> writes = new ArrayList<>();
    List<Work> works = new ArrayList<>();
    TensorView sum = sum(node, 3, reads, writes, works);
    TensorView gamma = read(node, 2, reads);
    TensorView y = written(node, 0, writes);
    works.add(
        Normalizations.lastAxis(
            Normalizations.ROOT_MEAN_SQUARE, sum, y, gamma, null, epsilon(node), null, null));
    node.emit(reads, writes, works);
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
  private static TensorView sum(
      NodePlan node,
      int biasAt,
      List<TensorView> reads,
      List<TensorView> writes,
      List<Work> works) {
    TensorView x = read(node, 0, reads);
    TensorView skip = read(node, 1, reads);
    TensorView sum = node.hasOutput(3) ? node.out(3) : node.scratch("sum", x.shape(), x.storage());
    writes.add(sum);
    works.add(Binary.work(Binary.Kind.ADD, x, skip, sum));
    if (node.has(biasAt)) {
      works.add(Binary.work(Binary.Kind.ADD, sum, read(node, biasAt, reads), sum));
    }
    return sum;
  }

  /**
   * Inputs: ids, segments, the tables of words, positions and segments, gamma, beta, mask,
   * positions. Outputs: the normalised sum of the embeddings, the tokens of each mask, the sum.
   */
  private static void embedding(NodePlan node) {
    List<TensorView> reads = new ArrayList<>();
    List<TensorView> writes = new ArrayList<>();
    List<Work> works = new ArrayList<>();
    TensorView ids = read(node, 0, reads);
    TensorView words = read(node, 2, reads);
    TensorView positions = read(node, 3, reads);
    Shape shape = node.outputShape(0);
    TensorView sum = node.hasOutput(2) ? node.out(2) : node.scratch("sum", shape, words.storage());
    writes.add(sum);
    works.add(Indexing.gather(words, ids, sum, 0));
    if (node.has(8)) {
      addGathered(node, positions, read(node, 8, reads), sum, writes, works);
    } else {
      TensorView first = positions.part(0, 0, shape.dim(1));
      works.add(Binary.work(Binary.Kind.ADD, sum, first, sum));
    }
    if (node.has(1) && node.has(4)) {
      addGathered(node, read(node, 4, reads), read(node, 1, reads), sum, writes, works);
    }
    TensorView gamma = read(node, 5, reads);
    TensorView beta = read(node, 6, reads);
    works.add(normalized(node, sum, written(node, 0, writes), gamma, beta, null, null));
    if (node.hasOutput(1)) {
      TensorView lengths = written(node, 1, writes);
      works.add(
          node.has(7)
              ? Reductions.rowSums(read(node, 7, reads), lengths)
              : CopyKernels.fill(lengths, 0));
    }
    node.emit(reads, writes, works);
  }

  private static void addGathered(
      NodePlan node,
      TensorView table,
      TensorView at,
      TensorView sum,
      List<TensorView> writes,
      List<Work> works) {
    TensorView found =
        node.scratch(
            "embedded" + works.size(), at.shape().concat(Shape.of(table.dim(1))), table.storage());
    writes.add(found);
    works.add(Indexing.gather(table, at, found, 0));
    works.add(Binary.work(Binary.Kind.ADD, sum, found, sum));
  }

  private static TensorView read(NodePlan node, int input, List<TensorView> reads) {
    TensorView view = node.plain(input);
    reads.add(view);
    return view;
  }

  private static TensorView written(NodePlan node, int output, List<TensorView> writes) {
    TensorView view = node.out(output);
    writes.add(view);
    return view;
  }
}
