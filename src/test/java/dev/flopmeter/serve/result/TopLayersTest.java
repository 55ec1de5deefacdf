package dev.flopmeter.serve.result;

import static dev.flopmeter.result.SampleResult.layer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.result.ProfileResult.Layer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The layers with series of their own, and the rest. */
class TopLayersTest {

  @Test
  void theRestIsSummedBehindTheSlowest() {
    List<Layer> top =
        TopLayers.of(List.of(layer("a", 1), layer("b", 8), layer("c", 4), layer("d", 2)), 2);
    assertThat(top).extracting(Layer::name).containsExactly("b", "c", "other");
    assertThat(top.get(2).time().median()).isEqualTo(1.0 + 2.0);
    assertThat(top.get(2).cost().flops()).isEqualTo(2 * 20);
  }

  @Test
  void layersOfOneNameAreOne() {
    List<Layer> top = TopLayers.of(List.of(layer("a", 1), layer("b", 3), layer("a", 4)), 5);
    assertThat(top).extracting(Layer::name).containsExactly("a", "b");
    assertThat(top.get(0).time().median()).isEqualTo(1.0 + 4.0);
  }

  @Test
  void aLayerNamedOtherIsNotTheRest() {
    List<Layer> top =
        TopLayers.of(List.of(layer("other", 8), layer("b", 4), layer("c", 2), layer("d", 1)), 2);
    assertThat(top).extracting(Layer::name).containsExactly("layer other", "b", "other");
    assertThat(top.get(0).time().median()).isEqualTo(8);
    assertThat(top.get(0).rooflineEfficiency()).isEqualTo(0.5);
    assertThat(top.get(2).time().median()).isEqualTo(2.0 + 1.0);
  }
}
