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
    return new Bindings(Map.of(), OptionalLong.empty(), dims, Map.of(), Map.of());
  }

  private static Shape shape(Bindings bindings, ValueInfo input) {
    return bindings.resolve(List.of(input)).types().get(input.name()).shape();
  }

  @Test
  void batchReplacesAFreeOrSingleLeadingDimension() {
    assertThat(shape(Bindings.ofBatch(4), IMAGE)).isEqualTo(Shape.of(4, 3, 8, 8));
    ValueInfo free = new ValueInfo("x", DataType.FLOAT, List.of(Dim.ANY, Dim.of(1)));
    assertThat(shape(Bindings.ofBatch(4), free)).isEqualTo(Shape.of(4, 1));
    assertThat(shape(Bindings.NONE, IMAGE)).isEqualTo(Shape.of(1, 3, 8, 8));
  }

  private static Bindings.InputTypes resolve(Bindings bindings, ValueInfo... inputs) {
    return bindings.resolve(List.of(inputs));
  }

  private static ValueInfo named(String name, String... symbols) {
    return new ValueInfo(
        name, DataType.FLOAT, java.util.Arrays.stream(symbols).map(BindingsTest::dim).toList());
  }

  private static Dim dim(String text) {
    return Character.isDigit(text.charAt(0)) ? Dim.of(Long.parseLong(text)) : Dim.named(text);
  }

  @Test
  void batchLeavesALargerLeadingDimensionAlone() {
    ValueInfo table = ValueInfo.of("table", TensorType.of(DataType.FLOAT, 5, 1));
    Bindings.InputTypes bound = resolve(Bindings.ofBatch(4), table, IMAGE);
    assertThat(bound.types().get("table").shape()).isEqualTo(Shape.of(5, 1));
    assertThat(bound.types().get("image").shape()).isEqualTo(Shape.of(4, 3, 8, 8));
    assertThat(bound.batch()).isEqualTo(4);
  }

  @Test
  void aBatchThatNoInputFollowsIsAnErrorThatNamesThem() {
    ValueInfo fixed = ValueInfo.of("x", TensorType.of(DataType.FLOAT, 2, 16));
    ValueInfo scalar = ValueInfo.of("factor", TensorType.of(DataType.FLOAT));
    assertThatThrownBy(() -> resolve(Bindings.ofBatch(8), fixed, scalar))
        .hasMessage(
            "no input follows the batch 8: 'x' is 2x16, 'factor' is a scalar; omit --batch, or"
                + " export the model with a free batch dimension");
    assertThat(resolve(Bindings.ofBatch(2), fixed).batch()).isEqualTo(2);
    assertThat(resolve(Bindings.NONE, fixed, scalar).batch()).isEqualTo(2);
    assertThat(resolve(Bindings.NONE, scalar).batch()).isEqualTo(1);
    Bindings shaped = Bindings.NONE.withShape("tokens", Shape.of(4, 16));
    assertThat(resolve(shaped, TOKENS).batch()).isEqualTo(4);
    assertThatThrownBy(() -> resolve(shaped.withBatch(8), TOKENS))
        .hasMessageStartingWith("no input follows the batch 8: 'tokens' is 4x16;");
  }

  @Test
  void aGivenShapeOfBatchOneFollowsTheBatch() {
    Bindings larger = Bindings.NONE.withShape("image", Shape.of(1, 3, 8, 8)).withBatch(8);
    assertThat(shape(larger, IMAGE)).isEqualTo(Shape.of(8, 3, 8, 8));
  }

  @Test
  void theDimensionThatIsCalledBatchIsTheBatch() {
    for (String name : List.of("batch", "batch_size", "Batch", "N", "bs")) {
      ValueInfo sequence = named("x", "seq_len", name, "16");
      Bindings bindings = dims(Map.of("seq_len", 20L)).withBatch(4);
      assertThat(shape(bindings, sequence)).isEqualTo(Shape.of(20, 4, 16));
      assertThat(resolve(bindings, sequence).batch()).isEqualTo(4);
    }
    ValueInfo state = named("h", "1", "batch", "8");
    assertThat(shape(Bindings.ofBatch(4), state)).as("one layer").isEqualTo(Shape.of(1, 4, 8));
  }

  @Test
  void aLeadingDimensionThatIsALaterOneElsewhereIsNotTheBatch() {
    ValueInfo positions = named("positions", "sequence");
    Bindings.InputTypes bound =
        resolve(dims(Map.of("sequence", 7L)).withBatch(4), TOKENS, positions);
    assertThat(bound.types().get("positions").shape()).isEqualTo(Shape.of(7));
    assertThatThrownBy(() -> resolve(Bindings.ofBatch(4), TOKENS, positions))
        .hasMessageContaining("'sequence' (dimension 1 of input 'tokens'");
  }

  @Test
  void namedDimensionsComeBeforeTheBatch() {
    Bindings both = dims(Map.of("batch", 2L, "sequence", 7L)).withBatch(4);
    assertThat(resolve(both, TOKENS, IMAGE).types().get("tokens").shape())
        .isEqualTo(Shape.of(2, 7));
    assertThat(resolve(both, TOKENS).batch()).isEqualTo(2);
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
