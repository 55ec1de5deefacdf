package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.Precision;
import dev.flopmeter.text.Labelled;

/** The arithmetic that a precision allows, by the names of cuDNN's {@code cudnnMathType_t}. */
enum MathType implements Labelled {
  /** Tensor cores where the type allows: TF32 for float32. */
  DEFAULT,
  TENSOR_OP,
  /** No tensor cores, and so no TF32. */
  FMA;

  static MathType of(Precision precision) {
    return switch (precision) {
      case FP32 -> FMA;
      case TF32 -> DEFAULT;
      case FP16, BF16, INT8, FP8 -> TENSOR_OP;
    };
  }
}
