package dev.flopmeter.result;

import dev.flopmeter.model.DataType;
import dev.flopmeter.text.Labelled;
import java.util.Optional;

/**
 * The arithmetic of matrix operators; accumulation is float32 except for int8, whose sums are
 * 32-bit integers.
 */
public enum Precision implements Labelled {
  /** float32 storage, TF32 forbidden. */
  FP32(4),
  /** float32 storage, products on tensor cores with inputs rounded to 10 mantissa bits. */
  TF32(4),
  FP16(2),
  BF16(2),
  /** 8-bit integers where the network is quantised, the rest as in fp16. */
  INT8(2),
  /** 8-bit floats (E4M3) where the network is quantised, the rest as in fp16. */
  FP8(2);

  private final int bytes;

  Precision(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one stored activation or weight that is not quantised. */
  public int bytes() {
    return bytes;
  }

  /** The type that a network is quantised to for it; nothing if it runs unchanged. */
  public Optional<DataType> quantizedType() {
    return switch (this) {
      case INT8 -> Optional.of(DataType.INT8);
      case FP8 -> Optional.of(DataType.FLOAT8E4M3FN);
      default -> Optional.empty();
    };
  }

  public boolean isQuantized() {
    return quantizedType().isPresent();
  }

  @Override
  public String toString() {
    return label();
  }
}
