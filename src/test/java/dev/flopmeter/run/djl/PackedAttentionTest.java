package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Packed sequences give the same results as each alone; ONNX Runtime has no CPU kernel for this.
 */
class PackedAttentionTest {
  private static final int[] ENDS = {0, 1, 3, 7};
  private static final int WIDTH = 4;

  private static Tensor floats(long seed, long... dims) {
    return new RandomTensor(TensorType.of(DataType.FLOAT, dims), seed, -1, 1);
  }

  private static Tensor rows(Tensor tensor, int from, int to) {
    int width = (int) tensor.shape().dim(1);
    float[] all = tensor.toFloats();
    return Tensor.ofFloats(
        Shape.of(1, to - from, width), Arrays.copyOfRange(all, from * width, to * width));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void tokensSeeTheirOwnSequence(boolean isAdded) {
    Tensor q = floats(1, 7, WIDTH);
    Tensor k = floats(2, 7, WIDTH);
    Tensor v = floats(3, 7, WIDTH);
    Tensor bias = floats(4, 3 * WIDTH);
    Tensor added = floats(5, 1, 2, 4, 4);
    try (DjlBackend backend = DjlBackend.open()) {
      OneNode packed =
          OneNode.contributed("PackedMultiHeadAttention")
              .with("num_heads", 2)
              .data(q)
              .data(k)
              .data(v);
      packed.argument(bias).data(ints(3, 4)).data(ints(ENDS));
      Tensor y = (isAdded ? packed.data(added) : packed).run(backend);
      for (int i = 0; i + 1 < ENDS.length; i++) {
        int from = ENDS[i];
        int to = ENDS[i + 1];
        OneNode alone = OneNode.contributed("MultiHeadAttention").with("num_heads", 2);
        alone
            .data(rows(q, from, to))
            .data(rows(k, from, to))
            .data(rows(v, from, to))
            .argument(bias);
        if (isAdded) {
          alone.nothing().data(corner(added, to - from));
        }
        assertThat(rows(y, from, to).toFloats())
            .containsExactly(
                alone.run(backend).toFloats(), org.assertj.core.data.Offset.offset(1e-5f));
      }
    }
  }

  private static Tensor corner(Tensor added, int length) {
    float[] corner = new float[2 * length * length];
    for (int i = 0; i < corner.length; i++) {
      int row = i / length % length;
      corner[i] = (float) added.doubleAt(i / length / length * 16 + row * 4 + i % length);
    }
    return Tensor.ofFloats(Shape.of(1, 2, length, length), corner);
  }

  private static Tensor ints(int... values) {
    long[] longs = Arrays.stream(values).asLongStream().toArray();
    return values.length == 2
        ? DenseTensor.ofLongs(
            TensorType.of(DataType.INT32, values[0], values[1]), new long[values[0] * values[1]])
        : DenseTensor.ofLongs(TensorType.of(DataType.INT32, values.length), longs);
  }
}
