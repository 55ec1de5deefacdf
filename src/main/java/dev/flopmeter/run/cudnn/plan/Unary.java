package dev.flopmeter.run.cudnn.plan;

/**
 * Our kernel {@code unary}: element-wise functions of one contiguous value. Those that more than
 * one operator needs have a name here; the numbers are those of {@code unary.c}.
 */
public enum Unary {
  RELU(0),
  GELU(5),
  GELU_TANH(6),
  LOG(8),
  ABS(10),
  CLIP(14),
  NOT(26),
  IDENTITY(30),
  AFFINE(31),
  SQUARE(37);

  private final int code;

  Unary(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  /** {@code y = function(x; a, b)}, by its number; both contiguous and in the same order. */
  public static KernelWork work(int function, TensorView x, TensorView y, double a, double b) {
    boolean isWide =
        x.storage() == ElementType.F64
            || y.storage() == ElementType.F64
            || (isWhole(x) && isWhole(y));
    return KernelWork.perElement(
        isWide ? "unary_wide" : "unary",
        y.elements(),
        new Arguments()
            .pointers(x, y)
            .numbers(y.elements())
            .integer(function)
            .types(x, y)
            .real(a)
            .real(b));
  }

  private static boolean isWhole(TensorView view) {
    return view.storage() == ElementType.I64;
  }
}
