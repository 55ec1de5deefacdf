package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Operands;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Losses of classification: inputs are scores (batch x classes x ...), labels, class weights. */
final class LossKernels {
  private LossKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("NegativeLogLikelihoodLoss", in -> loss(in, "x0"));
    rules.put("SoftmaxCrossEntropyLoss", in -> loss(in, "torch.log_softmax(x0, 1)"));
  }

  /** The mean is over the weights, and labels to be ignored weigh nothing. */
  private static Kernel loss(Operands in, String logarithms) {
    List<String> lines = new ArrayList<>();
    lines.add("p = " + logarithms);
    lines.add("t = torch.to(x1, 4)");
    lines.add("w = torch.ones_like(t, dtype=" + TorchTypes.FLOAT + ")");
    if (in.attributes().has("ignore_index")) {
      lines.add("seen = torch.ne(t, " + in.attributes().integer("ignore_index") + ")");
      lines.add("t = torch.where(seen, t, torch.zeros_like(t))");
      lines.add("w = torch.to(seen, " + TorchTypes.FLOAT + ")");
    }
    if (in.has(2)) {
      lines.add(
          "w = torch.mul(w, torch.reshape("
              + "torch.index_select(x2, 0, torch.reshape(t, [-1])), torch.size(t)))");
    }
    lines.add(
        "l = torch.neg(torch.mul(torch.squeeze(torch.gather(p, 1, torch.unsqueeze(t, 1)), 1), w))");
    String reduced =
        switch (in.attributes().text("reduction", "mean")) {
          case "none" -> "l";
          case "sum" -> "torch.sum(l)";
          default -> "torch.div(torch.sum(l), torch.sum(w))";
        };
    boolean both = in.node().op().equals("SoftmaxCrossEntropyLoss") && in.hasOutput(1);
    lines.add("return " + (both ? "(" + reduced + ", p)" : reduced));
    return Kernel.statements(both ? 2 : 1, lines.toArray(String[]::new));
  }
}
