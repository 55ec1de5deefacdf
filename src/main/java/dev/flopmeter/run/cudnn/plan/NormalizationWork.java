package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Normalisation by the statistics of the values themselves. All views have four axes; those of
 * scale and bias are 1 if they repeat.
 *
 * @param own the same with our own kernel
 */
public record NormalizationWork(
    Kind kind,
    TensorView x,
    TensorView y,
    TensorView scale,
    @Nullable TensorView bias,
    double epsilon,
    KernelWork own)
    implements GraphWork {
  /** Over which axes, with cuDNN's number of the mode. */
  public enum Kind {
    /** All but the first. */
    LAYER(0),
    /** All but the first two. */
    INSTANCE(1),
    /** All but the first, without the mean. */
    ROOT_MEAN_SQUARE(4);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    public int code() {
      return code;
    }
  }

  @Override
  public List<KernelWork> apart() {
    return List.of(own);
  }
}
