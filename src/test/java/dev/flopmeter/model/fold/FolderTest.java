package dev.flopmeter.model.fold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Folding one operator on constants. */
class FolderTest {
  private static Graph graph(String op, Attributes attributes, Tensor... operands) {
    GraphBuilder builder = new GraphBuilder("test", 18);
    List<String> names = new java.util.ArrayList<>();
    for (Tensor operand : operands) {
      names.add(builder.constant("c" + names.size(), operand));
    }
    builder.add(op, "node", attributes, names, List.of("y"), Map.of());
    return builder.build(List.of("y"));
  }

  private static Optional<Tensor> fold(String op, Attributes attributes, Tensor... operands) {
    return graph(op, attributes, operands).constant("y");
  }

  private static long[] longs(String op, Tensor... operands) {
    return fold(op, Attributes.NONE, operands).orElseThrow().toLongs();
  }

  private static Tensor of(DataType type, double... values) {
    return DenseTensor.ofDoubles(TensorType.of(type, values.length), values);
  }

  @Test
  void computesIntegersExactly() {
    long large = (1L << 53) + 1; // the first integer that a double cannot hold
    assertThat(longs("Add", Tensor.ofLongs(large), Tensor.ofLongs(1))).containsExactly(large + 1);
    assertThat(longs("Neg", Tensor.ofLongs(large))).containsExactly(-large);
    assertThat(longs("Abs", Tensor.ofLongs(-large))).containsExactly(large);
    assertThat(longs("Div", Tensor.ofLongs(-7, 7), Tensor.ofLongs(2))).containsExactly(-3, 3);
    long power = 1;
    for (int i = 0; i < 39; i++) {
      power *= 3;
    }
    assertThat(longs("Pow", Tensor.ofLongs(3, -2, 2), Tensor.ofLongs(39, 3, -1)))
        .containsExactly(power, -8, 0);
  }

  @Test
  void raisesIntegersToFractions() {
    Tensor root = of(DataType.FLOAT, 0.5);
    assertThat(longs("Pow", Tensor.ofLongs(16, 9), root)).containsExactly(4, 3);
  }

  @Test
  void refusesConstantsThatOverflow() {
    Tensor max = Tensor.ofLongs(Long.MAX_VALUE);
    assertThatThrownBy(() -> longs("Add", max, Tensor.ofLongs(1)))
        .hasMessageContaining("overflows");
    assertThatThrownBy(() -> longs("Div", Tensor.ofLongs(Long.MIN_VALUE), Tensor.ofLongs(-1)))
        .hasMessageContaining("overflows");
    assertThatThrownBy(() -> longs("Div", max, Tensor.ofLongs(0))).hasMessageContaining("by 0");
  }

  @Test
  void broadcasts() {
    Tensor column = DenseTensor.ofLongs(Shape.of(2, 1), 10, 20);
    assertThat(longs("Add", column, Tensor.ofLongs(1, 2, 3)))
        .containsExactly(10 + 1, 10 + 2, 10 + 3, 20 + 1, 20 + 2, 20 + 3);
    Tensor mask = of(DataType.BOOL, 1, 0, 1);
    assertThat(longs("Where", mask, column, Tensor.ofLong(0)))
        .containsExactly(10, 0, 10, 20, 0, 20);
  }

  @Test
  void cutsJoinsAndTurns() {
    Tensor grid = DenseTensor.ofLongs(Shape.of(2, 3), 0, 1, 2, 10, 11, 12);
    assertThat(longs("Transpose", grid)).containsExactly(0, 10, 1, 11, 2, 12);
    assertThat(fold("Gather", Attributes.of("axis", 1), grid, Tensor.ofLongs(-1, 0)))
        .hasValueSatisfying(t -> assertThat(t.toLongs()).containsExactly(2, 0, 12, 10));
    assertThat(fold("Concat", Attributes.of("axis", 1), grid, grid))
        .hasValueSatisfying(
            t -> assertThat(t.toLongs()).containsExactly(0, 1, 2, 0, 1, 2, 10, 11, 12, 10, 11, 12));
    Tensor last = Tensor.ofLongs(-1);
    Tensor end = Tensor.ofLongs(Long.MIN_VALUE);
    assertThat(longs("Slice", grid, last, end, Tensor.ofLongs(1), Tensor.ofLongs(-1)))
        .containsExactly(2, 1, 0, 12, 11, 10);
    assertThatThrownBy(() -> longs("Gather", grid, Tensor.ofLongs(2)))
        .hasMessageContaining("index 2 is outside of axis 0");
    assertThatThrownBy(() -> fold("Concat", Attributes.of("axis", 0), grid, last))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("cannot be joined");
  }

  @Test
  void castsByRoundingOnce() {
    Tensor tie = of(DataType.DOUBLE, 1 + 0x1p-11 + 0x1p-40, -1.9);
    Attributes half = Attributes.of("to", DataType.FLOAT16.code());
    assertThat(fold("Cast", half, tie).orElseThrow().doubleAt(0)).isEqualTo(1 + 0x1p-10);
    Attributes whole = Attributes.of("to", DataType.INT64.code());
    assertThat(fold("Cast", whole, tie).orElseThrow().toLongs()).containsExactly(1, -1);
  }

  @Test
  void leavesCastsToTheBackendThatDoNotSaturate() {
    Attributes to = Attributes.of("to", DataType.FLOAT8E4M3FN.code(), "saturate", 0);
    assertThat(fold("Cast", to, of(DataType.FLOAT, 1e9))).isEmpty();
    assertThat(fold("Cast", to.with("saturate", 1), of(DataType.FLOAT, 1e9)).orElseThrow())
        .satisfies(t -> assertThat(t.doubleAt(0)).isEqualTo(448));
  }

  @Test
  void computesUpToALimitAndRepeatsBeyondIt() {
    Tensor one = Tensor.ofLong(1);
    Tensor most = FilledTensor.of(TensorType.of(DataType.INT64, Folder.MAX_ELEMENTS), 2);
    Tensor more = FilledTensor.of(TensorType.of(DataType.INT64, Folder.MAX_ELEMENTS + 1), 2);
    assertThat(fold("Add", Attributes.NONE, most, one)).isPresent();
    assertThat(fold("Add", Attributes.NONE, more, one)).isEmpty();
    assertThat(graph("Add", Attributes.NONE, more, one).nodes()).hasSize(1);
    Tensor huge = fold("ConstantOfShape", Attributes.NONE, Tensor.ofLongs(1L << 40)).orElseThrow();
    assertThat(huge.elements()).isEqualTo(1L << 40);
  }

  /** A few bytes can declare a tensor of terabytes; a part of it is just as small. */
  @Test
  void cutsRepeatedValuesWithoutWritingThemOut() {
    Tensor huge = FilledTensor.of(TensorType.of(DataType.INT64, 1L << 50), 3);
    assertThat(longs("Slice", huge, Tensor.ofLongs(7), Tensor.ofLongs(9))).containsExactly(3, 3);
    assertThat(longs("Gather", huge, Tensor.ofLongs(1L << 49))).containsExactly(3);
  }

  @Test
  void refusesShapesOfManyNumbers() {
    Tensor many = FilledTensor.of(TensorType.of(DataType.INT64, (1L << 31) - 20), 1);
    for (String op : List.of("Reshape", "Expand", "Tile")) {
      assertThatThrownBy(() -> fold(op, Attributes.NONE, Tensor.ofLongs(1), many))
          .hasMessageContaining("values where few are expected");
    }
    assertThatThrownBy(() -> fold("ConstantOfShape", Attributes.NONE, many))
        .hasMessageContaining("values where few are expected");
  }

  @Test
  void refusesScalarsThatAreEmpty() {
    assertThatThrownBy(() -> longs("Range", Tensor.ofLongs(), Tensor.ofLong(3), Tensor.ofLong(1)))
        .hasMessageContaining("has no element 0");
  }

  private static double[] doubles(String op, Attributes attributes, Tensor... operands) {
    return fold(op, attributes, operands).orElseThrow().toDoubles();
  }

  @Test
  void reducesFloatsAndIntegers() {
    Tensor table =
        DenseTensor.ofDoubles(
            new TensorType(DataType.FLOAT, Shape.of(2, 3)), 1, -2, 3.5, 4, 0.5, -6);
    Attributes rows = Attributes.of("axes", new long[] {1}, "keepdims", 0);
    assertThat(doubles("ReduceMax", rows, table)).containsExactly(3.5, 4);
    assertThat(doubles("ReduceMin", rows, table)).containsExactly(-2, -6);
    assertThat(doubles("ReduceProd", rows, table)).containsExactly(-7, -12);
    assertThat(fold("ReduceSum", Attributes.NONE, table).orElseThrow().doubleAt(0)).isEqualTo(1);
    assertThat(longs("ReduceMax", Tensor.ofLongs(3, 1L << 60, -5))).containsExactly(1L << 60);
  }

  @Test
  void joinsAnyNumberOfOperands() {
    assertThat(longs("Max", Tensor.ofLongs(1, 5), Tensor.ofLongs(3), Tensor.ofLongs(2, 9)))
        .containsExactly(3, 9);
    assertThat(longs("Min", Tensor.ofLongs(4, 7))).containsExactly(4, 7);
    Tensor one = of(DataType.FLOAT, 1);
    assertThat(doubles("Sum", Attributes.NONE, one, one, one)).containsExactly(3);
  }

  @Test
  void roundsAndClips() {
    Tensor values = of(DataType.FLOAT, -2.5, 0.5, 1.5, 7);
    assertThat(doubles("Round", Attributes.NONE, values)).containsExactly(-2, 0, 2, 7);
    assertThat(doubles("Sign", Attributes.NONE, values)).containsExactly(-1, 1, 1, 1);
    assertThat(longs("Clip", Tensor.ofLongs(-4, 2, 1L << 60), Tensor.ofLong(0), Tensor.ofLong(9)))
        .containsExactly(0, 2, 9);
    Tensor most = DenseTensor.ofDoubles(new TensorType(DataType.FLOAT, Shape.SCALAR), 1);
    assertThat(doubles("Clip", Attributes.NONE, values, most)).containsExactly(1, 1, 1.5, 7);
  }

  @Test
  void repeats() {
    Tensor row = Tensor.ofLongs(1, 2);
    assertThat(longs("Tile", row, Tensor.ofLongs(2))).containsExactly(1, 2, 1, 2);
    assertThat(longs("Expand", row, Tensor.ofLongs(2, 2))).containsExactly(1, 2, 1, 2);
    assertThat(longs("Expand", DenseTensor.ofLongs(Shape.of(2, 1), 1, 2), Tensor.ofLongs(2, 2)))
        .containsExactly(1, 1, 2, 2);
  }

  @Test
  void findsNonZeroElements() {
    Tensor table = DenseTensor.ofLongs(Shape.of(2, 3), 0, 4, 0, 5, 0, 6);
    Tensor places = fold("NonZero", Attributes.NONE, table).orElseThrow();
    assertThat(places.shape()).isEqualTo(Shape.of(2, 3));
    assertThat(places.toLongs()).containsExactly(0, 1, 1, 1, 0, 2);
  }

  @Test
  void keepsTheRowsThatAConditionSelects() {
    Tensor rows = Tensor.ofFloats(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    Tensor condition = of(DataType.BOOL, 1, 0, 1);
    Tensor kept = fold("Compress", Attributes.of("axis", 0), rows, condition).orElseThrow();
    assertThat(kept.type()).isEqualTo(TensorType.of(DataType.FLOAT, 2, 2));
    assertThat(kept.toFloats()).containsExactly(1, 2, 5, 6);
    assertThat(fold("Compress", Attributes.NONE, rows, condition).orElseThrow().toFloats())
        .containsExactly(1, 3);
    assertThatThrownBy(() -> fold("Compress", Attributes.of("axis", 1), rows, condition))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("the condition 3 does not fit 2 places");
  }

  /** Boxes 0 and 1 share 0.9 / 1.1 of their area, 2 is separate, 3 is empty and hides nothing. */
  @Test
  void selectsBoxesByFallingScore() {
    Tensor corners =
        Tensor.ofFloats(
            Shape.of(1, 4, 4), 0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 5, 5, 6, 6, 0.5f, 0.5f, 0.5f, 0.5f);
    Tensor scores = Tensor.ofFloats(Shape.of(1, 1, 4), 0.6f, 0.9f, 0.3f, 0.7f);
    Tensor overlap = of(DataType.FLOAT, 0.5);
    Tensor most = Tensor.ofLongs(9);
    Tensor all =
        fold("NonMaxSuppression", Attributes.NONE, corners, scores, most, overlap).orElseThrow();
    assertThat(all.toLongs()).containsExactly(0, 0, 1, 0, 0, 3, 0, 0, 2);
    Tensor two = Tensor.ofLongs(2);
    Tensor least = of(DataType.FLOAT, 0.65);
    assertThat(longs("NonMaxSuppression", corners, scores, two, overlap))
        .containsExactly(0, 0, 1, 0, 0, 3);
    assertThat(longs("NonMaxSuppression", corners, scores, most, overlap, least))
        .containsExactly(0, 0, 1, 0, 0, 3);
    assertThat(longs("NonMaxSuppression", corners, scores)).isEmpty();
    assertThatThrownBy(() -> longs("NonMaxSuppression", corners, least))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("boxes 1x4x4 do not fit scores 1");
  }
}
