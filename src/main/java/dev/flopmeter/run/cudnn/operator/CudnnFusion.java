package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.fuse.Fused;
import dev.flopmeter.run.fuse.Fused.Attention;
import dev.flopmeter.run.fuse.Fused.Chain;
import dev.flopmeter.run.fuse.Fused.Single;
import dev.flopmeter.run.fuse.Fuser;
import java.util.List;

/**
 * What cuDNN runs as one step: a convolution with all that may follow it, a product by constant
 * weights with bias and rectifier, and in 16-bit types an attention.
 */
record CudnnFusion(GraphScope scope, QuantizedValues quantized, ElementType floats) {
  /** The graph's steps in an order in which they can run. */
  static List<Fused> steps(Graph graph, RunOptions options) {
    if (!options.fuse()) {
      return graph.nodes().stream().<Fused>map(Single::new).toList();
    }
    GraphScope scope = GraphScope.of(graph);
    GraphLinks links = new GraphLinks(graph);
    QuantizedValues quantized = new QuantizedValues(graph, links);
    CudnnFusion fusion = new CudnnFusion(scope, quantized, ElementType.of(options.precision()));
    return Fuser.steps(scope, links, fusion::takes);
  }

  private boolean takes(Fused candidate) {
    if (!(candidate instanceof Chain chain)) {
      return candidate instanceof Attention && floats != ElementType.F32;
    }
    Node activation = chain.activation() == null ? null : chain.activation().main();
    boolean isRectified = activation != null && activation.qualifiedOp().equals("Relu");
    if (chain.factor() != null || (activation != null && !isRectified)) {
      return false;
    }
    boolean isAlone = chain.nodes().size() == 1;
    if (chain.isQuantised()) {
      return quantized.takes(chain);
    }
    if (isAlone && quantized.product(chain.main()).isPresent()) {
      return true; // to be offered with what dequantises its inputs
    }
    Operands in = scope.operands(chain.main());
    boolean hasConstants = in.value(1).isPresent() && (!in.has(2) || in.value(2).isPresent());
    return switch (chain.main().qualifiedOp()) {
      case "Conv" ->
          hasConstants
              && (chain.residual() == null || scope.constant(chain.residual().value()) == null);
      case "Gemm" -> isByWeights(in, chain) && chain.bias() == null && hasConstants;
      case "MatMul" -> isByWeights(in, chain);
      default -> false;
    };
  }

  /** Whether this is a product of data and a matrix of constants, not followed by a sum of data. */
  private static boolean isByWeights(Operands in, Chain chain) {
    return in.value(1).filter(weights -> weights.shape().rank() == 2).isPresent()
        && in.shape(1).elements() > 0
        && in.knownType(0).filter(type -> type.elements() > 0).isPresent()
        && chain.normalisation() == null
        && chain.residual() == null;
  }
}
