package dev.flopmeter.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BindingsTest {
  private static final ValueInfo TOKENS =
      new ValueInfo("tokens", DataType.INT64, List.of(Dim.named("batch"), Dim.named("sequence")));
  private static final ValueInfo IMAGE =
      ValueInfo.of("image", TensorType.of(DataType.FLOAT, 1, 3, 8, 8));

  private static Bindings dims(Map<String, Long> dims) {
    return new Bindings(Map.of(), OptionalLong.empty(), dims, Map.of());
  }

  private static Shape shape(Bindings bindings, ValueInfo input) {
    return bindings.resolve(List.of(input)).get(input.name()).shape();
  }

  @Test
  void batchReplacesAFreeOrSingleLeadingDimension() {
    assertThat(shape(Bindings.ofBatch(4), IMAGE)).isEqualTo(Shape.of(4, 3, 8, 8));
    ValueInfo free = new ValueInfo("x", DataType.FLOAT, List.of(Dim.ANY, Dim.of(1)));
    assertThat(shape(Bindings.ofBatch(4), free)).isEqualTo(Shape.of(4, 1));
    assertThat(shape(Bindings.NONE, IMAGE)).isEqualTo(Shape.of(1, 3, 8, 8));
  }

  @Test
  void batchLeavesALargerLeadingDimensionAlone() {
    ValueInfo table = ValueInfo.of("table", TensorType.of(DataType.FLOAT, 5, 1));
    assertThat(shape(Bindings.ofBatch(4), table)).isEqualTo(Shape.of(5, 1));
  }

  @Test
  void namedDimensionsComeBeforeTheBatch() {
    Bindings both = dims(Map.of("batch", 2L, "sequence", 7L)).withBatch(4);
    assertThat(shape(both, TOKENS)).isEqualTo(Shape.of(2, 7));
  }

  @Test
  void namesAllDimensionsThatStayFree() {
    assertThatThrownBy(() -> Bindings.NONE.resolve(List.of(TOKENS)))
        .hasMessageContaining("'batch' (dimension 0 of input 'tokens', batchxsequence)")
        .hasMessageContaining("'sequence' (dimension 1");
    assertThatThrownBy(() -> Bindings.ofBatch(2).resolve(List.of(TOKENS)))
        .hasMessageContaining("'sequence'")
        .hasMessageNotContaining("'batch'");
  }

  @Test
  void wholeShapesFillWhatIsFreeAndContradictNothing() {
    assertThat(shape(Bindings.NONE.withShape("tokens", Shape.of(3, 9)), TOKENS))
        .isEqualTo(Shape.of(3, 9));
    assertThat(shape(Bindings.NONE.withShape("image", Shape.of(6, 3, 8, 8)), IMAGE))
        .isEqualTo(Shape.of(6, 3, 8, 8));
    assertThatThrownBy(() -> shape(Bindings.NONE.withShape("image", Shape.of(1, 4, 8, 8)), IMAGE))
        .hasMessageContaining("contradicts in dimension 1");
    assertThatThrownBy(() -> shape(Bindings.NONE.withShape("image", Shape.of(3, 8, 8)), IMAGE))
        .hasMessageContaining("has 4 dimensions");
    ValueInfo open = new ValueInfo("open", DataType.FLOAT, null);
    assertThat(shape(Bindings.NONE.withShape("open", Shape.of(3)), open)).isEqualTo(Shape.of(3));
    assertThatThrownBy(() -> shape(Bindings.ofBatch(1), open))
        .hasMessageContaining("no shape declared");
  }

  @Test
  void knownValuesGiveTheirOwnType() {
    ValueInfo sizes = new ValueInfo("sizes", DataType.INT64, List.of(Dim.ANY));
    assertThat(shape(Bindings.NONE.withValue("sizes", Tensor.ofLongs(1, 2, 3)), sizes))
        .isEqualTo(Shape.of(3));
    assertThatThrownBy(() -> shape(Bindings.NONE.withValue("image", Tensor.ofLong(1)), IMAGE))
        .hasMessageContaining("has 4 dimensions");
  }

  @Test
  void refusesNamesTheModelDoesNotHave() {
    assertThatThrownBy(() -> shape(Bindings.NONE.withShape("imag", Shape.of(1)), IMAGE))
        .hasMessage("the model has no input 'imag'; its inputs are image");
    assertThatThrownBy(() -> shape(Bindings.NONE.withValue("imag", Tensor.ofLong(1)), IMAGE))
        .hasMessage("the model has no input 'imag'; its inputs are image");
    assertThatThrownBy(() -> shape(dims(Map.of("seq", 1L)), TOKENS))
        .hasMessage("the model has no free dimension 'seq'; it has batch, sequence");
    assertThatThrownBy(() -> shape(dims(Map.of("seq", 1L)), IMAGE)).hasMessageEndingWith("none");
  }

  @Test
  void refusesImpossibleSizes() {
    assertThatThrownBy(() -> Bindings.ofBatch(0)).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> dims(Map.of("batch", -1L))).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> shape(Bindings.ofBatch(Long.MAX_VALUE), IMAGE))
        .hasMessageContaining("2^63-1");
  }

  @Test
  void refusesInputsThatAreNoTensors() {
    assertThatThrownBy(() -> shape(Bindings.NONE, new ValueInfo("list", null, null)))
        .hasMessageContaining("not declared as a tensor");
  }
}
