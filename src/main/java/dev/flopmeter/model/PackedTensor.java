package dev.flopmeter.model;

import org.jspecify.annotations.Nullable;

/**
 * Weights stored in a few bits, as the floats that they represent: {@code (code - zero) * scale}.
 * They stay packed until they are read. Rows of codes are cut into blocks, each of which has a
 * scale and a zero point; all are matrices with the same number of rows, whose ends may be padded.
 *
 * @param stored the shape in the order in which they are stored; of {@code length} in a row
 * @param isTurned whether the two axes of this shape are exchanged
 * @param zeros codes or floats; null if each is {@code middle}
 * @param groups the block of each position in a row; null if blocks are consecutive
 * @param table the value of each code; null if it is {@code code - zero}
 */
public record PackedTensor(
    Shape stored,
    boolean isTurned,
    long length,
    long block,
    Tensor codes,
    Tensor scales,
    @Nullable Tensor zeros,
    double middle,
    @Nullable Tensor groups,
    @Nullable Tensor table)
    implements Tensor {

  @Override
  public TensorType type() {
    Shape shape = isTurned ? Shape.of(stored.dim(1), stored.dim(0)) : stored;
    return new TensorType(DataType.FLOAT, shape);
  }

  @Override
  public double doubleAt(long index) {
    long rows = stored.dim(0);
    long at = isTurned ? index % rows * stored.dim(1) + index / rows : index;
    long row = at / length;
    long group = groups == null ? at % length / block : groups.longAt(at % length);
    long code = codes.longAt(row * codes.shape().dim(1) + at % length);
    double zero = zeros == null ? middle : zeros.doubleAt(row * zeros.shape().dim(1) + group);
    double value = table == null ? code - zero : table.doubleAt(code);
    return (float) value * (float) scales.doubleAt(row * scales.shape().dim(1) + group);
  }
}
