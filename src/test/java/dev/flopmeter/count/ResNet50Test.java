package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.Flopmeter;
import dev.flopmeter.SharedData;
import dev.flopmeter.count.convention.Conventions;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The network whose numbers are quoted most, and differ most. */
class ResNet50Test {
  private static final Model RESNET50 = Zoo.get("resnet50");

  private static Counts count(long batch, String convention) {
    Graph graph = RESNET50.bind(Bindings.ofBatch(batch));
    return new Counter(CostRules.standard(), Conventions.named(convention)).count(RESNET50, graph);
  }

  @Test
  void thopAtBatch4GivesItsPublishedNumber() {
    Counts counts = count(4, "thop");

    assertThat(counts.totals().flops()).isEqualTo(16_534_970_368L);
    assertThat(counts.totals().macs()).isEqualTo(4 * 4_089_184_256L);
    assertThat(counts.totals().params()).isEqualTo(25_557_032L);
    assertThat(counts.uncounted()).isEmpty();
  }

  @Test
  void thopAgreesLayerByLayer() {
    Map<String, Long> ours = new LinkedHashMap<>();
    Map<String, Long> macs = new HashMap<>();
    for (LayerCost layer : count(4, "thop").layers()) {
      ours.put(layer.name(), layer.cost().flops());
      macs.put(layer.name(), layer.cost().macs());
    }
    for (Map<String, String> row : SharedData.csv("reference/resnet50-thop.csv")) {
      if (row.get("type").equals("Sequential") || row.get("name").isEmpty()) {
        continue;
      }
      String name = row.get("name").replaceAll("\\[(\\d)]", "$1");
      if (ours.containsKey(name)) {
        assertThat(ours.get(name)).as(name).isEqualTo(Long.parseLong(row.get("thop_count")));
        assertThat(macs.get(name)).as(name).isEqualTo(Long.parseLong(row.get("macs_conv_fc_only")));
      } else {
        assertThat(name).as("rows that are no layer").matches("(?i)total.*");
      }
    }
  }

  @Test
  void everyConventionSaysWhatTheToolPrints() {
    Map<String, Long> expected =
        Map.ofEntries(
            Map.entry("macs", 4_089_184_256L),
            Map.entry("thop", 4_133_742_592L),
            Map.entry("thop-0.0.31", 4_111_514_624L),
            Map.entry("fvcore", 4_111_512_576L),
            Map.entry("torchstat", 4_118_537_216L),
            Map.entry("torchstat-madd", 8_219_637_272L),
            Map.entry("torchstat-memread", 217_841_824L),
            Map.entry("torchstat-memwrite", 115_007_392L),
            Map.entry("ptflops", 4_089_185_256L),
            Map.entry("torch", 8_178_368_512L),
            Map.entry("torchinfo", 4_089_238_376L),
            Map.entry("deepspeed", 8_211_108_352L),
            Map.entry("deepspeed-macs", 4_089_184_256L),
            Map.entry("onnx-tool", 4_117_342_184L));
    expected.forEach(
        (convention, number) ->
            assertThat(count(1, convention).totals().flops()).as(convention).isEqualTo(number));
  }

  /** 32786001920 for the convolutions, and (2 x 2048 - 1) x 1000 x 4 for the last layer. */
  @Test
  void theTextbookFormulasAddABiasToEveryConvolution() {
    assertThat(count(4, "molchanov").totals().flops())
        .isEqualTo(32_786_001_920L + (2 * 2048 - 1) * 1000 * 4);
  }

  /** 2 per MAC; bias of the last layer; 2 per normalised, 1 per rectified and per added element. */
  @Test
  void ourOwnFlopsNameEveryPart() {
    long expected =
        2 * 4_089_184_256L + 1000 + 2 * 11_113_984 + 9_608_704 + 5_519_360 + 8 * 200_704 + 100_352;
    assertThat(count(1, "flops").totals().flops()).isEqualTo(expected);
  }

  @Test
  void bytesAreEachTensorOnce() {
    Counts counts = Flopmeter.count(RESNET50, Bindings.NONE);
    LayerCost conv1 = counts.layers().get(0);

    assertThat(conv1.cost().bytesRead()).isEqualTo(4 * (3 * 224 * 224 + 64 * 3 * 7 * 7));
    assertThat(conv1.cost().bytesWritten()).isEqualTo(4 * 64 * 112 * 112);
    assertThat(layer(counts, "flatten").cost()).isEqualTo(Cost.ZERO);
  }

  /** The peak: the first addition, while both branches and their sum are alive. */
  @Test
  void peakActivationsAreThoseOfTheWidestMoment() {
    assertThat(Flopmeter.count(RESNET50, Bindings.NONE).peakActivationBytes())
        .isEqualTo(4 * 3 * 256 * 56 * 56);
  }

  @Test
  void theLightModelHasTheSameMacs() {
    Model light = OnnxModel.read(SharedData.require("models/light/light_resnet50.onnx"));
    Counts counts = Flopmeter.count(light, Bindings.NONE);

    assertThat(counts.totals().macs()).isEqualTo(4_089_184_256L);
    assertThat(counts.totals().params()).isEqualTo(25_557_032L);
    assertThat(counts.uncounted()).isEmpty();
  }

  private static LayerCost layer(Counts counts, String name) {
    List<LayerCost> found =
        counts.layers().stream().filter(layer -> layer.name().equals(name)).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }
}
