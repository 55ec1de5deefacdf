package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Work for cuDNN's graph API, and what does the same without it. */
public sealed interface GraphWork extends Work
    permits AttentionWork, ConvolutionWork, NormalizationWork, PoolingWork, ProductWork {
  /** For reports; null if images have no part in it. */
  default @Nullable MemoryLayout layout() {
    return null;
  }

  /** Why cuDNN need not be asked, in a few words; nothing if it is worth asking. */
  default Optional<String> reasonApart() {
    return Optional.empty();
  }

  /** The same in works done one after the other, for what cuDNN does not offer. */
  List<? extends Work> apart();

  /** What the apart works' names begin with in reports. */
  default String apartName(String reason) {
    return "";
  }

  @Override
  default Stream<TensorView> views() {
    return apart().stream().flatMap(Work::views);
  }
}
