package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products of 8-bit integers are exact, with any length of sums and size of elements. */
class IntegerProductsTest {
  private static DjlBackend backend;

  @BeforeAll
  static void open() {
    backend = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static Tensor filled(DataType type, Shape shape, long value) {
    long[] values = new long[(int) shape.elements()];
    Arrays.fill(values, value);
    return DenseTensor.ofLongs(new TensorType(type, shape), values);
  }

  private static Tensor random(DataType type, Shape shape, long seed) {
    int low = type == DataType.INT8 ? -128 : 0;
    long[] values =
        new Random(seed).ints(shape.elements(), low, low + 256).asLongStream().toArray();
    return DenseTensor.ofLongs(new TensorType(type, shape), values);
  }

  /** The limit of float32 is 2^24 = 16,777,216, which is 258 times 255 x 255 = 65,025. */
  @ParameterizedTest
  @ValueSource(ints = {1, 258, 259, 4096})
  void theLongestSumsOfTheGreatestProductsAreExact(int length) {
    Tensor a = filled(DataType.UINT8, Shape.of(2, length), 255);
    Tensor b = filled(DataType.UINT8, Shape.of(length, 3), 255);
    long[] expected = LongStream.generate(() -> length * 255L * 255).limit(2 * 3).toArray();
    assertThat(OneNode.of("MatMulInteger").data(a).argument(b).run(backend).toLongs())
        .containsExactly(expected);
    assertThat(OneNode.of("MatMulInteger").data(a).data(b).run(backend).toLongs())
        .containsExactly(expected);
  }

  @ParameterizedTest
  @CsvSource({"true, UINT8", "false, UINT8", "true, INT8", "false, INT8"})
  void productsOfAnyElementsEqualTheIntegerSums(boolean isConstant, DataType type) {
    int length = 3000;
    Tensor a = random(DataType.UINT8, Shape.of(4, length), 1);
    Tensor b = random(type, Shape.of(length, 5), 2);
    Tensor rows = DenseTensor.ofLongs(TensorType.of(DataType.UINT8, 4), 0, 255, 128, 7);
    Tensor columns = random(type, Shape.of(5), 3);
    long[] expected = new long[4 * 5];
    for (int i = 0; i < expected.length; i++) {
      for (int k = 0; k < length; k++) {
        expected[i] +=
            (a.longAt((i / 5) * (long) length + k) - rows.longAt(i / 5))
                * (b.longAt(k * 5L + i % 5) - columns.longAt(i % 5));
      }
    }
    OneNode node = OneNode.of("MatMulInteger").data(a);
    node = isConstant ? node.argument(b) : node.data(b);
    assertThat(node.argument(rows).argument(columns).run(backend).toLongs())
        .containsExactly(expected);
  }

  /** 1,200 channels in 2 groups; even one window of 17 x 17 = 289 products exceeds float32. */
  @ParameterizedTest
  @CsvSource({"1200, 3, 2, true", "1200, 3, 2, false", "40, 3, 1, true", "3, 17, 1, false"})
  void convolutionsOfTheGreatestElementsAreExact(
      int channels, int window, int groups, boolean isConstant) {
    Tensor x = filled(DataType.UINT8, Shape.of(1, channels, window, window), 255);
    Tensor w = filled(DataType.UINT8, Shape.of(groups, channels / groups, window, window), 255);
    OneNode node = OneNode.of("ConvInteger").data(x).with("group", (long) groups);
    node = isConstant ? node.argument(w) : node.data(w);
    long each = (long) channels / groups * window * window * 255 * 255;
    assertThat(node.run(backend).toLongs())
        .containsExactly(LongStream.generate(() -> each).limit(groups).toArray());
  }

  @Test
  void paddingCountsAsTheZeroPoint() {
    Tensor x = filled(DataType.UINT8, Shape.of(1, 1, 1, 1), 200);
    Tensor w = filled(DataType.INT8, Shape.of(1, 1, 3, 3), -3);
    Tensor sums =
        OneNode.of("ConvInteger")
            .data(x)
            .argument(w)
            .argument(filled(DataType.UINT8, Shape.SCALAR, 100))
            .with("pads", new long[] {1, 1, 1, 1})
            .run(backend);
    assertThat(sums.toLongs()).containsExactly((200 - 100) * -3);
  }

  /** The bias is added to the integer sum, before any rounding. */
  @Test
  void aQuantisedConvolutionAddsItsBiasExactly() {
    int channels = 1000;
    Tensor x = filled(DataType.UINT8, Shape.of(1, channels, 1, 1), 255);
    Tensor w = filled(DataType.INT8, Shape.of(1, channels, 1, 1), 127);
    Tensor one = DenseTensor.ofDoubles(new TensorType(DataType.FLOAT, Shape.SCALAR), 1);
    long sum = channels * 255L * 127;
    Tensor y =
        OneNode.of("QLinearConv")
            .data(x)
            .argument(one)
            .argument(filled(DataType.UINT8, Shape.SCALAR, 0))
            .argument(w)
            .argument(one)
            .argument(filled(DataType.INT8, Shape.SCALAR, 0))
            .argument(one)
            .argument(filled(DataType.UINT8, Shape.SCALAR, 0))
            .argument(filled(DataType.INT32, Shape.of(1), 17 - sum))
            .run(backend);
    assertThat(y.toLongs()).containsExactly(17);
  }
}
