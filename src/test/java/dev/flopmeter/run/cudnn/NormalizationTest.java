package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** cuDNN's engine for normalisations and our own kernel: both are right, the faster one runs. */
class NormalizationTest {
  private static final int IMAGES = 1;
  private static final int CHANNELS = 3;
  private static final int PIXELS = 20;
  private static final TensorType VALUES = TensorType.of(DataType.FLOAT, IMAGES, CHANNELS, PIXELS);

  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @TempDir Path cache;

  /** Runs each operator once: {@code CACHE}; prints its kernel and whether its result is right. */
  public static void main(String[] arguments) {
    try (CudnnBackend backend = EmulatedGpu.open(Path.of(arguments[0]))) {
      for (String op : List.of("LayerNormalization", "RMSNormalization", "InstanceNormalization")) {
        boolean perChannel = op.startsWith("Instance");
        TensorType parameter = TensorType.of(DataType.FLOAT, perChannel ? CHANNELS : PIXELS);
        Tensor x = new RandomTensor(VALUES, 1, -1, 3);
        Tensor scale = new RandomTensor(parameter, 2, -1, 1);
        Tensor bias = new RandomTensor(parameter, 3, -1, 1);
        boolean hasBias = !op.startsWith("RMS");
        GraphBuilder builder = new GraphBuilder(op, 23);
        String in = builder.input("x", VALUES);
        String s = builder.constant("scale", scale);
        String result =
            hasBias
                ? builder.add(op, "step", Attributes.NONE, in, s, builder.constant("bias", bias))
                : builder.add(op, "step", Attributes.NONE, in, s);
        Graph graph = builder.build(List.of(result));
        try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
          Tensor y = Objects.requireNonNull(plan.run(Map.of("x", x)).get(result));
          boolean isRight = true;
          for (int row = 0; row < IMAGES * CHANNELS; row++) {
            isRight &= isRight(x, y, scale, hasBias ? bias : null, row, perChannel);
          }
          System.out.println(
              op
                  + (isRight ? " right by " : " wrong by ")
                  + Objects.requireNonNull(plan.steps().get(0).kernel()).algorithm());
        }
      }
    }
  }

  private static boolean isRight(
      Tensor x, Tensor y, Tensor scale, @Nullable Tensor bias, int row, boolean perChannel) {
    double mean = 0;
    double squares = 0;
    for (int i = 0; i < PIXELS; i++) {
      // Without a bias it is a root mean square normalisation
      mean += bias == null ? 0 : x.doubleAt(row * PIXELS + i) / PIXELS;
    }
    for (int i = 0; i < PIXELS; i++) {
      squares += Math.pow(x.doubleAt(row * PIXELS + i) - mean, 2) / PIXELS;
    }
    for (int i = 0; i < PIXELS; i++) {
      int p = perChannel ? row % CHANNELS : i;
      double value = (x.doubleAt(row * PIXELS + i) - mean) / Math.sqrt(squares + 1e-5);
      double expected = value * scale.doubleAt(p) + (bias == null ? 0 : bias.doubleAt(p));
      if (!(Math.abs(y.doubleAt(row * PIXELS + i) - expected) < 1e-5)) {
        return false;
      }
    }
    return true;
  }

  @ParameterizedTest
  @CsvSource({
    "slow@call:cuLaunchKernel:200ms, graph normalization engine",
    "slow@call:cudnnBackendExecute:200ms, normalize_rows"
  })
  void theFasterOfBothRuns(String fault, String kernel) throws Exception {
    String output =
        EmulatedGpu.output(
            NormalizationTest.class, Map.of("FLOPMETER_EMULATED_FAULT", fault), cache.toString());
    assertThat(output.lines().filter(line -> line.matches("\\w+ (right|wrong) by .*")))
        .as(output)
        .hasSize(3)
        .allSatisfy(line -> assertThat(line).contains(" right by ").contains(kernel));
  }
}
