package dev.flopmeter.count.convention;

import static dev.flopmeter.count.convention.Price.times;

import dev.flopmeter.count.CountedNode;
import java.util.HashMap;
import java.util.Map;

/** The tools that see PyTorch functions: fvcore, ptflops, PyTorch's own counter, DeepSpeed. */
final class FunctionConventions {
  private FunctionConventions() {}

  /** fvcore 0.1.6: its "flop" is a MAC. */
  static ToolConvention fvcore() {
    Map<String, Price> prices = products(Price.MACS);
    prices.put("batch_norm", Price.normalisation(2, 1));
    norms(prices);
    prices.put("adaptive_avg_pool", Price.IN);
    prices.put(
        "upsample",
        Price.of(
            "out for nearest, 4 x out for linear",
            call -> isNearest(call) ? call.out() : times(4, call.out())));
    prices.put("grid_sample", Price.of("4 x out", call -> times(4, call.out())));
    return new ToolConvention(
        "fvcore",
        "MAC",
        1,
        "fvcore 0.1.6",
        ToolConvention.Key.FUNCTION,
        prices,
        "MACs and normalisations; scaled_dot_product_attention, activations and other pools count"
            + " 0, some with a warning");
  }

  /** ptflops 0.7.6 with its aten backend. */
  static ToolConvention ptflops() {
    return new ToolConvention(
        "ptflops",
        "MAC",
        1,
        "ptflops 0.7.6, aten backend",
        ToolConvention.Key.FUNCTION,
        products(Price.BIASED_MACS),
        "MACs and one per output for each bias; scaled_dot_product_attention counts 0");
  }

  /** torch.utils.flop_counter of PyTorch 2.13, forward pass. */
  static ToolConvention torch() {
    Map<String, Price> prices = products(Price.DOUBLE_MACS);
    prices.put("scaled_dot_product_attention", Price.DOUBLE_MACS);
    recurrent(prices, Price.DOUBLE_MACS);
    return new ToolConvention(
        "torch",
        "FLOP",
        2,
        "torch.utils.flop_counter of PyTorch 2.13",
        ToolConvention.Key.FUNCTION,
        prices,
        "2 per MAC and nothing else; without gradients the tool loses fused encoder layers and, on"
            + " a CPU, scaled_dot_product_attention");
  }

  /** DeepSpeed's profiler: FLOPs, with its MACs beside them. */
  static ToolConvention deepspeed() {
    Map<String, Price> prices = products(Price.DOUBLE_MACS);
    Price conv =
        Price.of(
            "2 x MACs, + out for a bias", call -> times(2, call.macs()) + call.biasAdditions());
    prices.put("conv", conv);
    prices.put("conv_transpose", conv);
    prices.put("scaled_dot_product_attention", Price.DOUBLE_MACS);
    recurrent(prices, Price.DOUBLE_MACS);
    prices.put("batch_norm", Price.normalisation(2, 1));
    norms(prices);
    for (String each :
        new String[] {
          "relu",
          "prelu",
          "elu",
          "leaky_relu",
          "relu6",
          "silu",
          "gelu",
          "softmax",
          "max_pool",
          "avg_pool",
          "adaptive_avg_pool",
          "adaptive_max_pool"
        }) {
      prices.put(each, Price.IN);
    }
    prices.put("add", Price.OUT);
    prices.put("mul", Price.OUT);
    prices.put("upsample", Price.OUT);
    return new ToolConvention(
            "deepspeed",
            "FLOP",
            2,
            "DeepSpeed profiler, August 2026",
            ToolConvention.Key.FUNCTION,
            prices,
            "2 per MAC, the bias of convolutions (not of linear layers), normalisations, pools and"
                + " the activations it knows; in-place and operator-sign arithmetic counts 0")
        .withCompanions(deepspeedMacs());
  }

  static ToolConvention deepspeedMacs() {
    Map<String, Price> prices = products(Price.MACS);
    prices.remove("einsum");
    prices.put("scaled_dot_product_attention", Price.MACS);
    recurrent(prices, Price.MACS);
    return new ToolConvention(
        "deepspeed-macs",
        "MAC",
        1,
        "DeepSpeed profiler, August 2026",
        ToolConvention.Key.FUNCTION,
        prices,
        "MACs; einsum counts 0 here");
  }

  private static Map<String, Price> products(Price price) {
    Map<String, Price> prices = new HashMap<>();
    for (String each : new String[] {"conv", "conv_transpose", "linear", "matmul", "einsum"}) {
      prices.put(each, price);
    }
    return prices;
  }

  private static void norms(Map<String, Price> prices) {
    Price price = Price.normalisation(5, 4);
    prices.put("layer_norm", price);
    prices.put("group_norm", price);
    prices.put("instance_norm", price);
  }

  private static void recurrent(Map<String, Price> prices, Price price) {
    for (String each : new String[] {"rnn", "gru", "lstm"}) {
      prices.put(each, price);
    }
  }

  private static boolean isNearest(CountedNode call) {
    return call.operands().attributes().text("mode", "nearest").equals("nearest");
  }
}
