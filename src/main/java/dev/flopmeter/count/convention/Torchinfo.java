package dev.flopmeter.count.convention;

import static dev.flopmeter.count.convention.Price.times;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** torchinfo 1.8: sizes of parameters, multiplied by how often a layer uses them. */
final class Torchinfo {
  private Torchinfo() {}

  static ToolConvention multiplyAdds() {
    Map<String, Price> prices = new HashMap<>();
    for (String layer : List.of("Conv1d", "Conv2d", "Conv3d", "Linear")) {
      prices.put(layer, Price.BIASED_MACS);
    }
    Price transposed =
        Price.of(
            "parameters x N x output positions",
            call ->
                times(
                    call.parameters(),
                    times(call.batch(), call.out() / Math.max(1, call.batch() * channels(call)))));
    for (String layer : List.of("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")) {
      prices.put(layer, transposed);
    }
    Price once = Price.of("N x parameters", call -> times(call.batch(), call.parameters()));
    for (String layer :
        List.of(
            "BatchNorm1d",
            "BatchNorm2d",
            "BatchNorm3d",
            "InstanceNorm1d",
            "InstanceNorm2d",
            "InstanceNorm3d",
            "LayerNorm",
            "LayerNorm2d",
            "GroupNorm",
            "RMSNorm",
            "PReLU",
            "Embedding")) {
      prices.put(layer, once);
    }
    Price recurrent =
        Price.of(
            "N x T x parameters",
            call ->
                times(
                    times(call.operands().shape(0).dim(0), call.operands().shape(0).dim(1)),
                    call.parameters()));
    for (String layer : List.of("RNN", "GRU", "LSTM")) {
      prices.put(layer, recurrent);
    }
    return new ToolConvention(
        "torchinfo",
        "MAC",
        1,
        "torchinfo 1.8",
        ToolConvention.Key.MODULE,
        prices,
        "parameter sizes, not operations: functions, attention and layers without weights count 0");
  }

  private static long channels(dev.flopmeter.count.CountedNode call) {
    return call.operands().output(0).shape().dim(1);
  }
}
