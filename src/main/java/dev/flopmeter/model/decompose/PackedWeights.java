package dev.flopmeter.model.decompose;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.text.Csv;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Stored weights that ONNX Runtime packs into bytes, as floats: {@code (code - zero point) * scale}
 * with a scale and a zero point for each block of a row (its ContribOperators.md).
 */
final class PackedWeights {
  private PackedWeights() {}

  /** The type of codes of so many bits, packed low bits first as ONNX packs them. */
  static DataType codeType(long bits) {
    return switch ((int) bits) {
      case 2 -> DataType.UINT2;
      case 4 -> DataType.UINT4;
      case 8 -> DataType.UINT8;
      default -> throw new ModelException("'bits' is " + bits + ", not 2, 4 or 8");
    };
  }

  /** A stored input of bytes as rows of codes. */
  private static Tensor codes(Operands in, int input, DataType type, long rows) {
    Tensor packed = stored(in, input);
    long perRow = packed.type().bytes() * 8 / type.bits() / Math.max(1, rows);
    return DenseTensor.of(TensorType.of(type, rows, perRow), packed.data());
  }

  /**
   * The value of an input that must be stored.
   *
   * @throws DataDependentException if it is computed
   */
  static Tensor stored(Operands in, int input) {
    return in.value(input)
        .orElseThrow(() -> new DataDependentException(in.node().inputs().get(input)));
  }

  private static float scale(Tensor scales, String name, long index) {
    double scale = scales.doubleAt(index);
    if (!Double.isFinite(scale)) {
      throw new ModelException("input '%s' has the scale %s at %s".formatted(name, scale, index));
    }
    return (float) scale;
  }

  /**
   * Rows of blocks.
   *
   * @param weights the input with their codes; {@code scales} and {@code zeros} likewise, the last
   *     may be left out
   * @param rows of {@code length} weights, after which a row may be padded to whole blocks
   * @param middle the zero point where none is given
   */
  record Rows(
      Operands in,
      int weights,
      int scales,
      int zeros,
      long rows,
      long length,
      long block,
      DataType type,
      long middle) {

    /** The weights in floats, row by row, or column by column of a matrix that is turned. */
    Tensor floats(Shape shape, boolean isTurned) {
      long perRow = (length + block - 1) / block;
      Tensor codes = codes(in, weights, type, rows);
      long stride = codes.shape().dim(1);
      Tensor scale = stored(in, scales);
      String name = in.node().inputs().get(scales);
      boolean hasZeros = in.has(zeros);
      boolean isPacked = hasZeros && in.type(zeros).type() == in.type(weights).type();
      Tensor zero = !hasZeros ? scale : isPacked ? codes(in, zeros, type, rows) : stored(in, zeros);
      long zeroStride = isPacked ? zero.shape().dim(1) : perRow;
      Tensor groups = in.node().op().equals("MatMulNBits") && in.has(4) ? stored(in, 4) : null;
      float[] values = new float[Math.toIntExact(rows * length)];
      for (long row = 0; row < rows; row++) {
        for (long i = 0; i < length; i++) {
          long group = groups == null ? i / block : groups.longAt(i);
          double middleOf = hasZeros ? zero.doubleAt(row * zeroStride + group) : middle;
          double code = codes.doubleAt(row * stride + i);
          float value = (float) (code - middleOf) * scale(scale, name, row * perRow + group);
          values[(int) (isTurned ? i * rows + row : row * length + i)] = value;
        }
      }
      return DenseTensor.ofFloats(shape, values);
    }
  }

  /**
   * Of MatMulNBits: K x N.
   *
   * @throws DataDependentException if they are computed
   * @throws ModelException if a scale is not a number
   */
  static Tensor ofBlocks(Operands in) {
    long n = in.attributes().integer("N");
    long k = in.attributes().integer("K");
    long bits = in.attributes().integer("bits", 4);
    long block = in.attributes().integer("block_size");
    return new Rows(in, 1, 2, 3, n, k, block, codeType(bits), 1L << (bits - 1))
        .floats(Shape.of(k, n), true);
  }

  /** Of MatMulBnb4: N x K by one table of values; the high half of a byte comes first. */
  static Tensor ofTable(Operands in) {
    long n = in.attributes().integer("N");
    long k = in.attributes().integer("K");
    long block = in.attributes().integer("block_size");
    int column = in.attributes().integer("quant_type") == 0 ? 0 : 1;
    List<Float> table =
        Csv.rows(PackedWeights.class, "four-bit-codes.csv").stream()
            .map(row -> Float.valueOf(row.get(column)))
            .toList();
    ByteBuffer packed = stored(in, 1).data();
    Tensor scales = stored(in, 2);
    String name = in.node().inputs().get(2);
    float[] values = new float[Math.toIntExact(n * k)];
    for (int i = 0; i < values.length; i++) {
      int code = packed.get(i / 2) >> (i % 2 == 0 ? 4 : 0) & 15;
      values[i] = table.get(code) * scale(scales, name, i / block);
    }
    return DenseTensor.ofFloats(Shape.of(n, k), values);
  }

  /**
   * Of MatMulFpQ4: K x N. A column is cut into blocks, and a block is a scale in float32, perhaps a
   * zero point in one byte, and codes: of 32 weights, first the low halves of 16 bytes (the layout
   * of ONNX Runtime's {@code MlasQ4GemmPackB}).
   */
  static Tensor ofBlob(Operands in) {
    long[] shape = in.requireLongs(2);
    long kind = in.attributes().integer("blk_quant_type", 1);
    int block = kind == 2 ? 64 : 32;
    int head = kind == 1 ? 5 : 4;
    int blocks = Math.toIntExact((shape[0] + block - 1) / block);
    ByteBuffer data = stored(in, 1).data();
    int columns = Math.toIntExact(shape[1]);
    float[] values = new float[Math.toIntExact(shape[0] * columns)];
    for (int column = 0; column < columns; column++) {
      for (int i = 0; i < shape[0]; i++) {
        int at = (column * blocks + i / block) * (head + block / 2);
        int middle = kind == 1 ? data.get(at + 4) & 255 : 8;
        int within = i % block % 32;
        int packed = data.get(at + head + i % block / 32 * 16 + within % 16);
        int code = packed >> (within < 16 ? 0 : 4) & 15;
        values[i * columns + column] = (code - middle) * data.getFloat(at);
      }
    }
    return DenseTensor.ofFloats(Shape.of(shape), values);
  }

  /** Of GatherBlockQuantized: a table by whose {@code quantize_axis}, the last, blocks are cut. */
  static Tensor ofGathered(Operands in, long bits) {
    Shape data = in.shape(0);
    boolean isBytes = in.type(0).type() == DataType.UINT8;
    long length = data.dim(-1) * (isBytes ? 8 / bits : 1);
    long rows = data.elements() / Math.max(1, data.dim(-1));
    long block = in.attributes().integer("block_size", 128);
    DataType type = isBytes ? codeType(bits) : in.type(0).type();
    return new Rows(in, 0, 2, 3, rows, length, block, type, isBytes ? 1L << (bits - 1) : 0)
        .floats(data.with(data.rank() - 1, length), false);
  }

  /** Of QMoE: experts x in x out, of the matrix at {@code input} and what stands behind it. */
  static Tensor ofExperts(Operands in, int input, int zeros, long bits) {
    Shape shape = in.shape(input);
    long rows = shape.dim(0) * shape.dim(1);
    long length = shape.dim(2) * 8 / bits;
    long block = in.attributes().integer("block_size", 0);
    return new Rows(
            in,
            input,
            input + 1,
            zeros,
            rows,
            length,
            block > 0 ? block : length,
            codeType(bits),
            1L << (bits - 1))
        .floats(shape.with(2, length), false);
  }
}
