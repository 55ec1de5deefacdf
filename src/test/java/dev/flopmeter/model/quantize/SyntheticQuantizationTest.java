package dev.flopmeter.model.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.zoo.Zoo;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A float network becomes one like those that quantisers write. */
class SyntheticQuantizationTest {
  private static final TensorType WEIGHTS = TensorType.of(DataType.FLOAT, 4, 4);

  /** {@code x * w} of 4 x 4 matrices. */
  private static Graph product(float... weights) {
    GraphBuilder graph = new GraphBuilder("product", 17);
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 2, 4));
    String w = graph.constant("w", Tensor.ofFloats(WEIGHTS.shape(), weights));
    return graph.build(List.of(graph.add("MatMul", "y", Attributes.NONE, x, w)));
  }

  private static final float[] NUMBERS = {1, -2, 0, 8, 0.5f, 4, 0, -8, -1, 0, 0, 2, 0.25f, 1, 0, 1};

  private static Tensor constant(Graph graph, String name) {
    return graph.constant(name).orElseThrow();
  }

  @Test
  void weightsHaveOneScalePerOutputAndActivationsOne() {
    SyntheticQuantization found = SyntheticQuantization.of(product(NUMBERS), DataType.INT8);
    Graph quantized = found.quantized(Map.of("x/range", Tensor.ofFloats(Shape.SCALAR, 25.4f)));
    assertThat(constant(quantized, "x/scale").doubleAt(0)).isEqualTo(25.4f / 127, within());
    assertThat(constant(quantized, "w/scale/1").toFloats())
        .containsExactly(1f / 127, 4f / 127, 1, 8f / 127);
    assertThat(constant(quantized, "w/quantized/1").toLongs())
        .containsExactly(127, -64, 0, 127, 64, 127, 0, -127, -127, 0, 0, 32, 32, 32, 0, 16);
    Node main = Objects.requireNonNull(new GraphLinks(quantized).node("y"));
    assertThat(main.inputs()).containsExactly("y/dequantized", "y/weights");
    assertThat(quantized.constants()).doesNotContainKey("w");
  }

  private static Offset<Double> within() {
    return Offset.offset(1e-7);
  }

  @Test
  void eightBitFloatsReach448() {
    Graph quantized =
        SyntheticQuantization.of(product(NUMBERS), DataType.FLOAT8E4M3FN).uncalibrated(true);
    assertThat(constant(quantized, "w/quantized/1").toDoubles())
        .startsWith(448, -224, 0, 448, 224, 448, 0, -448);
  }

  @Test
  void aRangeThatIsNoNumberIsRefused() {
    SyntheticQuantization found = SyntheticQuantization.of(product(NUMBERS), DataType.INT8);
    assertThatThrownBy(
            () -> found.quantized(Map.of("x/range", Tensor.ofFloats(Shape.SCALAR, Float.NaN))))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("'x' reaches NaN");
  }

  @Test
  void theRangesAreTheLargestMagnitudes() {
    Graph ranges = SyntheticQuantization.of(product(NUMBERS), DataType.INT8).ranges();
    assertThat(ranges.outputs()).containsExactly("x/range");
    assertThat(ranges.requireType("x/range").shape()).isEqualTo(Shape.SCALAR);
  }

  /** MACs and parameters are the network's; each weight that is read has one byte. */
  @ParameterizedTest
  @ValueSource(strings = {"resnet18", "mobilenet_v2", "bert-base"})
  void countsAreTheNetworksInNarrowerBytes(String name) {
    Graph graph = Zoo.get(name).bind(Bindings.NONE);
    Counts floats = Counter.standard().count(graph);
    Counts narrow =
        Counter.standard()
            .count(SyntheticQuantization.of(graph, DataType.INT8).uncalibrated(false));
    assertThat(narrow.totals().macs()).isEqualTo(floats.totals().macs());
    assertThat(narrow.totals().params()).isEqualTo(floats.totals().params());
    assertThat(narrow.totals().bytesRead()).isLessThan(floats.totals().bytesRead());
    assertThat(Objects.requireNonNull(narrow.bytesByType().get(DataType.INT8)).read())
        .isGreaterThan(floats.totals().params() / 4);
  }

  @Test
  void aQuantisedNetworkIsNotQuantisedAgain() {
    Graph once = SyntheticQuantization.of(product(NUMBERS), DataType.INT8).uncalibrated(true);
    assertThat(SyntheticQuantization.isQuantized(once, DataType.INT8)).isTrue();
    assertThat(SyntheticQuantization.isQuantized(once, DataType.FLOAT8E4M3FN)).isFalse();
    assertThatThrownBy(() -> SyntheticQuantization.of(once, DataType.FLOAT8E4M3FN))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("is already quantised");
  }

  @ParameterizedTest
  @CsvSource({"3, 8, true", "4, 8, true", "6, 8, false", "8, 6, false"})
  void channelsComeInFoursOrAreAnImages(long channels, long outputs, boolean isQuantised) {
    GraphBuilder builder = new GraphBuilder("convolution", 17);
    String x = builder.input("x", TensorType.of(DataType.FLOAT, 1, channels, 5, 5));
    Shape shape = Shape.of(outputs, channels, 3, 3);
    String w = builder.constant("w", Tensor.ofFloats(shape, new float[(int) shape.elements()]));
    Graph graph = builder.build(List.of(builder.add("Conv", "y", Attributes.NONE, x, w)));
    if (isQuantised) {
      assertThat(SyntheticQuantization.of(graph, DataType.INT8).nodes()).containsExactly("y");
    } else {
      assertThatThrownBy(() -> SyntheticQuantization.of(graph, DataType.INT8))
          .hasMessageContaining("nothing can be quantised to int8");
    }
  }
}
