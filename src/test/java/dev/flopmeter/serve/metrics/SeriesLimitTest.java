package dev.flopmeter.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import dev.flopmeter.serve.metrics.SeriesLimit.Unit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SeriesLimitTest {
  private static final List<String> WORKLOADS = List.of("z", "a", "m", "b", "c");

  /** 10 series of the daemon, and of each workload 5 essential ones, 20 results, 100 layers. */
  private static Map<Unit, Integer> sizes() {
    Map<Unit, Integer> sizes = new HashMap<>();
    sizes.put(new Unit(Part.ESSENTIALS, ""), 10);
    for (String workload : WORKLOADS) {
      sizes.put(new Unit(Part.ESSENTIALS, workload), 5);
      sizes.put(new Unit(Part.RESULTS, workload), 20);
      sizes.put(new Unit(Part.LAYERS, workload), 100);
    }
    sizes.put(new Unit(Part.DEVICES, "cpu"), 7);
    sizes.put(new Unit(Part.PROCESS, ""), 50);
    return sizes;
  }

  private static Selection select(int most) {
    return new SeriesLimit(most, WORKLOADS).select(sizes());
  }

  private static List<String> owners(Selection selection, Part part) {
    List<String> owners = new ArrayList<>(WORKLOADS);
    owners.removeIf(owner -> !selection.published().contains(new Unit(part, owner)));
    return owners;
  }

  @Test
  void whereAllFitsNothingIsLeftOut() {
    int all = 10 + 5 * (5 + 20 + 100) + 7 + 50;
    assertThat(select(all).leftOut()).isEmpty();
    assertThat(select(all).series()).isEqualTo(all);
    assertThat(select(all - 1).leftOut()).isNotEmpty();
  }

  @Test
  void layersGoFirstAndTheLastWorkloadsBeforeTheFirst() {
    int butLayers = 10 + 5 * (5 + 20) + 7 + 50;
    Selection selection = select(butLayers + 250);
    assertThat(owners(selection, Part.LAYERS)).containsExactly("z", "a");
    assertThat(owners(selection, Part.RESULTS)).isEqualTo(WORKLOADS);
    assertThat(selection.leftOut()).containsExactly(Map.entry(Part.LAYERS, 300));
    assertThat(selection.describe()).isEqualTo("layers of m, b, c (300)");
  }

  @Test
  void theEssentialsGoLast() {
    Selection selection = select(10 + 5 * 5 + 20 + 19);
    assertThat(owners(selection, Part.ESSENTIALS)).isEqualTo(WORKLOADS);
    assertThat(owners(selection, Part.RESULTS)).containsExactly("z");
    assertThat(selection.published()).contains(new Unit(Part.DEVICES, "cpu"));
    assertThat(selection.describe())
        .isEqualTo(
            "results of a, m, b and 1 more (80), process (50), layers of z, a, m and 2 more (500)");
    assertThat(owners(select(10 + 5 + 4), Part.ESSENTIALS)).containsExactly("z");
  }

  @Test
  void noSelectionExceedsTheLimit() {
    for (int most = 0; most < 800; most++) {
      assertThat(select(most).series()).isLessThanOrEqualTo(most);
    }
  }
}
