package dev.flopmeter.count;

import dev.flopmeter.model.Sizes;

/**
 * The work of an operator, a layer or a network; exact integers, never estimates.
 *
 * @param macs multiply-accumulates of convolutions, matrix products, attention and recurrent cells
 * @param flops floating-point operations under the convention counted with (1 MAC = 2 FLOP in the
 *     default one)
 * @param params learned values
 * @param bytesRead compulsory bytes in: every input and weight once
 * @param bytesWritten compulsory bytes out: every output once
 */
public record Cost(long macs, long flops, long params, long bytesRead, long bytesWritten) {
  public static final Cost ZERO = new Cost(0, 0, 0, 0, 0);

  /**
   * The sum.
   *
   * @throws dev.flopmeter.model.ModelException if a component exceeds 2^63-1
   */
  public Cost plus(Cost other) {
    return new Cost(
        Sizes.add(macs, other.macs),
        Sizes.add(flops, other.flops),
        Sizes.add(params, other.params),
        Sizes.add(bytesRead, other.bytesRead),
        Sizes.add(bytesWritten, other.bytesWritten));
  }

  /** Compulsory traffic: bytes read and written. */
  public long bytes() {
    return Sizes.add(bytesRead, bytesWritten);
  }

  /** Model FLOPs as MFU counts them: 2 per MAC, nothing else. */
  public long macFlops() {
    return Sizes.multiply(2, macs);
  }
}
