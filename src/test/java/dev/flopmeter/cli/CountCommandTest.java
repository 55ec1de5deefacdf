package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.flopmeter.SharedData;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CountCommandTest {

  @Test
  void theTableEndsWithExactTotals() {
    Flop flop = Flop.run("count", "resnet50", "--batch", "4", "--convention", "thop");

    assertThat(flop.code()).isZero();
    assertThat(flop.out())
        .contains("thop              16,534,970,368\n")
        .contains("MACs              16,356,737,024\n")
        .contains("parameters        25,557,032\n");
    assertThat(flop.err()).isEmpty();
  }

  /**
   * Fully connected layers of BERT-base: 12 (4 x 768^2 + 2 x 768 x 3072) per token, without
   * attention.
   */
  @Test
  void listsOfSizesAreCountedOneByOne() {
    long pooler = 768 * 768;
    long perToken = 12 * (4L * 768 * 768 + 2L * 768 * 3072);
    for (String[] sizes :
        new String[][] {{"--dim", "sequence=8,16"}, {"--input", "input_ids=1x8,1x16"}}) {
      Flop flop = Flop.run("count", "bert-base", sizes[0], sizes[1], "--unit", "1");

      assertThat(flop.code()).isZero();
      for (long tokens : new long[] {8, 16}) {
        long attention = 12 * 2 * tokens * tokens * 768;
        assertThat(flop.out())
            .contains("MACs              " + grouped(tokens * perToken + attention + pooler));
      }
    }
  }

  private static String grouped(long number) {
    return String.format(java.util.Locale.ROOT, "%,d", number);
  }

  @Test
  void aCaseThatIsRequestedTwiceIsCountedOnce() {
    assertThat(Flop.run("count", "alexnet", "--batch", "4,4", "--format", "json").out())
        .startsWith("{")
        .isEqualTo(Flop.run("count", "alexnet", "--batch", "4", "--format", "json").out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"count", "profile"})
  void aBatchThatNoInputFollowsIsRefused(String command) {
    String fixed = SharedData.require("cases/batch/fixed2.onnx").toString();
    Flop flop = Flop.run(command, fixed, "--batch", "4,8");
    assertThat(flop.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(flop.out()).isEmpty();
    assertThat(flop.err()).hasLineCount(1).contains("no input follows the batch 4: 'x' is 2x16");
    assertThat(Flop.run("count", fixed, "--batch", "2").code()).isZero();
  }

  @Test
  void theBatchIsSetInOneWay() {
    String model = SharedData.require("models/real/tinybert/model.onnx").toString();
    Flop flop = Flop.run("count", model, "--batch", "4,8", "--dim", "batch=2");
    assertThat(flop.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(flop.err()).contains("--dim batch=2 and --batch both set the batch");
  }

  @Test
  void weightsMayBeMissingToCountAndNotToProfile() {
    String model = SharedData.require("cases/big/emb.onnx").toString();
    String note = "The file 'w.bin' is missing: shapes alone gave these numbers.";
    for (String format : List.of("table", "json", "markdown")) {
      Flop flop = Flop.run("count", model, "--format", format);
      assertThat(flop.code()).isZero();
      assertThat(flop.out()).contains(note);
    }
    Flop profile = Flop.run("profile", model);
    assertThat(profile.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(profile.err())
        .hasLineCount(1)
        .contains("tensor 'w': the external data 'w.bin' does not exist");
  }

  @Test
  void unitsShowAllDigits() {
    Flop flop = Flop.run("count", "resnet50", "--unit", "G");

    assertThat(flop.out()).contains("MACs              4.089184256 G (4,089,184,256)");
  }

  @Test
  void layersGroupByTheirNames() {
    Flop flop = Flop.run("count", "resnet18", "--depth", "2");

    assertThat(flop.out()).contains("\nlayer1 ").contains("\n  0 ").contains("14 layers");
  }

  @Test
  void groupsByDepthInEveryFormat() {
    Flop csv = Flop.run("count", "resnet50", "--depth", "1", "--format", "csv");
    assertThat(csv.out().lines().toList())
        .hasSize(1 + 11)
        .contains("fc,0,1,Gemm,2048000,4097000,2049000,1000,8204192,4000");
    Flop markdown = Flop.run("count", "resnet50", "--depth", "1", "--format", "markdown");
    assertThat(markdown.out()).contains("| `fc` | 1 | 2,048,000 | 4,097,000 | 2,049,000 | 1,000 |");
  }

  @Test
  void allToolsStandSideBySide() {
    Flop flop = Flop.run("count", "resnet50", "--convention", "all");

    assertThat(flop.out())
        .containsPattern("thop +4,133,742,592 MAC +\\+1\\.1 % \\+44\\.5 M BN")
        .containsPattern("deepspeed +8,211,108,352 FLOP")
        .containsOnlyOnce("keeps only its last call");
    assertThat(flop.out().lines()).allMatch(line -> line.length() <= 80);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "--convention torchstat", "--convention all", "--depth 2", "--batch 3"})
  void jsonFollowsItsSchema(String options) throws IOException {
    String[] args = ("count resnet18 --format json " + options).trim().split(" ");

    Flop flop = Flop.run(args);

    try (InputStream in =
        Objects.requireNonNull(
            CountCommandTest.class.getResourceAsStream("/dev/flopmeter/schema/count-1.json"))) {
      Schema schema =
          SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
              .getSchema(in, InputFormat.JSON);
      List<String> complaints =
          schema.validate(flop.out(), InputFormat.JSON).stream().map(Error::toString).toList();
      assertThat(complaints).isEmpty();
    }
  }

  @Test
  void csvHasALinePerLayer() {
    Flop flop = Flop.run("count", "alexnet", "--format", "csv");

    assertThat(flop.out())
        .startsWith(
            "name,op,output_shapes,macs,flops,params,activations,bytes_read,bytes_written,counted,as_run\r\n"
                + "features.0,Conv,1x64x55x55,70276800,140747200,23296,193600,");
  }

  @Test
  void markdownIsForAPullRequest() {
    Flop flop = Flop.run("count", "alexnet", "--format", "markdown");

    assertThat(flop.out())
        .startsWith("**alexnet**: 714,188,480 MACs, ")
        .contains("| `features.0` |");
  }

  @Test
  void aRuleFileChangesWhatAnOperatorCosts(@TempDir Path folder) throws IOException {
    Path rules = Files.writeString(folder.resolve("r.yaml"), "Relu: {flops: 10 * out.elements}\n");

    Flop plain = Flop.run("count", "alexnet", "--format", "csv");
    Flop ruled = Flop.run("count", "alexnet", "--format", "csv", "--rules", rules.toString());

    assertThat(plain.out()).contains("features.1,Relu,1x64x55x55,0,193600,");
    assertThat(ruled.out()).contains("features.1,Relu,1x64x55x55,0,1936000,");
  }

  @Test
  void unitsConvert() {
    assertThat(Flop.run("units", "16.534970368G", "--to", "T").out())
        .isEqualTo("0.016534970368 TFLOP\n");
    assertThat(Flop.run("units", "4.1", "TFLOP/s", "--to", "G").out()).isEqualTo("4100 GFLOP/s\n");
  }

  @Test
  void modelsListsTheZoo() {
    assertThat(Flop.run("models").out()).contains("resnet50 ").contains("swin_t ");
  }
}
