package dev.flopmeter.serve.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which layers have series of their own, and what the rest is. */
class TopLayersTest {
  private static LayerRow layer(String name, double seconds) {
    return new LayerRow(name, "Conv", seconds, 20, 10, 0.5, "compute", "gemm", "nchw");
  }

  @Test
  void theRestIsSummedBehindTheSlowest() {
    List<LayerRow> top =
        TopLayers.of(List.of(layer("a", 1), layer("b", 8), layer("c", 4), layer("d", 2)), 2);
    assertThat(top).extracting(LayerRow::name).containsExactly("b", "c", "other");
    assertThat(top.get(2).seconds()).isEqualTo(1.0 + 2.0);
    assertThat(top.get(2).flop()).isEqualTo(2 * 20.0);
  }

  @Test
  void layersOfOneNameAreOne() {
    List<LayerRow> top = TopLayers.of(List.of(layer("a", 1), layer("b", 3), layer("a", 4)), 5);
    assertThat(top).extracting(LayerRow::name).containsExactly("a", "b");
    assertThat(top.get(0).seconds()).isEqualTo(1.0 + 4.0);
  }

  @Test
  void aLayerThatIsCalledOtherIsNotTheRest() {
    List<LayerRow> top =
        TopLayers.of(List.of(layer("other", 8), layer("b", 4), layer("c", 2), layer("d", 1)), 2);
    assertThat(top).extracting(LayerRow::name).containsExactly("layer other", "b", "other");
    assertThat(top.get(0).seconds()).isEqualTo(8);
    assertThat(top.get(0).rooflineEfficiency()).isEqualTo(0.5);
    assertThat(top.get(2).seconds()).isEqualTo(2.0 + 1.0);
  }
}
