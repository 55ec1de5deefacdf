package dev.flopmeter.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ZooTest {
  static Stream<ZooModel> models() {
    return Zoo.all().stream();
  }

  @ParameterizedTest
  @MethodSource("models")
  void bindsEveryNetworkAtItsOwnShapesAndInABatch(ZooModel model) {
    Graph one = model.bind(Bindings.NONE);
    Graph three = model.bind(Bindings.ofBatch(3));
    assertThat(one.outputs()).isNotEmpty();
    for (String output : one.outputs()) {
      Shape single = one.requireType(output).shape();
      assertThat(three.requireType(output).shape()).isEqualTo(single.with(0, 3 * single.dim(0)));
    }
    assertThat(layers(three)).isEqualTo(layers(one));
    assertThat(weights(three)).isEqualTo(weights(one));
    assertThat(three.constants().keySet()).isEqualTo(one.constants().keySet());
    assertThat(Zoo.find(model.name())).isPresent();
    assertThat(model.description()).isNotBlank().doesNotContain("\n");
  }

  private static List<String> layers(Graph graph) {
    return graph.nodes().stream().map(node -> node.name() + " " + node.op()).toList();
  }

  /** The random constants; the others are target shapes, which contain the batch. */
  private static List<String> weights(Graph graph) {
    return graph.constants().values().stream()
        .filter(RandomTensor.class::isInstance)
        .map(Tensor::toString)
        .toList();
  }

  @Test
  void suggestsTheNearestName() {
    assertThatThrownBy(() -> Zoo.get("resnet-50")).hasMessageContaining("did you mean 'resnet50'?");
    assertThat(Zoo.find("resnet-50")).isEmpty();
  }

  @Test
  void refusesInputsTooSmallForTheNetwork() {
    Bindings odd = Bindings.NONE.withShape("input", Shape.of(1, 4, 224, 224));
    assertThatThrownBy(() -> Zoo.get("resnet18").bind(odd))
        .hasMessageStartingWith("resnet18: input 'input' is declared as 1x3x224x224");
  }
}
