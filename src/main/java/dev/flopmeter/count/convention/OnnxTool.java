package dev.flopmeter.count.convention;

import static dev.flopmeter.count.convention.Price.times;

import dev.flopmeter.count.CountedNode;
import java.util.HashMap;
import java.util.Map;

/**
 * onnx-tool: instructions on ONNX operators, each weighted by what it takes, on an exported graph
 * whose batch normalisations were folded into the convolutions before them.
 */
final class OnnxTool {
  private OnnxTool() {}

  private static final long ADD = 1;
  private static final long DIV = 4;
  private static final long SQRT = 24;
  private static final long EXP = 32;
  private static final long TANH = 38;
  private static final long SIN = 39;
  private static final long LOG = 43;

  static ToolConvention convention() {
    Map<String, Price> prices = new HashMap<>();
    prices.put(
        "Conv",
        Price.of("MACs, + out with a bias or a folded normalisation", OnnxTool::convolution));
    prices.put(
        "ConvTranspose",
        Price.of(
            "out x weights per output, + out with a bias",
            call -> call.macs() + call.biasAdditions()));
    prices.put("Gemm", Price.BIASED_MACS);
    prices.put("MatMul", Price.MACS);
    prices.put(
        "BatchNormalization",
        Price.of(
            "31 x out (subtract, divide, root, multiply, add), 0 where folded",
            call -> isFolded(call) ? 0 : times(31, call.out())));
    for (String op :
        new String[] {"Add", "Sub", "Mul", "Max", "Min", "Sum", "Relu", "Neg", "Abs"}) {
      prices.put(op, each(ADD));
    }
    prices.put("Div", each(DIV));
    prices.put("Sqrt", each(SQRT));
    for (String op : new String[] {"Exp", "Pow", "Sigmoid"}) {
      prices.put(op, each(EXP));
    }
    prices.put("Tanh", each(TANH));
    prices.put("Sin", each(SIN));
    prices.put("Cos", each(SIN));
    prices.put("Log", each(LOG));
    prices.put("Clip", each(2));
    prices.put("LeakyRelu", each(2));
    prices.put("Gelu", each(7));
    prices.put(
        "LayerNormalization",
        Price.of("7 x in + 29 x rows", call -> times(7, call.in()) + times(29, rows(call))));
    prices.put("PRelu", each(2));
    prices.put("HardSigmoid", each(4));
    prices.put("Softmax", each(EXP + DIV));
    prices.put("MaxPool", window());
    prices.put("AveragePool", window());
    prices.put(
        "GlobalAveragePool", Price.of("in + 4 x out", call -> call.in() + times(DIV, call.out())));
    Price resize =
        Price.of(
            "0 for nearest, 4 x out for linear, 8 x out for cubic",
            call ->
                switch (call.operands().attributes().text("mode", "nearest")) {
                  case "linear" -> times(4, call.out());
                  case "cubic" -> times(8, call.out());
                  default -> 0;
                });
    prices.put("Resize", resize);
    prices.put("Upsample", resize);
    return new ToolConvention(
        "onnx-tool",
        "MAC",
        1,
        "onnx-tool, 2026",
        ToolConvention.Key.OPERATOR,
        prices,
        "a price list of instructions (division 4, root 24, exp and sigmoid 32, tanh 38), with"
            + " batch normalisation folded as PyTorch's exporter does; small networks are mostly"
            + " price");
  }

  private static Price each(long price) {
    return Price.of(price == 1 ? "out" : price + " x out", call -> times(price, call.out()));
  }

  private static Price window() {
    return Price.of("k x out", call -> times(call.window(), call.out()));
  }

  private static long convolution(CountedNode call) {
    boolean folds =
        call.readers().size() == 1 && call.readers().get(0).equals("BatchNormalization");
    return call.macs() + (folds ? call.out() : call.biasAdditions());
  }

  /** How many groups of elements are normalised together. */
  private static long rows(CountedNode call) {
    dev.flopmeter.model.Shape shape = call.operands().shape(0);
    return shape.elements(0, shape.axis(call.operands().attributes().integer("axis", -1)));
  }

  private static boolean isFolded(CountedNode call) {
    return call.writer(0).equals("Conv") && call.isOnlyReaderOf(0);
  }
}
