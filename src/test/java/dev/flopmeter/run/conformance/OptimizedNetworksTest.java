package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random image networks after ONNX Runtime's optimiser: the same number of MACs as before, and the
 * same results. {@code -Dsweep.seed=N -Dsweep.cases=1} repeats one.
 */
class OptimizedNetworksTest {
  private static final int CASES = Integer.getInteger("sweep.cases", 4);
  private static final long FIRST_SEED = Long.getLong("sweep.seed", 1);
  private static final Tolerance TOLERANCE = new Tolerance(1e-3, 1e-4, 1e-4);

  /** A network that is built layer by layer; every convolution's output has its own name. */
  private static final class Network {
    private final Random random;
    private final GraphBuilder graph = new GraphBuilder("drawn", 17);
    private long channels = 3;
    private String last = "x";
    private int layers;

    Network(long seed) {
      random = new Random(seed * 0x9E3779B97F4A7C15L);
      graph.input("x", TensorType.of(DataType.FLOAT, 1 + random.nextInt(2), 3, 20, 24));
    }

    private String weights(long... dims) {
      String name = "w" + layers++;
      TensorType type = TensorType.of(DataType.FLOAT, dims);
      long fanIn = Math.max(1, type.elements() / dims[0]);
      return graph.constant(name, RandomTensor.weights(type, random.nextLong(), fanIn));
    }

    private void add(String op, Attributes attributes, String... inputs) {
      last = graph.add(op, op + layers++, attributes, inputs);
    }

    private void convolution(long out, long kernel, long stride, long group) {
      String w = weights(out, channels / group, kernel, kernel);
      String bias = weights(out);
      long pad = kernel / 2;
      Attributes attributes =
          Attributes.of(
              "pads", new long[] {pad, pad, pad, pad},
              "strides", new long[] {stride, stride},
              "group", group);
      add("Conv", attributes, last, w, bias);
      channels = out;
      switch (random.nextInt(5)) {
        case 0 -> add("Relu", Attributes.NONE, last);
        case 1 -> add("Sigmoid", Attributes.NONE, last);
        case 2 -> add("LeakyRelu", Attributes.of("alpha", 0.1f), last);
        case 3 -> {
          String low = graph.constant("low" + layers, Tensor.ofFloats(Shape.SCALAR, 0));
          String high = graph.constant("high" + layers, Tensor.ofFloats(Shape.SCALAR, 6));
          add("Clip", Attributes.NONE, last, low, high);
        }
        default -> {}
      }
    }

    private long drawnChannels() {
      return 4L * (1 + random.nextInt(12));
    }

    private void block() {
      switch (random.nextInt(6)) {
        case 0 -> convolution(drawnChannels(), 3, 1 + random.nextInt(2), 1);
        case 1 -> convolution(channels, 3, 1, channels);
        case 2 -> convolution(drawnChannels(), 1, 1, 1);
        case 3 -> {
          String before = last;
          convolution(channels, 3, 1, 1);
          add("Add", Attributes.NONE, last, before);
        }
        case 4 -> pool(random.nextBoolean() ? "MaxPool" : "AveragePool");
        default -> {
          String before = last;
          long held = channels;
          convolution(16L * (1 + random.nextInt(2)), 1, 1, 1);
          add("Concat", Attributes.of("axis", 1L), last, before);
          channels += held;
        }
      }
    }

    private void pool(String op) {
      Attributes window =
          Attributes.of("kernel_shape", new long[] {2, 2}, "pads", new long[] {0, 0, 1, 1});
      add(op, window, last);
    }

    Graph build() {
      // 3 blocks of 8 without AVX-512: multiples of 16 alone would not reveal the size of a block.
      convolution(24, 3, 1 + random.nextInt(2), 1);
      for (int i = random.nextInt(6); i >= 0; i--) {
        block();
      }
      if (random.nextBoolean()) {
        add("GlobalAveragePool", Attributes.NONE, last);
      }
      return graph.build(List.of(last));
    }
  }

  private static Graph optimized(Graph graph, OptLevel level, Path file) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(level);
      options.setOptimizedModelFilePath(file.toString());
      byte[] model = OnnxRuntime.bytes(graph);
      OrtEnvironment.getEnvironment().createSession(model, options).close();
    }
    return OnnxModel.read(file).bind(Bindings.NONE);
  }

  @Test
  void keepTheirWorkAndTheirResults(@TempDir Path folder) throws OrtException {
    List<String> wrong = new ArrayList<>();
    Set<String> met = new TreeSet<>();
    try (Backend cpu = DjlBackend.open();
        Backend gpu = EmulatedGpu.open(folder)) {
      for (long seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
        Graph plain = new Network(seed).build();
        Tensor x = new RandomTensor(plain.requireType("x"), seed, -1, 1);
        Map<String, Tensor> expected = OnnxRuntime.run(plain, Map.of("x", x));
        Long params = null;
        for (OptLevel level : List.of(OptLevel.EXTENDED_OPT, OptLevel.ALL_OPT)) {
          Graph graph = optimized(plain, level, folder.resolve(seed + "." + level + ".onnx"));
          graph.nodes().forEach(node -> met.add(node.qualifiedOp()));
          String what = "seed " + seed + ", " + level;
          Counts counts = Counter.standard().count(graph);
          long macs = Counter.standard().count(plain).totals().macs();
          if (counts.totals().macs() != macs || !counts.uncounted().isEmpty()) {
            wrong.add(what + ": " + counts.totals().macs() + " MACs, not " + macs);
          }
          // Only the last level uses blocks of channels; their padding is not a parameter.
          params = params == null ? counts.totals().params() : params;
          if (counts.totals().params() != params) {
            wrong.add(what + ": " + counts.totals().params() + " parameters, not " + params);
          }
          for (Backend backend : List.of(cpu, gpu)) {
            try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
              Map<String, Tensor> actual = plan.run(Map.of("x", x));
              expected.forEach(
                  (name, tensor) ->
                      TOLERANCE
                          .difference(tensor, actual.get(name))
                          .ifPresent(text -> wrong.add(what + " " + backend.name() + ": " + text)));
            } catch (RuntimeException e) {
              wrong.add(what + " " + backend.name() + ": " + e);
            }
          }
        }
      }
    }
    System.out.println(CASES + " networks from seed " + FIRST_SEED + " on: " + met);
    assertThat(wrong).isEmpty();
    assertThat(met).anyMatch(op -> op.startsWith("com.microsoft.nchwc:"));
  }
}
