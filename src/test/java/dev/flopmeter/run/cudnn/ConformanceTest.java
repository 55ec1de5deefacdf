package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.ConformanceCase;
import dev.flopmeter.run.conformance.Tolerance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ONNX's own cases on the emulated GPU: all of them run and are right. */
class ConformanceTest {
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @ParameterizedTest
  @ValueSource(strings = {"onnx-node-tests", "onnx-pytorch-tests"})
  void allRunAndAreRight(String cases) {
    Path directory = Path.of("../shared").resolve(cases);
    assumeTrue(Files.isDirectory(directory), "no cases at " + directory);
    List<CaseResult> failed = new ArrayList<>();
    Map<String, Integer> unsupported = new TreeMap<>();
    int passed = 0;
    for (ConformanceCase each : ConformanceCase.in(directory)) {
      CaseResult result = each.run(emulated.backend(), RunOptions.DEFAULT, Tolerance.ONNX);
      switch (result.outcome()) {
        case PASSED -> passed++;
        case FAILED, INVALID -> failed.add(result);
        case UNSUPPORTED -> unsupported.merge(result.operator(), 1, Integer::sum);
      }
    }
    System.out.println(
        cases
            + ": "
            + passed
            + " passed, "
            + failed.size()
            + " failed, unsupported "
            + unsupported);
    assertThat(failed).isEmpty();
    assertThat(unsupported).isEmpty();
  }
}
