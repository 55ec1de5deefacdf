package dev.flopmeter.run.cudnn.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.run.cudnn.operator.LayoutChoice.Edge;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LayoutChoiceTest {
  private static final List<Edge> CHAIN =
      List.of(new Edge("a", "b", 1000), new Edge("b", "c", 1000));

  private static Map<String, MemoryLayout> cheapest(double perElement) {
    // In NHWC a and c take 1 s instead of 3, b (a grouped one) 4 s instead of 1.
    return LayoutChoice.cheapest(
        Map.of(
            MemoryLayout.PLAIN, Map.of("a", 3.0, "b", 1.0, "c", 3.0),
            MemoryLayout.CHANNELS_LAST, Map.of("a", 1.0, "b", 4.0, "c", 1.0)),
        CHAIN,
        perElement);
  }

  @Test
  void aLayerLeavesItsNeighboursFormatWhereThatPaysForTheConversions() {
    // Two conversions of 1000 elements cost 2 s, less than the 3 s that b saves.
    assertThat(cheapest(1e-3))
        .containsEntry("a", MemoryLayout.CHANNELS_LAST)
        .containsEntry("b", MemoryLayout.PLAIN)
        .containsEntry("c", MemoryLayout.CHANNELS_LAST);
  }

  @Test
  void expensiveConversionsKeepEverythingInOneFormat() {
    assertThat(cheapest(1e-2).values()).containsOnly(MemoryLayout.CHANNELS_LAST);
  }
}
