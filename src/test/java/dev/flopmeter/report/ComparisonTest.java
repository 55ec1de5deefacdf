package dev.flopmeter.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.report.html.CompareHtml;
import dev.flopmeter.report.json.ComparisonJson;
import dev.flopmeter.report.text.ComparisonTable;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileSchema;
import dev.flopmeter.result.ResultFormatException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class ComparisonTest {
  private static final ProfileResult BASE = SampleProfiles.resnet50();

  /** {@code base} with all its times, or only those of one layer, multiplied. */
  private static ProfileResult scaled(ProfileResult base, double factor, String onlyLayer) {
    return scaled(base, factor, onlyLayer, List.of("median", "q1", "q3", "min"));
  }

  private static ProfileResult scaled(
      ProfileResult base, double factor, String onlyLayer, List<String> fields) {
    JsonMapper mapper = JsonMapper.builder().build();
    ObjectNode tree = (ObjectNode) mapper.readTree(ProfileJson.write(base));
    if (onlyLayer.isEmpty()) {
      scale((ObjectNode) tree.get("latency"), factor, fields);
    }
    tree.get("layers")
        .forEach(
            layer -> {
              if (onlyLayer.isEmpty() || layer.get("name").asString().equals(onlyLayer)) {
                scale((ObjectNode) layer.get("time"), factor, fields);
              }
            });
    return ProfileJson.read(mapper.writeValueAsString(tree));
  }

  private static void scale(ObjectNode times, double factor, List<String> fields) {
    for (String field : fields) {
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
  void aSpeedUpIsNotAFailure() {
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
    assertThat(comparison.changedAmounts())
        .extracting(Comparison.Amount::name)
        .contains("macs", "flops", "params", "bytes");
    assertThat(
            ComparisonTable.markdown(new ComparisonSet(List.of(comparison), List.of(), List.of())))
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
        .contains("no change beyond noise")
        .contains("end to end")
        .contains("+50 %")
        .contains("slower")
        .contains("of " + BASE.layers().size() + " layers: no change beyond noise");
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

  /** Every format for people. */
  private static List<String> forms(ComparisonSet set) {
    return List.of(
        ComparisonTable.render(set, TerminalStyle.PLAIN.withAllLayers(true)),
        ComparisonTable.markdown(set),
        CompareHtml.render(set));
  }

  @Test
  void everyFormSaysTheVerdictInTheSameWords() {
    // The ranges go from 0.98 to 1.006 medians: 1.04 differs by 1.3 %, less than the threshold of 5
    // %
    Map<ProfileResult, String> verdicts =
        Map.of(
            BASE,
            "no change beyond noise",
            scaled(BASE, 1.12, ""),
            "slower",
            scaled(BASE, 0.8, ""),
            "faster",
            scaled(BASE, 1.04, ""),
            "ambiguous, differs by less than 5.0 %");
    verdicts.forEach(
        (next, verdict) -> {
          assertThat(forms(against(next)))
              .allSatisfy(form -> assertThat(form).contains("Sample GPU: " + verdict));
          assertThat(CompareHtml.render(against(next)))
              .contains("<h1>" + verdict.substring(0, 1).toUpperCase(Locale.ROOT))
              .doesNotContain("Not slower");
        });
    assertThat(ComparisonJson.write(against(scaled(BASE, 1.04, ""))))
        .contains("\"verdict\" : \"ambiguous\"", "\"slower\" : false");
  }

  @Test
  void aLargeChangeWithinNoiseIsNotCalledTheSame() {
    // A third of the median, but that shortest time occurred before: the ranges overlap
    ProfileResult base = scaled(BASE, 0.3, "", List.of("min"));
    ProfileResult next = scaled(BASE, 1 / 3.0, "");
    ComparisonSet set = ComparisonSet.of(List.of(base), List.of(next), 0.05);
    assertThat(set.verdict()).isEqualTo(Change.SAME);

    assertThat(forms(set))
        .allSatisfy(
            form ->
                assertThat(form).contains("-67 %").doesNotContain(">same<", "| same", "same\n"));
    assertThat(forms(set).get(0)).containsPattern("-67 %\\s+within noise");
  }

  @Test
  void aRepeatedCaseIsJudgedByItsLastResult() {
    List<ProfileResult> sweep = SampleProfiles.sweep();
    List<ProfileResult> twice = new ArrayList<>(sweep);
    twice.add(scaled(sweep.get(1), 1.5, ""));

    ComparisonSet next = ComparisonSet.of(sweep, twice, 0.05);
    assertThat(next.isSlower()).isTrue();
    assertThat(next.comparisons()).hasSameSizeAs(sweep);
    assertThat(next.unmatched()).isEmpty();
    assertThat(next.notes())
        .singleElement()
        .asString()
        .startsWith("NEW has 2 results of resnet50, bf16, batch 8")
        .endsWith("the last is used");
    assertThat(forms(next))
        .allSatisfy(
            form ->
                assertThat(form).contains("5 cases: 1 slower, 4 within noise", "the last is used"));
    assertThat(ProfileSchema.complaints("compare-1.json", ComparisonJson.write(next))).isEmpty();

    ComparisonSet base = ComparisonSet.of(twice, sweep, 0.05);
    assertThat(base.verdict()).as("the slow result is now the one before").isEqualTo(Change.FASTER);
    assertThat(base.notes()).singleElement().asString().startsWith("BASE has 2 results");
    ComparisonSet single = ComparisonSet.of(List.of(BASE, BASE), List.of(BASE), 0.05);
    assertThat(single.comparisons()).hasSize(1);
  }

  @Test
  void resultsOfSeveralDevicesAreMatchedByDevice() {
    ProfileResult other = onDevice(BASE, "Other GPU");
    ComparisonSet set =
        ComparisonSet.of(List.of(BASE, other), List.of(scaled(other, 1.5, ""), BASE), 0.05);

    assertThat(set.comparisons()).allSatisfy(one -> assertThat(one.differences()).isEmpty());
    assertThat(set.comparisons())
        .extracting(one -> one.total().change())
        .containsExactly(Change.SAME, Change.SLOWER);
    assertThat(set.notes()).isEmpty();
  }

  private static ProfileResult onDevice(ProfileResult base, String name) {
    JsonMapper mapper = JsonMapper.builder().build();
    ObjectNode tree = (ObjectNode) mapper.readTree(ProfileJson.write(base));
    ((ObjectNode) tree.get("device")).put("name", name);
    return ProfileJson.read(mapper.writeValueAsString(tree));
  }

  @Test
  void layersOfOnlyOneFileAreCountedInTheHeading() {
    List<ProfileResult> sweep = SampleProfiles.sweep();
    assertThat(ComparisonVerdict.heading(ComparisonSet.of(sweep, sweep.subList(0, 1), 0.05)))
        .isEqualTo("5 cases: 1 within noise, 4 not compared");
  }

  @Test
  void byteOrderMarksAreSkipped() {
    String line = ProfileJson.writeLine(BASE);
    assertThat(ProfileJson.readAll("\uFEFF" + ProfileJson.write(BASE))).containsExactly(BASE);
    assertThat(ProfileJson.readAll("\uFEFF" + line + "\n\uFEFF" + line + "\n")).hasSize(2);
  }

  @Test
  void aFileWithoutResultsIsRefused() {
    for (String text : List.of("", "\n", "\uFEFF", ProfileJson.writeProgress("x", 0, "") + "\n")) {
      assertThatThrownBy(() -> ProfileJson.readAll(text))
          .isInstanceOf(ResultFormatException.class)
          .hasMessage("contains no profile result");
    }
  }
}
