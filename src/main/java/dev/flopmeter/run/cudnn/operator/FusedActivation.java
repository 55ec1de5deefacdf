package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import java.util.Map;

/**
 * The activation that ONNX Runtime has fused to a convolution or product (attributes {@code
 * activation}, {@code activation_params}), in place on its result. A rectifier is not here: cuDNN
 * fuses it ({@link NodePlan#isRectified}).
 */
final class FusedActivation {
  /** The kernel reads of the parameters what its function has. */
  private static final Map<String, Unary> KINDS =
      Map.of(
          "Sigmoid", Unary.SIGMOID,
          "Tanh", Unary.TANH,
          "LeakyRelu", Unary.LEAKY_RELU,
          "Clip", Unary.CLIP,
          "HardSigmoid", Unary.HARD_SIGMOID,
          "Elu", Unary.ELU,
          "Softplus", Unary.SOFTPLUS,
          "ThresholdedRelu", Unary.THRESHOLDED_RELU);

  private FusedActivation() {}

  /** Launches what is to be done on {@code y}, which is contiguous. */
  static void launch(NodePlan node, TensorView y) {
    Attributes attributes = node.attributes();
    float[] given = attributes.numbers("activation_params").orElse(new float[0]);
    double a = given.length > 0 ? given[0] : attributes.number("activation_alpha", 0.01f);
    double b = given.length > 1 ? given[1] : attributes.number("activation_beta", 0);
    String name = attributes.text("activation", "");
    if (name.isEmpty() || name.equals("Relu")) {
      return;
    }
    Unary kind = KINDS.get(name);
    if (kind == null) {
      throw node.unsupported("activation '" + name + "'");
    }
    node.launch(kind.work(y, y, a, b));
  }
}
