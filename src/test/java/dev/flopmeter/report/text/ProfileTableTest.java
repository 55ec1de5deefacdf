package dev.flopmeter.report.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.report.SampleProfiles;
import dev.flopmeter.report.finding.Knee;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.Resource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileTableTest {

  private static final ProfileResult RESNET = SampleProfiles.resnet50();

  @ParameterizedTest
  @ValueSource(ints = {80, 100, 160, 240})
  void noLineIsWiderThanTheTerminal(int width) {
    String table =
        ProfileTable.render(List.of(RESNET), new TerminalStyle(width, false, true, true));

    assertThat(table.lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(width));
  }

  @Test
  void beginsWithTheVerdict() {
    String table = ProfileTable.render(List.of(RESNET), TerminalStyle.PLAIN);

    assertThat(table).startsWith("resnet50, bf16, batch 64 on Sample GPU: ");
    assertThat(table).contains("of the datasheet peak");
  }

  @Test
  void namesTheMostPromisingRecommendationsWithACommandEach() {
    assertThat(ProfileTable.render(List.of(RESNET), TerminalStyle.PLAIN).replaceAll("\\s+", " "))
        .contains("1. Replay a captured CUDA graph in production")
        .contains("Test it: flopmeter profile resnet50 --device cuda:0")
        .contains("(a guess)");
  }

  @Test
  void theShareIsShownWithTheShareThatTheRooflineAllows() {
    String share = "\\d+ % of the datasheet peak";
    String allowed = ", of \\d+ % attainable";
    assertThat(ProfileTable.render(List.of(RESNET), new TerminalStyle(200, false, true, false)))
        .containsPattern("on Sample GPU: " + share + allowed + ";")
        .containsPattern("MFU " + share + " \\([0-9.]+ TFLOP/s\\)" + allowed);
    ProfileResult other =
        ProfileJson.read(
            ProfileJson.writeLine(RESNET).replace("\"backend\":\"cudnn\"", "\"backend\":\"ort\""));
    assertThat(ProfileTable.render(List.of(RESNET, other), TerminalStyle.PLAIN))
        .containsPattern("MFU +attainable +memory");
    assertThat(ProfileTable.markdown(SampleProfiles.sweep())).contains("| MFU | Attainable |");
  }

  @Test
  void sumsTheRest() {
    int layers = RESNET.layers().size();
    int rest = layers - ProfileTable.TOP_LAYERS;

    assertThat(ProfileTable.render(List.of(RESNET), TerminalStyle.PLAIN))
        .contains("other (" + rest + " layers)")
        .contains("conv1");
    assertThat(ProfileTable.render(List.of(RESNET), TerminalStyle.PLAIN.withAllLayers(true)))
        .doesNotContain("other (")
        .contains("avgpool");
  }

  @Test
  void usesMoreColumnsWhereThereIsRoom() {
    assertThat(ProfileTable.render(List.of(RESNET), TerminalStyle.PLAIN)).doesNotContain("FLOP/B");
    assertThat(ProfileTable.render(List.of(RESNET), new TerminalStyle(200, false, true, false)))
        .contains("FLOP/B")
        .contains("IMPLICIT_PRECOMP_GEMM");
  }

  @Test
  void coloursOnlyWhereAsked() {
    assertThat(ProfileTable.render(List.of(RESNET), TerminalStyle.PLAIN)).doesNotContain("\u001b");
    assertThat(ProfileTable.render(List.of(RESNET), new TerminalStyle(80, true, true, false)))
        .contains("\u001b[1m");
  }

  @Test
  void staysWithinAsciiWhereNothingElseArrives() {
    String table = ProfileTable.render(List.of(RESNET), new TerminalStyle(80, false, false, true));

    assertThat(table).matches("\\p{ASCII}*").contains(" us ");
  }

  @Test
  void namesCannotSteerTheTerminal() {
    ProfileResult hostile = SampleProfiles.named("\u001b[2Jmodel\n", "a\u001b]0;title\u0007\u202e");

    assertThat(ProfileTable.render(List.of(hostile), TerminalStyle.PLAIN))
        .doesNotContain("\u001b")
        .doesNotContain("\u0007")
        .doesNotContain("\u202e");
  }

  @Test
  void warningsComeLastAndInFull() {
    ProfileResult warned = SampleProfiles.withWarnings(RESNET, "clocks were unsteady");

    assertThat(ProfileTable.render(List.of(warned), TerminalStyle.PLAIN))
        .endsWith("warning: clocks were unsteady\n");
  }

  @Test
  void severalResultsEndInOneTable() {
    String table = ProfileTable.render(SampleProfiles.sweep(), TerminalStyle.PLAIN);

    List<String> lines = table.lines().toList();
    assertThat(lines.get(lines.size() - 7)).contains("batch", "inferences/s", "MFU");
    assertThat(lines).last().isEqualTo(Knee.EXPLANATION);
  }

  @Test
  void csvHasOneRowALayerAndRunsNoFormula() {
    ProfileResult hostile = SampleProfiles.named("=cmd|' /C calc'!A0", "a \"quoted\", name");

    List<String> lines = ProfileTable.csv(List.of(hostile)).lines().toList();

    assertThat(lines).hasSize(1 + RESNET.layers().size());
    assertThat(lines.get(1))
        .startsWith("'=cmd|' /C calc'!A0,")
        .contains("\"a \"\"quoted\"\", name\"");
  }

  @Test
  void csvShowsFieldsThatResultsHave() {
    String schema = Resource.text(ProfileTable.class, "/dev/flopmeter/schema/profile-1.json");
    for (List<String> row : Csv.rows(ProfileTable.class, "layers.csv")) {
      String field = row.get(1).replaceFirst(".*/", "");
      assertThat(field.equals("share") || schema.contains('"' + field + '"')).as(field).isTrue();
    }

    assertThat(ProfileTable.csv(List.of(RESNET)).lines().skip(1).findFirst().orElseThrow())
        .startsWith(
            "resnet50,cuda:0,cudnn,bf16,64,conv1,Conv+BatchNormalization+Relu,conv1 bn1 relu,")
        .endsWith(",nhwc,tensor_op,1048576,false,");
  }

  @Test
  void markdownTellsBackendsApart() {
    ProfileResult one = SampleProfiles.named("m", "layer");
    ProfileResult other =
        ProfileJson.read(
            ProfileJson.writeLine(one)
                .replace("\"backend\":\"" + one.run().backend() + "\"", "\"backend\":\"ort\""));
    assertThat(ProfileTable.markdown(List.of(one, one))).doesNotContain("| Backend |");
    assertThat(ProfileTable.markdown(List.of(one, other)))
        .contains("| Model | Backend | ")
        .contains("| `m` | " + one.run().backend() + " | ")
        .contains("| `m` | ort | ");
  }

  @Test
  void markdownShowsNamesAsText() {
    String markdown =
        ProfileTable.markdown(List.of(SampleProfiles.named("<script>x|y", "a`b|c<img>")));

    assertThat(markdown).doesNotContain("<script>").doesNotContain("<img>").contains("x\\|y");
  }
}
