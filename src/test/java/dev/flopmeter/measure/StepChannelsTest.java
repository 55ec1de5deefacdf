package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.run.Step;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StepChannelsTest {
  private static @Nullable Channels first(String model, Predicate<Node> which) {
    Graph graph = Zoo.get(model).bind(Bindings.NONE);
    Node node = graph.nodes().stream().filter(which).findFirst().orElseThrow();
    KernelInfo kernel = new KernelInfo("any", null, null, null);
    Step step = new Step(node.name(), node.op(), List.of(node.name()), kernel);
    return new StepChannels(graph, new GraphLinks(graph)).of(step);
  }

  @Test
  void aConvolutionHasTheChannelsOfItsWeights() {
    assertThat(first("resnet18", node -> node.op().equals("Conv")))
        .isEqualTo(new Channels(3, 64, null, 112L * 112));
  }

  @Test
  void aFullyConnectedLayerHasChannelsInEveryLayoutOfItsWeights() {
    assertThat(first("resnet18", node -> node.op().equals("Gemm")))
        .isEqualTo(new Channels(512, 1000, null, 1L));
  }

  @Test
  void aDepthwiseConvolutionHasAGroupForEachChannel() {
    assertThat(first("mobilenet_v2", node -> node.attributes().integer("group", 1) > 1))
        .isEqualTo(new Channels(32, 32, 32L, 112L * 112));
  }

  @Test
  void otherOperatorsHaveNone() {
    assertThat(first("resnet18", node -> node.op().equals("MaxPool"))).isNull();
  }
}
