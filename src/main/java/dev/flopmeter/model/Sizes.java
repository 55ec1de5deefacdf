package dev.flopmeter.model;

/** Arithmetic on sizes and counts that never wraps around. */
public final class Sizes {
  private Sizes() {}

  /**
   * {@code a * b}.
   *
   * @throws ModelException if the product exceeds 2^63-1
   */
  public static long multiply(long a, long b) {
    try {
      return Math.multiplyExact(a, b);
    } catch (ArithmeticException e) {
      throw new ModelException("the size " + a + " x " + b + " exceeds 2^63-1", e);
    }
  }

  /**
   * The product of all {@code factors}, 1 for none.
   *
   * @throws ModelException if it exceeds 2^63-1
   */
  public static long product(long... factors) {
    long product = 1;
    for (long factor : factors) {
      product = multiply(product, factor);
    }
    return product;
  }

  /**
   * {@code a + b}.
   *
   * @throws ModelException if the sum exceeds 2^63-1
   */
  public static long add(long a, long b) {
    try {
      return Math.addExact(a, b);
    } catch (ArithmeticException e) {
      throw new ModelException("the sum " + a + " + " + b + " exceeds 2^63-1", e);
    }
  }
}
