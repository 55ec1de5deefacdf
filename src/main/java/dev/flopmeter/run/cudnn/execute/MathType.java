package dev.flopmeter.run.cudnn.execute;

/** cuDNN's {@code cudnnMathType_t}. */
enum MathType {
  /** Tensor cores where the type allows: TF32 for float32. */
  DEFAULT(0),
  TENSOR_OP(1),
  TENSOR_OP_WITH_CONVERSION(2),
  /** No tensor cores, and so no TF32. */
  FMA(3);

  private final int code;

  MathType(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static String label(int code) {
    for (MathType type : values()) {
      if (type.code == code) {
        return type.name().toLowerCase(java.util.Locale.ROOT);
      }
    }
    return Integer.toString(code);
  }
}
