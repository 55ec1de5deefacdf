package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.SharedData;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operators of ONNX Runtime, mostly in models of one node, with ONNX Runtime's outputs. */
class OperatorCasesTest {
  /** The MACs that {@code expected.txt} of a case states, with their formula. */
  private static final Pattern STATED = Pattern.compile("^MACs (\\d+)[:,] ");

  static List<String> cases() {
    return List.of(
        "DynamicQuantizeLSTM",
        "DynamicQuantizeMatMul",
        "GroupQueryAttention",
        "llama.nbits",
        "MatMulNBits-sym",
        "MoE",
        "MultiHeadAttention",
        "NhwcMaxPool",
        "QAttention",
        "QLinearAdd",
        "QLinearGlobalAveragePool",
        "QLinearSigmoid",
        "QLinearSoftmax",
        "RotaryEmbedding-ms");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void areRightOnBothBackends(String name, @TempDir Path cache) {
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

  @ParameterizedTest
  @MethodSource("cases")
  void areCountedWhole(String name) throws IOException {
    Path folder = SharedData.require("cases/operators/" + name);
    Matcher stated = STATED.matcher(Files.readString(folder.resolve("expected.txt")));
    assertThat(stated.lookingAt()).isTrue();
    OnnxModel model = OnnxModel.read(folder.resolve("model.onnx"));
    CaseData data = CaseData.read(model, folder.resolve("test_data_set_0"));
    Counts counts = Counter.standard().count(data.bind(model));
    assertThat(counts.uncounted()).isEmpty();
    assertThat(counts.totals().macs()).isEqualTo(Long.parseLong(stated.group(1)));
  }
}
