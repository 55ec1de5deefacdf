package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.onnx.OnnxWriter;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A model whose work depends on a run: one row for each of its 64 inputs above 0, multiplied by 1 x
 * 5, after a product of 1 x 64 with 64 x 64.
 */
class AsRunTest {
  private static final long ALWAYS = 64 * 64;
  @TempDir static Path folder;
  private static String model;

  @BeforeAll
  static void write() throws IOException {
    GraphBuilder graph = new GraphBuilder("detector", 18);
    graph.input("x", TensorType.of(DataType.FLOAT, 1, 64));
    graph.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 64, 64), 1, 64));
    graph.constant("v", RandomTensor.weights(TensorType.of(DataType.FLOAT, 1, 5), 2, 1));
    graph.constant("last", dev.flopmeter.model.Tensor.ofLong(1));
    graph.constant("zero", DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT), 0));
    graph.add("MatMul", "always", Attributes.NONE, "x", "w");
    graph.add("Greater", "above", Attributes.NONE, "x", "zero");
    graph.add("NonZero", "found", Attributes.NONE, "above");
    graph.add("Gather", "columns", Attributes.of("axis", 0L), "found", "last");
    graph.add("Unsqueeze", "rows", Attributes.NONE, "columns", "last");
    graph.add("Cast", "floats", Attributes.of("to", 1L), "rows");
    graph.add("MatMul", "each", Attributes.NONE, "floats", "v");
    Path file = folder.resolve("detector.onnx");
    OnnxWriter.write(graph.build(List.of("always", "each")), file);
    model = file.toString();
  }

  private static long rows(JsonNode count) {
    return count
        .get("layers")
        .valueStream()
        .filter(layer -> layer.get("name").asString().equals("each"))
        .findFirst()
        .orElseThrow()
        .get("output_shapes")
        .get(0)
        .get(0)
        .asLong();
  }

  private static void requireValid(String json, String schema) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            AsRunTest.class.getResourceAsStream("/dev/flopmeter/schema/" + schema))) {
      assertThat(
              SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                  .getSchema(in, InputFormat.JSON)
                  .validate(json, InputFormat.JSON)
                  .stream()
                  .map(Error::toString))
          .isEmpty();
    }
  }

  @Test
  void aCountWithoutARunKnowsWhatIsAlwaysDone() {
    Flop flop = Flop.run("count", model, "--unit", "1");
    assertThat(flop.out())
        .contains("MACs              4,096\n")
        .contains("(its shapes depend on data)")
        .doesNotContain("as run");
  }

  @Test
  void aRunSuppliesTheRemainingFacts() throws IOException {
    Flop json = Flop.run("count", model, "--run", "--format", "json");
    assertThat(json.code()).isZero();
    requireValid(json.out(), "count-1.json");
    JsonNode count = JsonMapper.shared().readTree(json.out());
    long rows = rows(count);
    assertThat(rows).isBetween(1L, 63L);
    assertThat(count.get("totals").get("macs").asLong()).isEqualTo(ALWAYS + 5 * rows);
    assertThat(count.get("totals").get("as_run_macs").asLong()).isEqualTo(5 * rows);
    assertThat(count.get("uncounted")).isEmpty();
    assertThat(count.get("layers").get(0).has("as_run")).isFalse();

    assertThat(Flop.run("count", model, "--run", "--unit", "1").out())
        .containsPattern("each .* as run\n")
        .contains("MACs as run       " + 5 * rows + "\n");
    assertThat(Flop.run("count", model, "--run", "--format", "csv").out())
        .contains("true,false\r\n")
        .contains("true,true\r\n");
    assertThat(Flop.run("count", model, "--run", "--format", "markdown").out())
        .contains(" MACs, " + 5 * rows + " of them as run, ")
        .contains("| as run |");
  }

  @Test
  void theSeedDecides() throws IOException {
    String[] args = {"count", model, "--run", "--format", "json", "--seed", "2"};
    JsonNode one = JsonMapper.shared().readTree(Flop.run(args).out());
    args[6] = "3";
    JsonNode other = JsonMapper.shared().readTree(Flop.run(args).out());
    assertThat(rows(one)).isNotEqualTo(rows(other));
  }

  @Test
  void conflictingOptionsAreRejected() {
    for (String[] args :
        new String[][] {
          {"count", model, "--seed", "2"}, {"count", model, "--run", "--convention", "all"}
        }) {
      Flop flop = Flop.run(args);
      assertThat(flop.code()).isEqualTo(Main.BAD_INPUT);
      assertThat(flop.err()).hasLineCount(1).contains("--run");
    }
  }

  @Test
  void aProfileCountsAsItRanAndAComparisonSaysSo() throws IOException {
    String base = profile("ort", "1");
    ProfileResult result = ProfileJson.read(Files.readString(Path.of(base)));
    requireValid(Files.readString(Path.of(base)), "profile-1.json");
    Long asRun = result.cost().asRunMacs();
    assertThat(asRun).isPositive();
    assertThat(result.cost().macs()).isEqualTo(ALWAYS + asRun);
    assertThat(result.layers())
        .allSatisfy(
            layer ->
                assertThat(layer.asRun() != null)
                    .as(layer.name())
                    .isEqualTo(
                        !layer.nodes().contains("always")
                            && !layer.nodes().contains("above")
                            && !layer.nodes().isEmpty()));
    assertThat(ProfileText.of(Format.HTML, List.of(result), null))
        .contains(asRun + " as run)")
        .contains("work as run");

    Flop differs = Flop.run("compare", base, profile("ort", "2"));
    assertThat(differs.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(differs.err()).hasLineCount(1).contains("the work that depends on data");
  }

  /** Without the check, PyTorch reports its own run. */
  @Test
  void aBackendThatChecksItselfNeedsNoCheck() throws IOException {
    ProfileResult result =
        ProfileJson.read(Files.readString(Path.of(profile("djl", "1", "--no-check"))));
    assertThat(result.cost().asRunMacs()).isPositive();
  }

  private static String profile(String backend, String seed, String... more) {
    String file = folder.resolve(backend + seed + ".json").toString();
    List<String> args =
        new java.util.ArrayList<>(
            List.of("profile", model, "--backend", backend, "--seed", seed, "--no-roof"));
    args.addAll(List.of("--max-time", "1s", "--format", "json", "-o", file));
    args.addAll(List.of(more));
    Flop flop = Flop.run(args.toArray(String[]::new));
    assertThat(flop.code()).as(flop.err()).isZero();
    return file;
  }
}
