package dev.flopmeter.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Shape;
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
    assertThat(three.nodes()).isEqualTo(one.nodes());
    assertThat(three.constants()).isEqualTo(one.constants());
    assertThat(Zoo.has(model.name())).isTrue();
    assertThat(model.description()).isNotBlank().doesNotContain("\n");
  }

  @Test
  void suggestsTheNearestName() {
    assertThatThrownBy(() -> Zoo.get("resnet-50")).hasMessageContaining("did you mean 'resnet50'?");
    assertThat(Zoo.has("resnet-50")).isFalse();
  }

  @Test
  void refusesInputsTooSmallForTheNetwork() {
    Bindings odd = Bindings.NONE.withShape("input", Shape.of(1, 4, 224, 224));
    assertThatThrownBy(() -> Zoo.get("resnet18").bind(odd))
        .hasMessageStartingWith("resnet18: input 'input' is declared as 1x3x224x224");
  }
}
