package dev.flopmeter.model.bind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EarlyVersionsTest {
  private static Attributes modern(int opset, String op, int outputs, Object... attributes) {
    List<String> results = List.of("y", "m", "v").subList(0, outputs);
    Node node =
        new Node("n", "", op, opset, List.of("x"), results, Attributes.of(attributes), Map.of());
    return EarlyVersions.modern(node).attributes();
  }

  @Test
  void aTypesNameBecomesItsNumber() {
    assertThat(modern(1, "Cast", 1, "to", "FLOAT16").integer("to")).isEqualTo(10);
    assertThat(modern(5, "Cast", 1, "to", "INT64").integer("to")).isEqualTo(7);
    assertThatThrownBy(() -> modern(1, "Cast", 1, "to", "HALF"))
        .isInstanceOf(ModelException.class)
        .hasMessage("tensor type 'HALF' is not one that ONNX defines");
  }

  @Test
  void aWholePowerBecomesAnInteger() {
    assertThat(modern(1, "LpPool", 1, "p", 3f).integer("p")).isEqualTo(3);
    assertThat(modern(1, "GlobalLpPool", 1, "p", 2f).integer("p")).isEqualTo(2);
    assertThat(modern(1, "LpPool", 1, "p", 2.5f).number("p")).isEqualTo(2.5f);
    assertThat(modern(1, "LpPool", 1).has("p")).isFalse();
  }

  @Test
  void scalesOfPicturesBecomeAList() {
    assertThat(modern(1, "Upsample", 1, "height_scale", 2f, "width_scale", 3f).numbers("scales"))
        .contains(List.of(1f, 1f, 2f, 3f));
    assertThatThrownBy(() -> modern(1, "Upsample", 1, "height_scale", 2f))
        .hasMessage("the attribute 'width_scale' is missing");
  }

  @Test
  void trainingIsAnAttribute() {
    String op = "BatchNormalization";
    assertThat(modern(6, op, 1).flag("training_mode", false)).isTrue();
    assertThat(modern(6, op, 1, "is_test", 1).flag("training_mode", false)).isFalse();
    assertThat(modern(9, op, 1).flag("training_mode", false)).isFalse();
    assertThat(modern(9, op, 3).flag("training_mode", false)).isTrue();
  }

  @Test
  void laterVersionsAreNotChanged() {
    assertThat(modern(15, "BatchNormalization", 3).has("training_mode")).isFalse();
    assertThat(modern(6, "Cast", 1, "to", 10).integer("to")).isEqualTo(10);
  }

  /** The nodes of an unrolled graph are bound twice. */
  @Test
  void modernNodesAreNotChanged() {
    assertThat(modern(1, "Cast", 1, "to", 10).integer("to")).isEqualTo(10);
    assertThat(modern(1, "LpPool", 1, "p", 3).integer("p")).isEqualTo(3);
  }
}
