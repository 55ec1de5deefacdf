package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = softmax(scale * q * keys + added) * values} for each batch and head.
 *
 * @param q (batch, head, query, width)
 * @param keys (batch, head, width, key)
 * @param values (batch, head, key, width of values)
 * @param added repeated to (batch, head, query, key)
 * @param y (batch, head, query, width of values)
 * @param apart the same step by step, for what cuDNN's fused attention does not offer
 */
public record AttentionWork(
    View q, View keys, View values, @Nullable View added, View y, double scale, List<Work> apart)
    implements Work {
  /** Of cuDNN's fused attention: heads no wider, and a multiple of this. */
  private static final long WIDEST = 128;

  private static final long MULTIPLE = 8;

  public AttentionWork {
    apart = List.copyOf(apart);
  }

  /** Whether it is worth asking cuDNN: it fuses 16-bit types in narrow heads. */
  public boolean isForCudnn() {
    return Stream.of(q, keys, values, y)
            .allMatch(view -> view.rank() == 4 && view.storage() == q.storage())
        && q.storage().isFloat()
        && q.storage() != Storage.F32
        && isNarrow(q.dim(3))
        && isNarrow(values.dim(3))
        && q.dim(1) == keys.dim(1)
        && q.dim(1) == values.dim(1)
        && q.dim(0) == keys.dim(0)
        && q.dim(0) == values.dim(0)
        && y.elements() > 0
        && keys.elements() > 0
        && (added == null || (added.rank() <= 4 && added.storage() == q.storage()));
  }

  private static boolean isNarrow(long width) {
    return width <= WIDEST && width % MULTIPLE == 0;
  }

  @Override
  public <T> T match(Cases<T> cases) {
    return cases.attention(this);
  }
}
