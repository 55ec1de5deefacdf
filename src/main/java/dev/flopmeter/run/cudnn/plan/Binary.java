package dev.flopmeter.run.cudnn.plan;

import java.util.stream.Stream;

/**
 * Our kernel {@code binary}: element-wise functions of two values, with broadcasting. The numbers
 * are those of {@code binary.c}.
 */
public enum Binary {
  ADD(0),
  SUB(1),
  MUL(2),
  DIV(3),
  POW(4),
  MIN(5),
  MAX(6),
  EQUAL(7),
  LESS(8),
  LESS_OR_EQUAL(9),
  GREATER(10),
  GREATER_OR_EQUAL(11),
  AND(12),
  OR(13),
  XOR(14),
  PRELU(15),
  MOD(16),
  FMOD(17),
  MEAN(18),
  ADD_RELU(19),
  BITWISE_AND(20),
  BITWISE_OR(21),
  BITWISE_XOR(22),
  SHIFT_LEFT(23),
  SHIFT_RIGHT(24),
  SHIFT_RIGHT_SIGNED(25);

  private final int code;

  Binary(int code) {
    this.code = code;
  }

  /** {@code y = this(a, b)}; a and b are repeated to y's shape. */
  public KernelWork work(TensorView a, TensorView b, TensorView y) {
    return work(a, b, y, 0);
  }

  /**
   * {@code y = this(a, b)} of whole numbers of fewer bits than those that hold them.
   *
   * @param bits of whole numbers, beyond which they wrap around; below 0 of unsigned ones, 0 for 64
   */
  public KernelWork work(TensorView a, TensorView b, TensorView y, int bits) {
    Loops loops = Loops.over(y.shape(), y, a.broadcastTo(y.shape()), b.broadcastTo(y.shape()));
    boolean isWhole = Stream.of(a, b, y).allMatch(view -> view.storage() == ElementType.I64);
    boolean isWide = a.storage() == ElementType.F64 || b.storage() == ElementType.F64;
    return KernelWork.perElement(
        isWhole ? "binary_whole" : isWide ? "binary_wide" : "binary",
        y.elements(),
        new Arguments()
            .pointers(a, b, y)
            .number(y.elements())
            .integer(code)
            .types(a, b, y)
            .loops(loops, 1, 2, 0)
            .integers(bits, 0));
  }
}
