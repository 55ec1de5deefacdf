package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.Flopmeter;
import dev.flopmeter.SharedData;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.zoo.Zoo;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every built-in network of torchvision's table: exact parameters and MACs. */
class ZooTest {
  /** Not built in: MaxViT and Swin v2 are too irregular for the available blocks. */
  private static final Set<String> NOT_BUILT =
      Set.of("maxvit_t", "swin_v2_t", "swin_v2_s", "swin_v2_b");

  /** 128 + 768 filters with normalisation, and a classifier on 768 features: training only. */
  private static final long INCEPTION_V3_AUXILIARY_HEAD =
      768 * 128 + 2 * 128 + 128 * 768 * 5 * 5 + 2 * 768 + 768 * 1000 + 1000;

  static Stream<Map<String, String>> rows() {
    return SharedData.has("reference")
        ? SharedData.csv("reference/torchvision-macs-exact.csv").stream()
            .filter(row -> !NOT_BUILT.contains(row.get("model")))
        : Stream.of();
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("rows")
  void agreesWithTorchvision(Map<String, String> row) {
    String name = row.get("model");
    Model model = Zoo.get(name);
    Shape image = Shape.parse("1x" + row.get("input"));

    Counts counts = Flopmeter.count(model, Bindings.NONE.withShape("input", image));

    long params = Long.parseLong(row.get("params"));
    assertThat(counts.totals().macs()).as("MACs").isEqualTo(Long.parseLong(row.get("macs")));
    assertThat(counts.totals().params())
        .as("parameters")
        .isEqualTo(params - (name.equals("inception_v3") ? INCEPTION_V3_AUXILIARY_HEAD : 0));
    assertThat(counts.uncounted()).isEmpty();
  }

  @Test
  void allButTheNamedExceptionsAreBuiltIn() {
    List<String> missing =
        SharedData.csv("reference/torchvision-macs-exact.csv").stream()
            .map(row -> row.get("model"))
            .distinct()
            .filter(name -> Zoo.find(name).isEmpty())
            .toList();

    assertThat(missing).containsExactlyInAnyOrderElementsOf(NOT_BUILT);
  }

  /** The "Activations" of timm's model cards, in millions with one decimal. */
  @ParameterizedTest
  @CsvSource({"resnet18, 2.5", "resnet50, 11.1", "mobilenet_v2, 6.7", "efficientnet_b0, 6.7"})
  void agreesWithTimmsTableOfActivations(String name, double millions) {
    Counts counts = Flopmeter.count(Zoo.get(name), Bindings.NONE);

    assertThat(counts.activations() / 1e6).isCloseTo(millions, within(0.05));
    assertThat(counts.layers().stream().mapToLong(LayerCost::activations).sum())
        .isEqualTo(counts.activations());
  }

  static Stream<String> names() {
    return Stream.of(
        "resnet50",
        "densenet121",
        "googlenet",
        "mobilenet_v3_large",
        "shufflenet_v2_x1_0",
        "efficientnet_b0",
        "regnet_y_400mf",
        "convnext_tiny",
        "vit_b_16",
        "swin_t");
  }

  @ParameterizedTest
  @MethodSource("names")
  void everythingIsLinearInTheBatch(String name) {
    long one = Flopmeter.count(Zoo.get(name), Bindings.NONE).totals().flops();
    Counts three = Flopmeter.count(Zoo.get(name), Bindings.ofBatch(3));

    assertThat(three.totals().flops()).isEqualTo(3 * one);
  }
}
