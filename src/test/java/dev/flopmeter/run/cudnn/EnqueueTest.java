package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.cudnn.execute.CudnnPlan;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The host's part of a pass: its launches, and the time to enqueue them. */
class EnqueueTest {
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();
  @TempDir Path cache;

  @Test
  void resnet50IsOneLaunchPerConvolutionAndLittleElse() {
    Graph graph = Zoo.get("resnet50").bind(Bindings.ofBatch(1));
    RunOptions options = RunOptions.DEFAULT.withPrecision(Precision.FP16).withLayout(Layout.NHWC);
    try (CudnnPlan plan = (CudnnPlan) emulated.backend().prepare(graph, options)) {
      double shortest = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 200; i++) {
        shortest = Math.min(shortest, plan.timeEnqueue());
      }
      System.out.printf(
          "ResNet-50: %d steps, host time to enqueue one pass %.1f us%n",
          plan.steps().size(), shortest * 1e6);
      // 53 convolutions and the fully connected layer, two poolings, and the widened image.
      assertThat(plan.steps()).hasSizeLessThanOrEqualTo(53 + 1 + 2 + 2);
      assertThat(plan.steps())
          .filteredOn(step -> step.op().startsWith("Conv"))
          .allMatch(step -> step.kernel().algorithm().startsWith("fused"));
    }
  }

  @Test
  void measuredLayoutsStillGiveEveryNodeItsStep() {
    // A flattened value stays where it was: nothing is launched, so there is no step.
    Set<String> views = Set.of("Flatten");
    Graph graph = Zoo.get("resnet18").bind(Bindings.ofBatch(1));
    try (CudnnBackend backend = EmulatedGpu.openMeasuring(cache);
        CudnnPlan plan = (CudnnPlan) backend.prepare(graph, RunOptions.DEFAULT)) {
      assertThat(plan.steps().stream().map(Step::nodes).flatMap(List::stream))
          .containsExactlyInAnyOrderElementsOf(
              graph.nodes().stream()
                  .filter(node -> !views.contains(node.op()))
                  .map(Node::name)
                  .toList());
    }
  }
}
