package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * FP32 means that no operand is rounded, regardless of an engine's notes: a product, a convolution
 * and a transposed convolution with operands that TF32 would change.
 */
class Fp32Test {
  /**
   * Each operand is 1 + 2^-12, which TF32 rounds to 1, so that its result would be this much lower.
   */
  private static final double LOST = 1 - 1 / ((1 + 0x1p-12) * (1 + 0x1p-12));

  private static final Map<String, List<TensorType>> OPERATORS =
      Map.of(
          "MatMul", List.of(type(3, 8, 16), type(3, 16, 8)),
          "Conv", List.of(type(1, 8, 6, 6), type(8, 8, 3, 3)),
          "ConvTranspose", List.of(type(1, 8, 6, 6), type(8, 8, 3, 3)));

  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @TempDir Path cache;

  private static TensorType type(long... dims) {
    return TensorType.of(DataType.FLOAT, dims);
  }

  /** Runs one operator: {@code OPERATOR PRECISION CACHE}; prints the loss and the kernels. */
  public static void main(String[] arguments) {
    List<TensorType> types = Objects.requireNonNull(OPERATORS.get(arguments[0]));
    GraphBuilder builder = new GraphBuilder("fp32", 17);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    String x = builder.input("x", types.get(0));
    inputs.put(x, fine(types.get(0)));
    boolean isProduct = arguments[0].equals("MatMul");
    String w =
        isProduct ? builder.input("w", types.get(1)) : builder.constant("w", fine(types.get(1)));
    if (isProduct) {
      inputs.put(w, fine(types.get(1)));
    }
    Graph graph = builder.build(List.of(builder.add(arguments[0], "step", Attributes.NONE, x, w)));
    Precision precision = Precision.valueOf(arguments[1].toUpperCase(Locale.ROOT));
    try (CudnnBackend backend = EmulatedGpu.open(Path.of(arguments[2]));
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
      Tensor result = Objects.requireNonNull(plan.run(inputs).get(graph.outputs().get(0)));
      double right = Math.rint(result.doubleAt(0)) * (1 + 0x1p-12) * (1 + 0x1p-12);
      System.out.printf(
          "%.2f of it lost by %s%n",
          (1 - result.doubleAt(0) / right) / LOST,
          plan.steps().stream()
              .map(Step::kernel)
              .map(kernel -> kernel == null ? "-" : kernel.algorithm() + " " + kernel.math())
              .collect(Collectors.joining(", ")));
    }
  }

  private static Tensor fine(TensorType type) {
    return FilledTensor.of(type, 1 + 0x1p-12);
  }

  @ParameterizedTest
  @CsvSource({
    "MatMul, fp32, '', 0.00 of it lost by graph matmul",
    "MatMul, tf32, '', of it lost by graph matmul",
    "MatMul, fp32, secret-tf32, 0.00 of it lost by ptx:matmul",
    "Conv, fp32, '', 0.00 of it lost by graph convolution",
    "Conv, fp32, secret-tf32, 0.00 of it lost by ptx:convolve",
    "ConvTranspose, fp32, '', 0.00 of it lost by graph ",
    "ConvTranspose, fp32, secret-tf32, 0.00 of it lost by ptx:convolve",
  })
  void noOperandIsRounded(String operator, String precision, String fault, String outcome)
      throws IOException, InterruptedException {
    // Without a handle NVIDIA's planner has no exact engine for a product: our own kernel runs.
    assertThat(run(operator, precision, fault))
        .contains(EmulatedGpu.isJudged() ? outcome.substring(0, outcome.indexOf(" by ")) : outcome);
  }

  /** Whether an engine rounds depends on more than the versions in the cache. */
  @Test
  void planFromTheCacheIsTriedAgain() throws IOException, InterruptedException {
    assertThat(run("Conv", "fp32", "")).contains("0.00 of it lost by graph convolution");
    assertThat(run("Conv", "fp32", "secret-tf32")).contains("0.00 of it lost by ptx:convolve");
  }

  private String run(String operator, String precision, String fault)
      throws IOException, InterruptedException {
    return EmulatedGpu.output(
        Fp32Test.class,
        Map.of("FLOPMETER_EMULATED_FAULT", fault),
        operator,
        precision,
        cache.toString());
  }
}
