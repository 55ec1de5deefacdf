package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values that floats cannot hold: doubles beyond their range or digits, integers beyond 2^24. */
class WideValuesTest {
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  private static final long A = (1L << 40) + 3;
  private static final long B = -(1L << 33) - 1;
  private static final long LOW_64_BITS_OF_PRODUCT =
      BigInteger.valueOf(A).multiply(BigInteger.valueOf(B)).longValue();

  private static GraphBuilder inputs(DataType type, Shape a, Shape b) {
    GraphBuilder graph = new GraphBuilder("wide", 13);
    graph.input("a", new TensorType(type, a));
    graph.input("b", new TensorType(type, b));
    return graph;
  }

  private static Tensor run(GraphBuilder graph, Tensor a, Tensor b) {
    try (Plan plan = emulated.backend().prepare(graph.build(List.of("y")), RunOptions.DEFAULT)) {
      return plan.run(Map.of("a", a, "b", b)).get("y");
    }
  }

  private static long ofIntegers(String op) {
    GraphBuilder graph = inputs(DataType.INT64, Shape.of(1), Shape.of(1));
    graph.add(op, "y", Attributes.NONE, "a", "b");
    return run(graph, DenseTensor.ofLongs(Shape.of(1), A), DenseTensor.ofLongs(Shape.of(1), B))
        .longAt(0);
  }

  @Test
  void integersKeepAllTheirDigits() {
    assertThat(ofIntegers("Add")).isEqualTo(A + B);
    assertThat(ofIntegers("Sub")).isEqualTo(A - B);
    assertThat(ofIntegers("Mul")).isEqualTo(LOW_64_BITS_OF_PRODUCT);
    assertThat(ofIntegers("Div")).isEqualTo(A / B);
    assertThat(ofIntegers("Mod")).isEqualTo(Math.floorMod(A, B));
    assertThat(ofIntegers("Max")).isEqualTo(A);
    assertThat(ofIntegers("Min")).isEqualTo(B);
  }

  @ParameterizedTest
  @CsvSource({
    "INT8, 127, -128",
    "UINT8, 255, 0",
    "INT16, 32767, -32768",
    "INT32, 2147483647, -2147483648",
    "UINT32, 4294967295, 0",
    "INT64, 9223372036854775807, -9223372036854775808"
  })
  void sumsAndShiftsWrapAroundInTheirType(DataType type, long largest, long lowest) {
    Tensor one = DenseTensor.ofLongs(TensorType.of(type, 1), 1);
    Tensor most = DenseTensor.ofLongs(TensorType.of(type, 1), largest);
    GraphBuilder graph = inputs(type, Shape.of(1), Shape.of(1));
    graph.add("Add", "y", Attributes.NONE, "a", "b");
    assertThat(run(graph, most, one).longAt(0)).isEqualTo(lowest);
    if (type.name().startsWith("U")) {
      GraphBuilder shifted = inputs(type, Shape.of(1), Shape.of(1));
      shifted.add("BitShift", "left", Attributes.of("direction", "LEFT"), "a", "b");
      shifted.add("BitShift", "y", Attributes.of("direction", "RIGHT"), "left", "b");
      assertThat(run(shifted, most, one).longAt(0)).isEqualTo(largest / 2);
    }
  }

  /** In between they are stored as wider floats, which must not keep more digits. */
  @ParameterizedTest
  @CsvSource({
    "FLOAT8E4M3FN, 1, 448",
    "FLOAT8E4M3FN, 0, NaN",
    "FLOAT8E5M2, 1, 57344",
    "FLOAT8E5M2, 0, Infinity",
    "FLOAT8E4M3FNUZ, 0, NaN",
    "FLOAT8E5M2FNUZ, 1, 57344",
    "FLOAT4E2M1, 1, 6"
  })
  void floatsOfFewBitsAreRoundedInTheMiddle(DataType type, long saturates, float beyond) {
    GraphBuilder graph = inputs(DataType.FLOAT, Shape.of(3), Shape.of(1));
    Attributes narrow = Attributes.of("to", (long) type.code(), "saturate", saturates);
    graph.add("Cast", "narrow", narrow, "a");
    graph.add("Cast", "wide", Attributes.of("to", (long) DataType.FLOAT.code()), "narrow");
    graph.add("Mul", "y", Attributes.NONE, "wide", "b");
    Tensor x = Tensor.ofFloats(Shape.of(3), 1.26f, -1.24f, 1e6f);
    float[] found = run(graph, x, Tensor.ofFloats(Shape.of(1), 2)).toFloats();
    boolean isOfHalves = type == DataType.FLOAT4E2M1;
    assertThat(found).containsExactly(isOfHalves ? 3 : 2.5f, isOfHalves ? -2 : -2.5f, 2 * beyond);
  }

  @Test
  void bitsOfFloatsAreReadAsIntegersAndBack() {
    GraphBuilder graph = inputs(DataType.FLOAT, Shape.of(3), Shape.of(3));
    graph.add("BitCast", "bits", Attributes.of("to", (long) DataType.INT32.code()), "a");
    graph.add("Neg", "negated", Attributes.NONE, "b");
    graph.add("BitCast", "mask", Attributes.of("to", (long) DataType.INT32.code()), "negated");
    graph.add("BitwiseXor", "both", Attributes.NONE, "bits", "mask");
    graph.add("BitCast", "y", Attributes.of("to", (long) DataType.FLOAT.code()), "both");
    Tensor x = Tensor.ofFloats(Shape.of(3), 1.5f, -0.1f, Float.MIN_VALUE);
    float[] negated = run(graph, x, Tensor.ofFloats(Shape.of(3), 0, 0, 0)).toFloats();
    assertThat(negated).containsExactly(-1.5f, 0.1f, -Float.MIN_VALUE);
  }

  /** PyTorch's exporter shifts negative numbers right with such a mask of sign bits. */
  @ParameterizedTest
  @CsvSource({"UINT64, -1152921504606846976", "INT64, 9007199254740993"})
  void integersThatNoDoubleHoldsAreStoredWithAllTheirDigits(DataType type, long stored) {
    GraphBuilder graph = inputs(type, Shape.of(1), Shape.of(1));
    graph.constant("mask", DenseTensor.ofLongs(TensorType.of(type, 1), stored));
    graph.add("BitwiseXor", "masked", Attributes.NONE, "a", "mask");
    graph.add("BitwiseOr", "y", Attributes.NONE, "masked", "b");
    Tensor zero = DenseTensor.ofLongs(TensorType.of(type, 1), 0);
    assertThat(run(graph, zero, zero).longAt(0)).isEqualTo(stored);
  }

  @ParameterizedTest
  @CsvSource({"Equal, 0", "Greater, 1", "LessOrEqual, 0"})
  void integersThatOneFloatStandsForAreToldApart(String op, long expected) {
    GraphBuilder graph = inputs(DataType.INT64, Shape.of(1), Shape.of(1));
    graph.add(op, "y", Attributes.NONE, "a", "b");
    Tensor more = DenseTensor.ofLongs(Shape.of(1), A + 1);
    assertThat(run(graph, more, DenseTensor.ofLongs(Shape.of(1), A)).longAt(0)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "Less, 0 1 0 0 1 0",
    "GreaterOrEqual, 1 0 1 1 0 1",
    "Max, -1 -1 -1 -9223372036854775801 -9223372036854775808 7",
    "Min, 7 7 -1 3 9 3",
    "Div, 2635249153387078802 0 1 3074457345618258605 0 2",
    "Mod, 1 7 0 0 9 1",
    "Sub, -8 8 0 -9223372036854775804 -9223372036854775799 4",
  })
  void unsignedIntegersOf64BitsHaveNoSign(String op, String expected) {
    TensorType six = TensorType.of(DataType.UINT64, 6);
    GraphBuilder graph = inputs(DataType.UINT64, six.shape(), six.shape());
    graph.add(op, "y", Attributes.NONE, "a", "b");
    long huge = Long.MIN_VALUE;
    Tensor a = DenseTensor.ofLongs(six, -1, 7, -1, huge + 7, 9, 7);
    Tensor b = DenseTensor.ofLongs(six, 7, -1, -1, 3, huge, 3);
    long[] results = Stream.of(expected.split(" ")).mapToLong(Long::parseLong).toArray();
    assertThat(run(graph, a, b).toLongs()).containsExactly(results);
  }

  /** Each is told from its neighbour by its last digit. */
  @Test
  void integersAreReducedAndOrderedByAllTheirDigits() {
    Shape shape = Shape.of(1, 3);
    Tensor x = DenseTensor.ofLongs(shape, A, A + 1, A - 1);
    for (Map.Entry<String, Long> one :
        Map.of("ReduceMax", A + 1, "ReduceMin", A - 1, "ReduceSum", 3 * A, "ArgMax", 1L)
            .entrySet()) {
      GraphBuilder graph = inputs(DataType.INT64, shape, shape);
      graph.add(one.getKey(), "y", Attributes.of("keepdims", 0L, "axis", 1L), "a");
      assertThat(run(graph, x, x).longAt(0)).as(one.getKey()).isEqualTo(one.getValue());
    }
    GraphBuilder graph = inputs(DataType.INT64, shape, shape);
    graph.constant("k", Tensor.ofLongs(2));
    graph.add("TopK", "node", Attributes.NONE, List.of("a", "k"), List.of("y", "i"), Map.of());
    assertThat(run(graph, x, x).toLongs()).containsExactly(A + 1, A);
  }

  @Test
  void doublesAreComputedInDoubleWhereAllOperatorsCan() {
    GraphBuilder graph = inputs(DataType.DOUBLE, Shape.of(2, 2), Shape.of(2));
    graph.add("Mul", "product", Attributes.NONE, "a", "b");
    graph.add("Sub", "less", Attributes.NONE, "product", "a");
    graph.add("Abs", "size", Attributes.NONE, "less");
    graph.add("Greater", "isLarger", Attributes.NONE, "size", "a");
    graph.add("Where", "larger", Attributes.NONE, "isLarger", "size", "a");
    graph.add("Transpose", "y", Attributes.of("perm", List.of(1L, 0L)), "larger");
    Tensor a = DenseTensor.ofDoubles(TensorType.of(DataType.DOUBLE, 2, 2), 1, 2e200, -3e199, 4);
    Tensor b = DenseTensor.ofDoubles(TensorType.of(DataType.DOUBLE, 2), 1 + 1e-12, 1e50);
    assertThat(run(graph, a, b).toDoubles())
        .containsExactly(
            1,
            Math.abs(-3e199 * (1 + 1e-12) + 3e199),
            Math.abs(2e200 * 1e50 - 2e200),
            Math.abs(4 * 1e50 - 4));
  }

  @Test
  void doublesBeyondFloatAreRefusedWhereAnOperatorIsNot() {
    GraphBuilder graph = inputs(DataType.DOUBLE, Shape.of(1, 1), Shape.of(1, 1));
    graph.add("MatMul", "y", Attributes.NONE, "a", "b");
    Tensor beyond = DenseTensor.ofDoubles(TensorType.of(DataType.DOUBLE, 1, 1), 1e200);
    Tensor one = DenseTensor.ofDoubles(TensorType.of(DataType.DOUBLE, 1, 1), 1);
    assertThatThrownBy(() -> run(graph, beyond, one))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessage(
            "the backend 'cudnn' cannot run the operator MatMul (input 'a' holds doubles beyond"
                + " float's range)");
  }
}
