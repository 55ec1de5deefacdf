package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The driver reads uploaded data as late as allowed. */
class UploadsTest {
  @RegisterExtension static final BothBackends backends = new BothBackends();

  private static void assertAgree(Graph graph, Map<String, Tensor> inputs) {
    try (Plan expected = backends.reference().prepare(graph, RunOptions.DEFAULT);
        Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT)) {
      assertThat(Comparison.relativeL2(expected.run(inputs), plan.run(inputs))).isZero();
    }
  }

  @Test
  void anInputThatIsAnOutputIsAvailable() {
    GraphBuilder graph = new GraphBuilder("nothing", 17);
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 5));
    assertAgree(graph.build(List.of(x)), Map.of("x", Tensor.ofFloats(Shape.of(5), 1, 2, 3, 4, 5)));
  }

  @Test
  void valuesLargerThanTheStagingBufferKeepTheirParts() {
    TensorType type = TensorType.of(DataType.FLOAT, 3 << 20);
    GraphBuilder graph = new GraphBuilder("large", 17);
    String x = graph.input("x", type);
    graph.constant("c", new RandomTensor(type, 1, -1, 1));
    String y = graph.add("Sub", "difference", Attributes.NONE, x, "c");
    assertAgree(graph.build(List.of(y)), Map.of("x", new RandomTensor(type, 2, -1, 1)));
  }
}
