package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.Flopmeter;
import dev.flopmeter.SharedData;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.onnx.OnnxModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small models from other people's bug reports, with the right numbers. */
class SharedCasesTest {
  private static OnnxModel model(String name) {
    return OnnxModel.read(SharedData.require("cases/" + name));
  }

  private static Counts count(String name) {
    return Flopmeter.count(model(name), Bindings.NONE);
  }

  @ParameterizedTest
  @CsvSource({
    "shared-weights/identity.onnx, 100",
    "shared-weights/n_transpose.onnx, 100",
    "shared-weights/n_same.onnx, 100",
    "shared-weights/tied.onnx, 1856",
    "shared-weights/p_expand.onnx, 16",
    "fake-quantised/fakeq.onnx, 2048",
    "fake-quantised/fq_gemm.onnx, 128",
    "fake-quantised/fq_none.onnx, 112",
    "parameters/folded_zeros.onnx, 0",
    "parameters/position_table.onnx, 32768",
    "big/emb.onnx, 671088640"
  })
  void parameters(String name, long right) {
    assertThat(count(name).totals().params()).isEqualTo(right);
  }

  @Test
  void workOnConstantsCostsNothing() {
    assertThat(count("fake-quantised/fakeq.onnx").totals().flops()).isEqualTo(2 * 5 * 64 * 32);
    assertThat(count("fake-quantised/fq_gemm.onnx").totals().flops()).isEqualTo(2 * 2 * 16 * 8);
  }

  @Test
  void padding() {
    assertThat(count("rnn/LSTMseqlens.onnx").totals().macs())
        .isEqualTo(4 * (7 + 3 + 1) * 8 * (4 + 8));
  }

  @Test
  void traceAndDiagonal() {
    assertThat(count("einsum/trace.onnx").totals().flops()).isEqualTo(5 - 1);
    assertThat(count("einsum/diag.onnx").totals().flops()).isZero();
  }

  @Test
  void aBatchIsAppliedOrRefused() {
    OnnxModel fixed = model("batch/fixed2.onnx"); // outside of the lambdas, which cannot skip
    OnnxModel scalar = model("batch/scalar_in.onnx");
    assertThatThrownBy(() -> fixed.bind(Bindings.ofBatch(8)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("no input follows the batch 8: 'x' is 2x16");
    assertThatThrownBy(() -> scalar.bind(Bindings.ofBatch(8)))
        .hasMessageContaining("'x' is a scalar");
    assertThat(fixed.bind(Bindings.NONE).batch()).isEqualTo(2);
    assertThat(scalar.bind(Bindings.NONE).batch()).isEqualTo(1);
  }

  /** 20 steps of 4 values, sequence first, into 8 hidden values. */
  @Test
  void aSequenceFirstInputTakesTheBatchInItsSecondDimension() {
    OnnxModel model = model("batch/tm.onnx");
    assertThat(model.bind(Bindings.NONE).batch()).isEqualTo(1);
    Graph graph = model.bind(Bindings.ofBatch(6));
    assertThat(graph.batch()).isEqualTo(6);
    assertThat(graph.requireType("x").shape()).hasToString("20x6x4");
    assertThat(Flopmeter.count(graph).totals().macs()).isEqualTo(6 * 4 * 20 * 8 * (4 + 8));
  }

  @Test
  void sayInTheResultThatAFileIsMissing() {
    Counts counts = count("big/emb.onnx");
    assertThat(counts.notes())
        .containsExactly("The file 'w.bin' is missing: shapes alone gave these numbers.");
    OnnxModel big = model("big/emb.onnx");
    assertThatThrownBy(() -> big.bind(Bindings.NONE).requireValues())
        .hasMessage(
            "tensor 'w': the external data 'w.bin' does not exist; it can be" + " counted only");
  }

  /** The cache's links are created here, because a copy of it may contain files instead. */
  @Test
  void readsTheLinksOfACache(@TempDir Path hub) throws IOException {
    Path blobs = Files.createDirectory(hub.resolve("blobs"));
    for (String blob : new String[] {"m1", "d1"}) {
      Files.copy(SharedData.require("cases/links/hub/blobs/" + blob), blobs.resolve(blob));
    }
    Path folder = Files.createDirectories(hub.resolve("snapshots/abc/onnx"));
    Path up = Path.of("..", "..", "..", "blobs");
    Path model = Files.createSymbolicLink(folder.resolve("model.onnx"), up.resolve("m1"));
    Files.createSymbolicLink(folder.resolve("model.onnx_data"), up.resolve("d1"));
    Counts counts = Flopmeter.count(OnnxModel.read(model), Bindings.NONE);
    assertThat(counts.totals().macs()).isEqualTo(2 * 64 * 64);
    assertThat(counts.notes()).isEmpty();
  }
}
