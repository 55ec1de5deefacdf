package dev.flopmeter.model.zoo;

/**
 * How a batch normalisation is set.
 *
 * @param scale the middle of its stored scales
 */
record Norm(double epsilon, double scale) {
  static final Norm PLAIN = new Norm(1e-5, 1);

  /**
   * For the end of a residual branch: a quarter of the scale, so that activations of deep networks
   * stay within float16's range.
   */
  Norm ending() {
    return new Norm(epsilon, scale / 4);
  }
}
