package dev.flopmeter.run.cudnn.plan;

import java.util.stream.Stream;

/**
 * Our kernel {@code binary}: element-wise functions of two values, with broadcasting. The numbers
 * are those of {@code binary.c}.
 */
public enum Binary {
  ADD(0),
  SUB(1),
  MIN(5),
  MAX(6),
  MOD(16),
  FMOD(17),
  ADD_RELU(19),
  BITWISE_XOR(22),
  SHIFT_LEFT(23),
  SHIFT_RIGHT(24),
  SHIFT_RIGHT_SIGNED(25);

  private final int code;

  Binary(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  /** {@code y = this(a, b)}; a and b are repeated to y's shape. */
  public KernelWork work(TensorView a, TensorView b, TensorView y) {
    return work(code, a, b, y, 0);
  }

  /**
   * A function by its number, of whole numbers of fewer bits than those that hold them.
   *
   * @param bits of whole numbers, where they wrap around; below 0 of unsigned ones, 0 for 64 signed
   */
  public static KernelWork work(int function, TensorView a, TensorView b, TensorView y, int bits) {
    Loops loops = Loops.over(y.shape(), y, a.broadcastTo(y.shape()), b.broadcastTo(y.shape()));
    boolean isWhole = Stream.of(a, b, y).allMatch(view -> view.storage() == ElementType.I64);
    boolean isWide = a.storage() == ElementType.F64 || b.storage() == ElementType.F64;
    return KernelWork.perElement(
        isWhole ? "binary_whole" : isWide ? "binary_wide" : "binary",
        y.elements(),
        new Arguments()
            .pointers(a, b, y)
            .numbers(y.elements())
            .integer(function)
            .types(a, b, y)
            .loops(loops, 1, 2, 0)
            .integers(bits, 0));
  }
}
