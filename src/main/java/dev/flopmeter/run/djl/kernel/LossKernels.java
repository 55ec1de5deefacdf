package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;

import dev.flopmeter.model.Operands;
import java.util.Map;

/** Losses of classification: inputs are scores (batch x classes x ...), labels, class weights. */
final class LossKernels {
  private LossKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("NegativeLogLikelihoodLoss", in -> Kernel.of(loss(in, input(0))));
    rules.put(
        "SoftmaxCrossEntropyLoss",
        in -> {
          Expression logarithms = call("log_softmax", input(0), 1);
          Expression loss = loss(in, logarithms);
          return in.hasOutput(1) ? Kernel.of(loss, logarithms) : Kernel.of(loss);
        });
  }

  /** The mean is weighted; ignored labels have the weight 0. */
  private static Expression loss(Operands in, Expression logarithms) {
    Expression labels = input(1).to(ScalarTypes.INT64);
    Expression weights = call("ones_like", labels, dtype(ScalarTypes.FLOAT));
    if (in.attributes().has("ignore_index")) {
      Expression seen = call("ne", labels, in.attributes().integer("ignore_index"));
      labels = call("where", seen, labels, call("zeros_like", labels));
      weights = seen.to(ScalarTypes.FLOAT);
    }
    if (in.has(2)) {
      Expression all = call("index_select", input(2), 0, labels.reshaped(-1));
      weights = weights.times(call("reshape", all, call("size", labels)));
    }
    Expression picked = call("gather", logarithms, 1, labels.unsqueezed(1));
    Expression losses = call("neg", call("squeeze", picked, 1).times(weights));
    return switch (in.attributes().text("reduction", "mean")) {
      case "none" -> losses;
      case "sum" -> call("sum", losses);
      default -> call("sum", losses).over(call("sum", weights));
    };
  }
}
