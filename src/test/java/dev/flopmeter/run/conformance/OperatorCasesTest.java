package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.SharedData;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators of ONNX Runtime in models of one node, with the outputs of ONNX Runtime. */
class OperatorCasesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "DynamicQuantizeLSTM",
        "DynamicQuantizeMatMul",
        "NhwcMaxPool",
        "QAttention",
        "QLinearAdd",
        "QLinearGlobalAveragePool",
        "QLinearSigmoid",
        "QLinearSoftmax"
      })
  void quantised(String name, @TempDir Path cache) {
    ConformanceCase shared = new ConformanceCase(SharedData.require("cases/operators/" + name));
    try (Backend cpu = DjlBackend.open();
        Backend gpu = EmulatedGpu.open(cache)) {
      for (Backend backend : new Backend[] {cpu, gpu}) {
        CaseResult result = shared.run(backend, RunOptions.DEFAULT);
        assertThat(result.outcome())
            .as(backend.name() + ": " + result.reason())
            .isEqualTo(CaseOutcome.PASSED);
      }
    }
  }
}
