package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.CostRules;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.run.cudnn.operator.Operators;
import dev.flopmeter.run.djl.kernel.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * The number of operators of ONNX Runtime's own domains that are counted and that run, by backend.
 */
class OnnxRuntimeOperatorsTest {
  /** As ONNX Runtime 1.32's Python package lists them (get_all_operator_schema). */
  private static List<String> published() throws IOException {
    try (InputStream list =
        OnnxRuntimeOperatorsTest.class.getResourceAsStream("onnxruntime-operators.txt")) {
      byte[] bytes = Objects.requireNonNull(list).readAllBytes();
      return new String(bytes, StandardCharsets.UTF_8).lines().toList();
    }
  }

  private static boolean runsOnCpu(String name) {
    int colon = name.indexOf(':');
    Node node =
        new Node(
            "n",
            name.substring(0, colon),
            name.substring(colon + 1),
            1,
            List.of(),
            List.of("y"),
            Attributes.NONE,
            Map.of());
    return Kernels.has(node) || Decompositions.operators().contains(name);
  }

  private static boolean runsOnGpu(String name) {
    return Operators.names().contains(name) || Decompositions.operators().contains(name);
  }

  private static List<String> those(List<String> names, Predicate<String> wanted) {
    return names.stream().filter(wanted).toList();
  }

  @Test
  void theDocumentSaysHowManyAreCountedAndRun() throws IOException {
    String doc = Files.readString(Path.of("docs", "counting.md"));
    List<String> all = published();
    List<String> counted = those(all, name -> CostRules.standard().find(name).isPresent());
    String figures =
        "Of the %d operators of its own domains that ONNX Runtime 1.32 has, %d are counted, %d run on the CPU and %d on the GPU"
            .formatted(
                all.size(),
                counted.size(),
                those(counted, OnnxRuntimeOperatorsTest::runsOnCpu).size(),
                those(counted, OnnxRuntimeOperatorsTest::runsOnGpu).size());
    System.out.println(figures);
    assertThat(doc.replace('\n', ' ').contains(figures)).as("docs/counting.md says so").isTrue();
  }

  @Test
  void uncountedOperatorsAreNamedWithTheReason() throws IOException {
    String doc = Files.readString(Path.of("docs", "counting.md"));
    List<String> silent =
        those(
            published(),
            name ->
                CostRules.standard().find(name).isEmpty()
                    && !doc.contains(name.substring(name.indexOf(':') + 1)));
    assertThat(silent).isEmpty();
  }
}
