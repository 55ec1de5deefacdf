package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
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
  void allToolsStandSideBySide() {
    Flop flop = Flop.run("count", "resnet50", "--convention", "all");

    assertThat(flop.out())
        .containsPattern("thop +4,133,742,592 MAC +\\+1\\.1 % \\+44\\.5 M BN")
        .containsPattern("deepspeed +8,211,108,352 FLOP")
        .containsOnlyOnce("keeps its last call only");
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
            "name,op,output_shapes,macs,flops,params,bytes_read,bytes_written,counted\r\n"
                + "features.0,Conv,1x64x55x55,70276800,140747200,23296,");
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
