package dev.flopmeter.run.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.SharedData;
import dev.flopmeter.count.Counter;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.trace.Trace.Kernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class TorchTraceTest {
  @TempDir Path folder;
  private final List<String> events = new ArrayList<>();

  /** An operator on thread 1, its times in microseconds. */
  private TorchTraceTest op(String name, int start, int micros, String facts) {
    events.add(
        String.format(
            Locale.ROOT,
            "{\"ph\":\"X\",\"cat\":\"cpu_op\",\"name\":\"aten::%s\",\"pid\":7,\"tid\":1,\"ts\":%d,"
                + "\"dur\":%d,\"args\":{%s}}",
            name,
            start,
            micros,
            facts));
    return this;
  }

  private TorchTraceTest linear(int start, int in, int out) {
    return op(
        "linear",
        start,
        9,
        "\"Input Dims\":[[1,"
            + in
            + "],["
            + out
            + ","
            + in
            + "],["
            + out
            + "]],\"Input type\":[\"float\"]");
  }

  /** Products in sequence, with a ReLU after each, and their work. */
  private record Layers(Graph graph, Map<String, Long> macs) {
    static Layers of(int... widths) {
      GraphBuilder net = new GraphBuilder("layers", 20);
      Map<String, Long> macs = new HashMap<>();
      net.input("x", TensorType.of(DataType.FLOAT, 1, widths[0]));
      String value = "x";
      for (int i = 1; i < widths.length; i++) {
        int in = widths[i - 1];
        net.constant(
            "w" + i, RandomTensor.weights(TensorType.of(DataType.FLOAT, in, widths[i]), i, in));
        net.add("MatMul", "product" + i, Attributes.NONE, value, "w" + i);
        net.add("Relu", "relu" + i, Attributes.NONE, "product" + i);
        macs.put("product" + i, (long) in * widths[i]);
        value = "relu" + i;
      }
      return new Layers(net.build(List.of(value)), macs);
    }

    Trace read(Path file) {
      return TraceFiles.read(List.of(file), graph, macs).trace();
    }
  }

  private Trace read(Layers model) throws IOException {
    Path file = folder.resolve("trace.json");
    Files.writeString(
        file, "{\"schemaVersion\":1,\"traceEvents\":[" + String.join(",", events) + "]}");
    return model.read(file);
  }

  private static Trace read(String sample, String network, int batch) {
    Model model = Zoo.get(network);
    Graph graph = model.bind(Bindings.ofBatch(batch));
    Map<String, Long> macs = new HashMap<>();
    Counter.standard()
        .count(model, graph)
        .layers()
        .forEach(layer -> macs.put(layer.name(), layer.cost().macs()));
    return new Layers(graph, macs).read(SharedData.require("runtimes/" + sample));
  }

  @Test
  void readsTheSampleOfACpuWithoutAModelOfItsOwn() {
    Trace trace = read("torch_cpu_small.json", "alexnet", 1);
    assertThat(trace.isGpu()).isFalse();
    assertThat(trace.precision()).isEqualTo(Precision.FP32);
    assertThat(trace.kernels().stream().map(Kernel::name))
        .containsSubsequence("aten::conv2d", "aten::relu", "aten::flatten", "aten::linear");
    assertThat(trace.kernels().get(0).seconds().get(0)).isCloseTo(255.004e-6, within(1e-12));
  }

  @Test
  void eventsWithoutTheObjectAroundThemTellTheSame() throws IOException {
    Layers model = Layers.of(3, 4);
    linear(0, 3, 4);
    Trace whole = read(model);
    Path alone = folder.resolve("events.json");
    Files.writeString(alone, "[" + String.join(",", events) + "]");
    assertThat(model.read(alone)).isEqualTo(whole);
  }

  @Test
  void readsTheSampleOfAnA100WhichHasNoShapes() {
    Trace trace = read("kineto_alexnet.json.gz", "alexnet", 128);
    assertThat(trace.deviceName()).isEqualTo("NVIDIA A100-PG509-200");
    assertThat(trace.precision()).isEqualTo(Precision.TF32);
    assertThat(trace.passSeconds()).as("the first of two passes set cuDNN up").hasSize(1);
    List<String> products = List.of("aten::conv2d", "aten::linear");
    assertThat(
            trace.kernels().stream()
                .filter(kernel -> products.contains(kernel.name()))
                .flatMap(kernel -> kernel.nodes().stream()))
        .containsExactly(
            "features.0",
            "features.3",
            "features.6",
            "features.8",
            "features.10",
            "classifier.1",
            "classifier.4",
            "classifier.6");
    assertThat(trace.kernels().get(0).seconds().get(0))
        .as("kernels of the first convolution and of its bias, by hand: 4 + 1034 + 187")
        .isCloseTo(1225e-6, within(5e-6));
  }

  @Test
  void theBenchmarkFlagOfCudnnDoesNotTransposeAConvolution() {
    TorchOp convolution =
        TorchOp.of(
            "aten::cudnn_convolution",
            0,
            1,
            JsonMapper.shared()
                .readTree(
                    """
                    {"Input Dims": [[1, 3, 8, 8], [4, 3, 3, 3], [], [], [], [], []],
                     "Concrete Inputs": ["", "", "[0, 0]", "[2, 2]", "[1, 1]", "1", "True"]}
                    """));
    assertThat(convolution.macs()).isEqualTo(4 * (3 * 3) * (3 * 3 * 3));
  }

  @Test
  void passesAreToldByTheModelsWork() throws IOException {
    for (int i = 0; i < 12; i++) {
      linear(100 * i, 8, 8).op("relu", 100 * i + 10, 5, "");
    }
    Trace trace = read(Layers.of(8, 8, 8, 8));
    assertThat(trace.kernels()).as("three layers, although one repeats twelve times").hasSize(6);
    assertThat(trace.passSeconds()).as("four passes, of which the first is a warm-up").hasSize(3);
    assertThat(trace.passSeconds().get(0)).isEqualTo(215e-6);
    assertThat(trace.kernels().get(0).seconds()).containsOnly(9e-6);
  }

  @Test
  void anOperatorThatTheExportDecomposedTakesAllOfItsNodes() throws IOException {
    linear(0, 8, 8).op("silu_", 10, 5, "").op("detach", 16, 1, "").linear(20, 8, 8);
    GraphBuilder net = new GraphBuilder("silu", 20);
    net.input("x", TensorType.of(DataType.FLOAT, 1, 8));
    net.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 8), 1, 8));
    net.add("MatMul", "one", Attributes.NONE, "x", "w");
    net.add("Sigmoid", "sigmoid", Attributes.NONE, "one");
    net.add("Mul", "silu", Attributes.NONE, "one", "sigmoid");
    net.add("MatMul", "two", Attributes.NONE, "silu", "w");
    Trace trace = read(new Layers(net.build(List.of("two")), Map.of("one", 64L, "two", 64L)));
    assertThat(trace.kernels().stream().map(Kernel::nodes))
        .containsExactly(List.of("one"), List.of("sigmoid", "silu"), List.of(), List.of("two"));
    assertThat(trace.kernels().get(2).op()).as("only changes the form").isEqualTo("Identity");
  }

  @Test
  void theKernelsOfACudaGraphAreOneStep() throws IOException {
    op("copy_", 0, 1, "");
    for (int pass = 0; pass < 2; pass++) {
      int start = 100 * pass;
      events.add(
          String.format(
              Locale.ROOT,
              "{\"ph\":\"X\",\"cat\":\"cuda_runtime\",\"name\":\"cudaGraphLaunch\",\"pid\":7,"
                  + "\"tid\":1,\"ts\":%d,\"dur\":3,\"args\":{\"correlation\":%d}}",
              start + 5,
              pass));
      for (int kernel = 0; kernel < 3; kernel++) {
        events.add(
            String.format(
                Locale.ROOT,
                "{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"gemm\",\"pid\":0,\"tid\":7,"
                    + "\"ts\":%d,\"dur\":4,\"args\":{\"correlation\":%d}}",
                start + 10 + 5 * kernel,
                pass));
      }
    }
    Trace trace = read(Layers.of(8, 8, 8));
    assertThat(trace.passSeconds()).containsExactly(14e-6, 14e-6);
    Kernel graph = trace.kernels().get(0);
    assertThat(graph.nodes()).containsExactly("product1", "product2");
    assertThat(graph.seconds().get(0)).isCloseTo(12e-6, within(1e-12));
  }

  @Test
  void layersInAnotherOrderAreStillMatched() throws IOException {
    linear(0, 8, 32).linear(10, 16, 8).linear(20, 32, 8).linear(30, 8, 16);
    Trace trace = read(Layers.of(8, 16, 8, 32, 8));
    assertThat(trace.kernels().stream().flatMap(kernel -> kernel.nodes().stream()))
        .hasSize(4)
        .doesNotHaveDuplicates();
    assertThat(trace.notes()).anyMatch(note -> note.contains("another order"));
    assertThat(
            trace.kernels().stream()
                .flatMap(kernel -> kernel.seconds().stream())
                .mapToDouble(Double::doubleValue)
                .sum())
        .as("no time is lost")
        .isCloseTo(36e-6, within(1e-12));
  }

  @Test
  void aFailedReadSaysWhatToDo() throws IOException {
    Path file = folder.resolve("trace.json");
    Map<String, String> bad =
        Map.of(
            "{\"traceEvents\":[]}",
            "holds no operators",
            "{\"traceEvents\":[{\"ph\":\"X\"",
            "cut off",
            "{\"traceEvents\":[{\"ph\":\"X\",\"cat\":\"cpu_op\",\"name\":\"aten::relu\",\"ts\":1,"
                + "\"dur\":1,\"args\":{}}]}",
            "no convolution or matrix product",
            "{\"traceEvents\":[{\"ph\":\"X\",\"cat\":\"cpu_op\",\"name\":\"aten::mm\",\"ts\":1,"
                + "\"dur\":-1,\"args\":{}}]}",
            "'dur' -1; it must be a number from 0",
            "{\"traceEvents\":[{\"ph\":\"X\",\"cat\":\"cpu_op\",\"name\":\"aten::mm\",\"ts\":1,"
                + "\"dur\":9e18,\"args\":{}}]}",
            "'dur' 9.0E18; it must be a number from 0 to 1E+12");
    for (Map.Entry<String, String> one : bad.entrySet()) {
      Files.writeString(file, one.getKey());
      assertThatThrownBy(() -> Layers.of(8, 8).read(file))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining(one.getValue())
          .hasMessageContaining("trace.json");
    }
    linear(0, 8, 8);
    events.add(events.get(0).replace("\"pid\":7", "\"pid\":8"));
    assertThatThrownBy(() -> read(Layers.of(8, 8))).hasMessageContaining("ranks");
  }
}
