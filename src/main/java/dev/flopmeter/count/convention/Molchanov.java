package dev.flopmeter.count.convention;

import static dev.flopmeter.count.convention.Price.times;

import dev.flopmeter.count.CountedNode;
import java.util.Map;

/** The formulas of Molchanov et al. 2016 (arXiv 1611.06440, appendix A.1), quoted in articles. */
final class Molchanov {
  private Molchanov() {}

  static ToolConvention convention() {
    Price conv =
        Price.of(
            "2 H W (Cin/group k + 1) Cout, per sample: a bias everywhere",
            call -> times(2, call.macs() + call.out()));
    Price linear = Price.of("(2 I - 1) O, per row", Molchanov::linear);
    return new ToolConvention(
        "molchanov",
        "FLOP",
        2,
        "arXiv 1611.06440",
        ToolConvention.Key.OPERATOR,
        Map.of("Conv", conv, "Gemm", linear, "MatMul", linear),
        "counts a bias in every convolution, whether there is one or not, and nothing but"
            + " convolutions and fully connected layers");
  }

  private static long linear(CountedNode call) {
    return call.isConstant(1) ? times(2, call.macs()) - call.out() : 0;
  }
}
