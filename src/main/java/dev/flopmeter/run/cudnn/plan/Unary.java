package dev.flopmeter.run.cudnn.plan;

/**
 * Our kernel {@code unary}: element-wise functions of one contiguous value. The numbers are those
 * of {@code unary.c}.
 */
public enum Unary {
  RELU(0),
  LEAKY_RELU(1),
  SIGMOID(2),
  TANH(3),
  ERF(4),
  GELU(5),
  GELU_TANH(6),
  EXP(7),
  LOG(8),
  SQRT(9),
  ABS(10),
  NEG(11),
  CEIL(12),
  FLOOR(13),
  CLIP(14),
  HARD_SIGMOID(15),
  HARD_SWISH(16),
  MISH(17),
  SOFTPLUS(18),
  SOFTSIGN(19),
  ELU(20),
  SELU(21),
  SWISH(22),
  RECIPROCAL(23),
  SIGN(24),
  ROUND(25),
  NOT(26),
  SIN(27),
  COS(28),
  TAN(29),
  IDENTITY(30),
  AFFINE(31),
  CELU(32),
  THRESHOLDED_RELU(33),
  LOG_SIGMOID(34),
  RSQRT(35),
  IS_NAN(36),
  SQUARE(37),
  SHRINK(38),
  SINH(39),
  COSH(40),
  ASIN(41),
  ACOS(42),
  ATAN(43),
  ASINH(44),
  ACOSH(45),
  ATANH(46);

  private final int code;

  Unary(int code) {
    this.code = code;
  }

  /** {@code y = this(x; a, b)}; both contiguous and in the same order. */
  public KernelWork work(TensorView x, TensorView y, double a, double b) {
    boolean isWide =
        x.storage() == ElementType.F64
            || y.storage() == ElementType.F64
            || (isWhole(x) && isWhole(y));
    return KernelWork.perElement(
        isWide ? "unary_wide" : "unary",
        y.elements(),
        new Arguments()
            .pointers(x, y)
            .number(y.elements())
            .integer(code)
            .types(x, y)
            .real(a)
            .real(b));
  }

  private static boolean isWhole(TensorView view) {
    return view.storage() == ElementType.I64;
  }

  /** A function without parameters. */
  public KernelWork work(TensorView x, TensorView y) {
    return work(x, y, 0, 0);
  }
}
