package dev.flopmeter.model.decompose;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.PackedTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.shape.Quantization;
import dev.flopmeter.text.Csv;
import java.nio.ByteBuffer;

/**
 * Stored weights that ONNX Runtime packs into bytes: {@code (code - zero point) * scale} with a
 * scale and a zero point for each block of a row (its ContribOperators.md).
 */
final class PackedWeights {
  private PackedWeights() {}

  /** A stored input of bytes as rows of codes. */
  private static Tensor codes(Operands in, int input, DataType type, long rows) {
    Tensor packed = stored(in, input);
    long perRow = packed.type().bytes() * 8 / type.bits() / Math.max(1, rows);
    return DenseTensor.of(TensorType.of(type, rows, perRow), packed.data());
  }

  private static Tensor stored(Operands in, int input) {
    return in.value(input)
        .orElseThrow(() -> new DataDependentException(in.node().inputs().get(input)));
  }

  private static Tensor scales(Operands in, int input, long rows, long perRow) {
    Tensor scales = stored(in, input);
    Quantization.requireScales(in, input, true);
    return scales.reshaped(Shape.of(rows, perRow));
  }

  /** For inputs with codes, scales and perhaps zero points; rows may be padded to whole blocks. */
  private static Tensor rows(
      Operands in, int[] inputs, Shape stored, boolean isTurned, long block, long bits) {
    DataType given = in.type(inputs[0]).type();
    DataType type = given == DataType.UINT8 ? DataType.valueOf("UINT" + bits) : given;
    long length = stored.dim(-1);
    long rows = stored.elements() / length;
    long perRow = (length + block - 1) / block;
    boolean isPacked = in.has(inputs[2]) && in.type(inputs[2]).type() == given;
    Tensor zeros =
        isPacked
            ? codes(in, inputs[2], type, rows)
            : in.has(inputs[2]) ? stored(in, inputs[2]).reshaped(Shape.of(rows, perRow)) : null;
    long middle = given == DataType.UINT8 ? 1L << (type.bits() - 1) : 0;
    Tensor groups = in.node().op().equals("MatMulNBits") && in.has(4) ? stored(in, 4) : null;
    Tensor codes = codes(in, inputs[0], type, rows);
    Tensor scales = scales(in, inputs[1], rows, perRow);
    return new PackedTensor(
        stored, isTurned, length, block, codes, scales, zeros, middle, groups, null);
  }

  /** For MatMulNBits: K x N. */
  static Tensor ofBlocks(Operands in) {
    Shape stored = Shape.of(in.attributes().integer("N"), in.attributes().integer("K"));
    long block = in.attributes().integer("block_size");
    return rows(in, new int[] {1, 2, 3}, stored, true, block, in.attributes().integer("bits", 4));
  }

  /** For MatMulBnb4: by one table of values; the high half of a byte comes first. */
  static Tensor ofTable(Operands in) {
    Shape stored = Shape.of(in.attributes().integer("N"), in.attributes().integer("K"));
    long block = in.attributes().integer("block_size");
    int column = in.attributes().integer("quant_type") == 0 ? 0 : 1;
    double[] table =
        Csv.rows(PackedWeights.class, "four-bit-codes.csv").stream()
            .mapToDouble(row -> Float.parseFloat(row.get(column)))
            .toArray();
    ByteBuffer packed = stored(in, 1).data();
    ByteBuffer codes = ByteBuffer.allocate(packed.remaining());
    while (packed.hasRemaining()) {
      byte two = packed.get();
      codes.put((byte) ((two << 4) | ((two >> 4) & 15)));
    }
    long all = stored.elements();
    Tensor low = DenseTensor.of(TensorType.of(DataType.UINT4, 1, all), codes.flip());
    Tensor scales = scales(in, 2, 1, (all + block - 1) / block);
    Tensor values = DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT, table.length), table);
    boolean isTurned = in.attributes().flag("transB", true);
    return new PackedTensor(stored, isTurned, all, block, low, scales, null, 0, null, values);
  }

  /**
   * For MatMulFpQ4: K x N. A column is divided into blocks, and a block is a scale in float32,
   * perhaps a zero point in one byte, and codes: of 32 weights, first the low halves of 16 bytes
   * (the layout of ONNX Runtime's {@code MlasQ4GemmPackB}).
   */
  static Tensor ofBlob(Operands in) {
    long[] shape = in.requireLongs(2);
    long kind = in.attributes().integer("blk_quant_type", 1);
    int block = kind == 2 ? 64 : 32;
    int head = kind == 1 ? 5 : 4;
    int blocks = Math.toIntExact((shape[0] + block - 1) / block);
    int columns = Math.toIntExact(shape[1]);
    ByteBuffer data = stored(in, 1).data();
    ByteBuffer codes = ByteBuffer.allocate(columns * blocks * block / 2);
    float[] scales = new float[columns * blocks];
    long[] zeros = new long[columns * blocks];
    for (int i = 0; i < scales.length; i++) {
      int at = i * (head + block / 2);
      scales[i] = data.getFloat(at);
      zeros[i] = kind == 1 ? data.get(at + 4) & 255 : 8;
      for (int pair = 0; pair < block / 2; pair++) {
        // Neighbours are in the same halves of neighbouring bytes.
        int first = at + head + pair / 16 * 16 + pair % 8 * 2;
        int shift = pair / 8 % 2 * 4;
        int low = data.get(first) >> shift & 15;
        codes.put((byte) (low | (data.get(first + 1) >> shift & 15) << 4));
      }
    }
    TensorType type = TensorType.of(DataType.UINT4, columns, (long) blocks * block);
    Tensor packed = DenseTensor.of(type, codes.flip());
    TensorType perBlock = TensorType.of(DataType.UINT8, columns, blocks);
    Tensor zero = kind == 1 ? DenseTensor.ofLongs(perBlock, zeros) : null;
    Tensor scale = Tensor.ofFloats(perBlock.shape(), scales);
    Shape stored = Shape.of(columns, shape[0]);
    return new PackedTensor(stored, true, shape[0], block, packed, scale, zero, 8, null, null);
  }

  /** For GatherBlockQuantized: a table with blocks along {@code quantize_axis}, the last one. */
  static Tensor ofGathered(Operands in) {
    Shape data = in.shape(0);
    long bits = in.attributes().integer("bits", 4);
    boolean isBytes = in.type(0).type() == DataType.UINT8;
    Shape stored = data.with(data.rank() - 1, data.dim(-1) * (isBytes ? 8 / bits : 1));
    long block = in.attributes().integer("block_size", 128);
    return rows(in, new int[] {0, 2, 3}, stored, false, block, bits);
  }

  /** For QMoE: experts x out x in, for the matrix at {@code input} with its scales and zeros. */
  static Tensor ofExperts(Operands in, int input, int zeros, long bits) {
    Shape stored = in.shape(input).with(2, in.shape(input).dim(2) * 8 / bits);
    long given = in.attributes().integer("block_size", 0);
    long block = given > 0 ? given : stored.dim(2);
    return rows(in, new int[] {input, input + 1, zeros}, stored, false, block, bits);
  }
}
