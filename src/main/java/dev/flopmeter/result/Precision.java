package dev.flopmeter.result;

/** The arithmetic of matrix operators; accumulation is float32 in all of them. */
public enum Precision {
  /** float32 storage, TF32 forbidden. */
  FP32(4),
  /** float32 storage, products on tensor cores with inputs rounded to 10 mantissa bits. */
  TF32(4),
  FP16(2),
  BF16(2);

  private final int bytes;

  Precision(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one stored activation or weight. */
  public int bytes() {
    return bytes;
  }

  /** The name on the command line and in results: {@code fp16}. */
  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  @Override
  public String toString() {
    return label();
  }
}
