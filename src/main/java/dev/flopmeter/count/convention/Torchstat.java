package dev.flopmeter.count.convention;

import static dev.flopmeter.count.convention.Price.times;

import dev.flopmeter.count.CountedNode;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Map;

/** torchstat: four numbers per leaf module, each kept from the module's last call only. */
final class Torchstat {
  private Torchstat() {}

  private static final String NOTE =
      "a module that is called several times, such as ResNet's shared ReLU, keeps its last call"
          + " only; adaptive pools and LayerNorm count 0; transformers make the tool fail";

  static ToolConvention flops() {
    Price affine = Price.normalisation(2, 1);
    return column(
            "torchstat",
            "Flops",
            1,
            Map.ofEntries(
                Map.entry("Conv2d", Price.BIASED_MACS),
                Map.entry("BatchNorm2d", affine),
                Map.entry("Linear", Price.MACS),
                Map.entry("ReLU", Price.IN),
                Map.entry("ReLU6", Price.IN),
                Map.entry("PReLU", Price.IN),
                Map.entry("ELU", Price.IN),
                Map.entry("LeakyReLU", Price.IN),
                Map.entry("MaxPool2d", Price.IN),
                Map.entry("AvgPool2d", Price.IN),
                Map.entry("Upsample", Price.OUT)))
        .withCompanions(multiplyAdds(), memoryRead(), memoryWrite());
  }

  static ToolConvention multiplyAdds() {
    return column(
        "torchstat-madd",
        "MAdd",
        2,
        Map.ofEntries(
            Map.entry(
                "Conv2d",
                Price.of(
                    "out x (2 Cin/group k - 1), + out for a bias",
                    call -> times(2, call.macs()) - call.out() + call.biasAdditions())),
            Map.entry(
                "ConvTranspose2d",
                Price.of("in H W x Cout x (2 Cin/group k - 1)", Torchstat::transposed)),
            Map.entry("BatchNorm2d", Price.of("4 x in", call -> times(4, call.in()))),
            Map.entry(
                "Linear",
                Price.of(
                    "out x (2 in_features - 1)",
                    call -> call.macs() == 0 ? 0 : times(2, call.macs()) - call.out())),
            Map.entry("ReLU", Price.IN),
            Map.entry("ReLU6", Price.IN),
            Map.entry(
                "MaxPool2d",
                Price.of("(k - 1) x out", call -> times(call.window() - 1, call.out()))),
            Map.entry("AvgPool2d", Price.of("k x out", call -> times(call.window(), call.out()))),
            Map.entry("Softmax", Price.of("3 F - 1", call -> 3 * call.features() - 1))));
  }

  static ToolConvention memoryRead() {
    Price withWeights =
        Price.of("bytes of in + weights", call -> bytes(call, call.in() + call.parameters()));
    Price input = Price.of("bytes of in", call -> bytes(call, call.in()));
    return column(
        "torchstat-memread",
        "B",
        0,
        Map.ofEntries(
            Map.entry("Conv2d", withWeights),
            Map.entry("BatchNorm2d", withWeights),
            Map.entry("Linear", withWeights),
            Map.entry("PReLU", withWeights),
            Map.entry("ReLU", input),
            Map.entry("ReLU6", input),
            Map.entry("ELU", input),
            Map.entry("LeakyReLU", input),
            Map.entry("MaxPool2d", input),
            Map.entry("AvgPool2d", input)));
  }

  static ToolConvention memoryWrite() {
    Price output = Price.of("bytes of out", call -> bytes(call, call.out()));
    Price input = Price.of("bytes of in", call -> bytes(call, call.in()));
    return column(
        "torchstat-memwrite",
        "B",
        0,
        Map.ofEntries(
            Map.entry("Conv2d", output),
            Map.entry("Linear", output),
            Map.entry("BatchNorm2d", input),
            Map.entry("PReLU", input),
            Map.entry("ReLU", input),
            Map.entry("ReLU6", input),
            Map.entry("ELU", input),
            Map.entry("LeakyReLU", input),
            Map.entry("MaxPool2d", output),
            Map.entry("AvgPool2d", output)));
  }

  private static ToolConvention column(
      String name, String unit, int perMac, Map<String, Price> prices) {
    return new ToolConvention(
            name, unit, perMac, "torchstat, November 2018", ToolConvention.Key.MODULE, prices, NOTE)
        .keepingLastCallOnly();
  }

  private static long transposed(CountedNode call) {
    Operands in = call.operands();
    Shape weight = in.shape(1);
    long group = in.attributes().integer("group", 1);
    long perOutput = 2 * (weight.dim(0) / group) * weight.elements(2, weight.rank()) - 1;
    long positions = in.shape(0).elements(2, in.shape(0).rank());
    return times(times(positions, weight.dim(1) * group), perOutput);
  }

  private static long bytes(CountedNode call, long elements) {
    return call.operands().type(0).type().bytes(elements);
  }
}
