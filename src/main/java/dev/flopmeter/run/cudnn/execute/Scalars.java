package dev.flopmeter.run.cudnn.execute;

import jcuda.Pointer;

/** The factors that cuDNN's calls blend results with, float32 for all our types. */
final class Scalars {
  static final Pointer ONE = Pointer.to(new float[] {1});
  static final Pointer ZERO = Pointer.to(new float[] {0});

  private Scalars() {}
}
