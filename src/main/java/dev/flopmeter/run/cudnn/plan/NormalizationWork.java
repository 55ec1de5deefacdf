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
  /** Over which axes. */
  public enum Kind {
    /** All but the first. */
    LAYER,
    /** All but the first two. */
    INSTANCE,
    /** All but the first, without the mean. */
    ROOT_MEAN_SQUARE
  }

  @Override
  public List<KernelWork> apart() {
    return List.of(own);
  }
}
