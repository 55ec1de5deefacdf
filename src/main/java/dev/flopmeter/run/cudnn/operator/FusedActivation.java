package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;

/**
 * The activation that ONNX Runtime has fused to a convolution or product (attributes {@code
 * activation}, {@code activation_params}), in place on its result. A rectifier is not here: cuDNN
 * fuses it ({@link NodePlan#isRectified}).
 */
final class FusedActivation {
  private FusedActivation() {}

  /** Launches what is to be done on {@code y}, which is contiguous. */
  static void launch(NodePlan node, TensorView y) {
    Attributes attributes = node.attributes();
    float[] given = attributes.numbers("activation_params").orElse(new float[0]);
    double a = given.length > 0 ? given[0] : attributes.number("activation_alpha", 0.01f);
    double b = given.length > 1 ? given[1] : attributes.number("activation_beta", 0);
    String name = attributes.text("activation", "");
    switch (name) {
      case "", "Relu" -> {}
      case "Sigmoid" -> node.launch(Unary.work(Unary.Kind.SIGMOID, y, y, 0, 0));
      case "Tanh" -> node.launch(Unary.work(Unary.Kind.TANH, y, y, 0, 0));
      case "LeakyRelu" -> node.launch(Unary.work(Unary.Kind.LEAKY_RELU, y, y, a, 0));
      case "Clip" -> node.launch(Unary.work(Unary.Kind.CLIP, y, y, a, b));
      case "HardSigmoid" -> node.launch(Unary.work(Unary.Kind.HARD_SIGMOID, y, y, a, b));
      case "Elu" -> node.launch(Unary.work(Unary.Kind.ELU, y, y, a, 0));
      case "Softplus" -> node.launch(Unary.work(Unary.Kind.SOFTPLUS, y, y, 0, 0));
      case "ThresholdedRelu" -> node.launch(Unary.work(Unary.Kind.THRESHOLDED_RELU, y, y, a, 0));
      default -> throw node.unsupported("activation '" + name + "'");
    }
  }
}
