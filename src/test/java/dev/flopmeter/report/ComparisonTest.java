package dev.flopmeter.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.measure.ProfileResult;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class ComparisonTest {
  private static final ProfileResult BASE = SampleProfiles.resnet50();

  /** {@code base} with all its times, or only those of one layer, multiplied. */
  private static ProfileResult scaled(ProfileResult base, double factor, String onlyLayer) {
    JsonMapper mapper = JsonMapper.builder().build();
    ObjectNode tree = (ObjectNode) mapper.readTree(ProfileJson.write(base));
    if (onlyLayer.isEmpty()) {
      scale((ObjectNode) tree.get("latency"), factor);
    }
    tree.get("layers")
        .forEach(
            layer -> {
              if (onlyLayer.isEmpty() || layer.get("name").asString().equals(onlyLayer)) {
                scale((ObjectNode) layer.get("time"), factor);
              }
            });
    return ProfileJson.read(mapper.writeValueAsString(tree));
  }

  private static void scale(ObjectNode times, double factor) {
    for (String field : List.of("median", "q1", "q3", "min")) {
      times.put(field, factor * times.get(field).asDouble());
    }
  }

  private static ComparisonSet against(ProfileResult next) {
    return ComparisonSet.of(List.of(BASE), List.of(next), 0.05);
  }

  @Test
  void aProfileIsTheSameAsItself() {
    ComparisonSet set = against(BASE);
    Comparison comparison = set.comparisons().get(0);
    assertThat(comparison.differences()).isEmpty();
    assertThat(comparison.total().change()).isEqualTo(Change.SAME);
    assertThat(comparison.layers()).allMatch(row -> row.change() == Change.SAME);
    assertThat(set.isSlower()).isFalse();
  }

  @Test
  void aSlowdownIsConfirmedForTheWholeAndEachLayer() {
    ComparisonSet set = against(scaled(BASE, 1.12, ""));
    assertThat(set.isSlower()).isTrue();
    assertThat(set.comparisons().get(0).layers())
        .allMatch(row -> row.change() == Change.SLOWER)
        .allSatisfy(row -> assertThat(row.relative()).isBetween(0.1199, 0.1201));
  }

  @Test
  void oneSlowLayerIsShownButDoesNotDecide() {
    String name = BASE.layers().get(3).name();
    ComparisonSet set = against(scaled(BASE, 1.5, name));
    assertThat(set.isSlower()).isFalse();
    assertThat(
            set.comparisons().get(0).layers().stream().filter(row -> row.change() == Change.SLOWER))
        .singleElement()
        .satisfies(row -> assertThat(row.name()).isEqualTo(name));
  }

  @Test
  void aSpeedUpIsNoFailure() {
    ComparisonSet set = against(scaled(BASE, 0.8, ""));
    assertThat(set.comparisons().get(0).total().change()).isEqualTo(Change.FASTER);
    assertThat(set.isSlower()).isFalse();
  }

  @Test
  void layersAreMatchedByNameWhateverTheirOrder() {
    List<ProfileResult.Layer> turned = new ArrayList<>(BASE.layers());
    java.util.Collections.reverse(turned);
    turned.remove(0);
    Comparison comparison = against(SampleProfiles.withLayers(BASE, turned)).comparisons().get(0);
    assertThat(comparison.layers().stream().filter(row -> row.change() == Change.REMOVED))
        .hasSize(1);
    assertThat(comparison.layers().stream().filter(row -> row.change() == Change.SAME))
        .hasSize(turned.size());
  }

  @Test
  void namesEachFieldThatMakesTheTwoIncomparable() {
    ProfileResult other = SampleProfiles.network("resnet18", 8, "fp16", 1);
    assertThat(against(other).comparisons().get(0).differences())
        .anyMatch(d -> d.equals("model.name is resnet50 in BASE and resnet18 in NEW"))
        .anyMatch(d -> d.equals("run.precision is bf16 in BASE and fp16 in NEW"))
        .anyMatch(d -> d.equals("run.batch is 64 in BASE and 8 in NEW"));
  }

  @Test
  void workAndMemoryThatChangedAreShown() {
    Comparison comparison =
        against(SampleProfiles.network("resnet101", 64, "bf16", 1)).comparisons().get(0);
    assertThat(comparison.amounts().stream().filter(Comparison.Amount::isChanged))
        .extracting(Comparison.Amount::name)
        .contains("macs", "flops", "params", "bytes");
    assertThat(ComparisonMarkdown.render(new ComparisonSet(List.of(comparison), List.of())))
        .contains("| macs |");
  }

  @Test
  void sweepsAreMatchedByBatch() {
    List<ProfileResult> sweep = SampleProfiles.sweep();
    ComparisonSet set = ComparisonSet.of(sweep, sweep.subList(1, sweep.size()), 0.05);
    assertThat(set.comparisons()).hasSize(sweep.size() - 1);
    assertThat(set.unmatched()).singleElement().asString().contains("only BASE has", "batch 1");
  }

  @Test
  void theTableShowsWhatChangedAndCountsTheRest() {
    String table =
        ComparisonTable.render(
            against(scaled(BASE, 1.5, BASE.layers().get(3).name())), TerminalStyle.PLAIN);
    assertThat(table)
        .contains("no difference beyond the noise")
        .contains("end to end")
        .contains("+50 %")
        .contains("slower")
        .contains("of " + BASE.layers().size() + " layers are the same");
  }

  @Test
  void theJsonKeepsToItsSchema() {
    for (ProfileResult next : List.of(BASE, scaled(BASE, 1.2, ""))) {
      String json = ComparisonJson.write(against(next));
      assertThat(ProfileSchema.complaints("compare-1.json", json)).isEmpty();
    }
  }

  @Test
  void resultsAreReadFromJsonLinesBetweenEvents() {
    String lines =
        ProfileJson.writeProgress("measure", 0.5, "batch 1")
            + "\n"
            + ProfileJson.writeLine(BASE)
            + "\n"
            + ProfileJson.writeProgress("measure", 1, "batch 8")
            + "\n"
            + ProfileJson.writeLine(BASE)
            + "\n";
    assertThat(ProfileJson.readAll(lines)).containsExactly(BASE, BASE);
    assertThat(ProfileJson.readAll(ProfileJson.write(BASE))).containsExactly(BASE);
  }
}
