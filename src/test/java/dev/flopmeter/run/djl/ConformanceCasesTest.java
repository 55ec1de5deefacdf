package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.conformance.CaseOutcome;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.ConformanceCase;
import dev.flopmeter.run.conformance.Tolerance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every available backend test case of ONNX passes; none is left out. */
class ConformanceCasesTest {

  @ParameterizedTest
  @ValueSource(strings = {"../shared/onnx-node-tests", "../shared/onnx-pytorch-tests"})
  void allCasesPass(String directory) {
    assumeTrue(Files.isDirectory(Path.of(directory)), "no cases at " + directory);
    try (DjlBackend backend = DjlBackend.open()) {
      List<CaseResult> results =
          ConformanceCase.in(Path.of(directory)).stream()
              .map(each -> each.run(backend, RunOptions.DEFAULT, Tolerance.ONNX))
              .toList();
      Conformance conformance = new Conformance(backend.name(), results);
      assertThat(conformance.of(CaseOutcome.FAILED)).isEmpty();
      assertThat(conformance.of(CaseOutcome.UNSUPPORTED)).isEmpty();
      assertThat(conformance.total().passed()).isEqualTo(results.size()).isPositive();
    }
  }
}
