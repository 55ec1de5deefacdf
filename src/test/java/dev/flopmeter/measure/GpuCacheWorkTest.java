package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The steps that measure a GPU's L2, on the emulated GPU: the values they compute. */
class GpuCacheWorkTest {
  private static final int LAUNCHES = 64;

  @RegisterExtension static final EmulatedGpu GPU = new EmulatedGpu();

  /** Capacities of imaginary cards: one that divides evenly, and one that does not. */
  @ParameterizedTest
  @ValueSource(longs = {6 * 65_536, 100_003})
  void everyStepComputesAllOfItsValues(long capacity) {
    for (ProbeWork work : ProbeWork.cache(capacity)) {
      Graph graph = work.graph();
      Map<String, Tensor> inputs = RandomInputs.of(graph, 1);
      float[] x = floats(inputs.get("x"));
      try (Plan plan = GPU.backend().prepare(graph, RunOptions.DEFAULT.withFuse(false))) {
        assertThat(plan.steps()).as(work.name()).hasSize(LAUNCHES);
        Map<String, Tensor> outputs = plan.run(inputs);
        plan.load(inputs);
        assertThat(plan.timeSteps()).hasSize(LAUNCHES);
        outputs.forEach((name, output) -> assertThat(floats(output)).isEqualTo(expected(work, x)));
        assertThat(outputs).hasSize(work.name().equals("read") ? LAUNCHES : 1);
      }
      int arrays = Map.of("read", 1, "copy", 2, "add", 3).get(work.name());
      assertThat(work.amount()).isEqualTo((double) LAUNCHES * arrays * Float.BYTES * x.length);
      assertThat((double) arrays * Float.BYTES * x.length).isLessThanOrEqualTo(capacity);
    }
  }

  private static float[] expected(ProbeWork work, float[] x) {
    if (work.name().equals("read")) {
      float largest = Float.NEGATIVE_INFINITY;
      for (float one : x) {
        largest = Math.max(largest, one);
      }
      return new float[] {largest};
    }
    float[] y = x.clone();
    for (int i = 0; i < LAUNCHES; i++) {
      for (int j = 0; j < y.length; j++) {
        y[j] = work.name().equals("copy") ? -y[j] : y[j] + x[j];
      }
    }
    return y;
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.elements())];
    tensor.data().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }
}
