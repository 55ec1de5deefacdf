package dev.flopmeter.count.convention;

import static dev.flopmeter.count.convention.Price.times;

import dev.flopmeter.count.CountedNode;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** thop: forward hooks on exact module classes; its "FLOPs" are multiply-accumulates. */
final class Thop {
  private Thop() {}

  private static final List<String> BATCH_NORMS =
      List.of("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm");

  /** Version 0.1.1, the rules since June 2022. */
  static ToolConvention current() {
    Map<String, Price> prices = shared();
    for (String conv : List.of("Conv1d", "Conv2d", "Conv3d")) {
      prices.put(conv, Price.MACS);
      prices.put(conv.replace("Conv", "ConvTranspose"), transposed(0));
    }
    Price doubled = Price.normalisation(4, 2);
    for (String norm : BATCH_NORMS) {
      prices.put(norm, doubled);
    }
    for (String norm : List.of("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm")) {
      prices.put(norm, doubled);
    }
    prices.put("PReLU", Price.IN);
    Price adaptive = Price.of("in + out: (window + 1) x out", call -> call.in() + call.out());
    for (String pool : List.of("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d")) {
      prices.put(pool, adaptive);
    }
    return new ToolConvention(
        "thop",
        "MAC",
        1,
        "thop 0.1.1",
        ToolConvention.Key.MODULE,
        prices,
        "MACs with a surcharge: 4 per element of each affine normalisation. Functions and unknown"
            + " modules, such as attention, are silently counted as 0");
  }

  /** Version 0.0.31, the rules from May 2020 to June 2022. */
  static ToolConvention of0031() {
    Map<String, Price> prices = shared();
    for (String conv : List.of("Conv1d", "Conv2d", "Conv3d")) {
      prices.put(conv, Price.BIASED_MACS);
      prices.put(conv.replace("Conv", "ConvTranspose"), transposed(1));
    }
    for (String norm : BATCH_NORMS) {
      prices.put(norm, Price.of("2 x in", call -> times(2, call.in())));
    }
    prices.put("LeakyReLU", Price.IN);
    Price adaptive =
        Price.of("(window, rounded down per axis, + 1) x out", Thop::adaptiveWithWholeWindow);
    for (String pool : List.of("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d")) {
      prices.put(pool, adaptive);
    }
    return new ToolConvention(
        "thop-0.0.31",
        "MAC",
        1,
        "thop 0.0.31.post2005241907",
        ToolConvention.Key.MODULE,
        prices,
        "MACs, the bias of convolutions, and 2 per element of each batch normalisation; LayerNorm"
            + " and attention are silently counted as 0");
  }

  private static Map<String, Price> shared() {
    Map<String, Price> prices = new HashMap<>();
    prices.put("Linear", Price.MACS);
    for (String pool : List.of("AvgPool1d", "AvgPool2d", "AvgPool3d")) {
      prices.put(pool, Price.OUT);
    }
    prices.put(
        "Softmax",
        Price.of(
            "rows x (3 F - 1)",
            call ->
                call.in() == 0 ? 0 : times(call.in() / call.features(), 3 * call.features() - 1)));
    prices.put(
        "Upsample",
        Price.of(
            "1 x out for nearest, 11 x out for bilinear, 259 x out for bicubic", Thop::upsample));
    prices.put("RNN", recurrent("s", 1, 0));
    prices.put("GRU", recurrent("3 s + 4 H", 3, 4));
    prices.put("LSTM", recurrent("4 s + 4 H", 4, 4));
    return prices;
  }

  /** thop multiplies by the output where a transposed convolution runs over the input. */
  private static Price transposed(long bias) {
    return Price.of(
        bias == 0 ? "out x Cin/group x k" : "out x (Cin/group x k + 1 with a bias)",
        call -> {
          Operands in = call.operands();
          Shape weight = in.shape(1);
          long perOutput =
              Sizes.multiply(
                  weight.dim(0) / in.attributes().integer("group", 1),
                  weight.elements(2, weight.rank()));
          return times(call.out(), perOutput + (in.has(2) ? bias : 0));
        });
  }

  private static long adaptiveWithWholeWindow(CountedNode call) {
    Shape in = call.operands().shape(0);
    Shape out = call.operands().output(0).shape();
    long window = 1;
    for (int axis = 2; axis < in.rank(); axis++) {
      window = times(window, in.dim(axis) / Math.max(1, out.dim(axis)));
    }
    return times(window + 1, call.out());
  }

  private static long upsample(CountedNode call) {
    boolean isLine = call.operands().shape(0).rank() == 3;
    return switch (call.operands().attributes().text("mode", "nearest")) {
      case "nearest" -> call.out();
      case "linear" -> times(isLine ? 5 : 11, call.out());
      case "cubic" -> times(259, call.out());
      default -> 0;
    };
  }

  private static Price recurrent(String perStep, long gates, long gateSums) {
    return Price.of(
        "T x N x directions x (" + perStep + "), s = H (I + H) + H, + 2 H with biases",
        call -> {
          Operands in = call.operands();
          long hidden = in.shape(2).dim(2);
          long inputs = in.shape(0).dim(2);
          long sum = times(hidden, inputs + hidden) + hidden + (in.has(3) ? 2 * hidden : 0);
          long steps = Sizes.product(in.shape(0).dim(0), in.shape(0).dim(1), in.shape(2).dim(0));
          return times(steps, gates * sum + gateSums * hidden);
        });
  }
}
