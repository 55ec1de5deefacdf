package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = softmax(scale * q * keys + added) * values} for each batch and head. Heads of queries
 * may share keys and values: then those have fewer heads, and neighbours share.
 *
 * @param q (batch, head, query, width)
 * @param keys (batch, head of keys, width, key)
 * @param values (batch, head of keys, key, width of values)
 * @param added repeated to (batch, head, query, key)
 * @param causal where later keys are hidden from a query
 * @param y (batch, head, query, width of values)
 * @param obstacle why this cannot be one fused attention, whatever the types and sizes
 * @param apart the same step by step, for what cuDNN's fused attention does not offer
 */
public record AttentionWork(
    TensorView q,
    TensorView keys,
    TensorView values,
    @Nullable TensorView added,
    @Nullable Causal causal,
    TensorView y,
    double scale,
    @Nullable String obstacle,
    List<Work> apart)
    implements GraphWork {
  /** Of cuDNN's fused attention: heads no wider, and a multiple of this. */
  private static final long WIDEST = 256;

  private static final long MULTIPLE = 8;

  /**
   * Keys later than the query are hidden.
   *
   * @param past keys in front of the first query
   */
  public record Causal(long past) {}

  public AttentionWork {
    apart = List.copyOf(apart);
  }

  @Override
  public Optional<String> reasonApart() {
    if (obstacle != null) {
      return Optional.of(obstacle);
    }
    if (!q.storage().isFloat() || q.storage() == ElementType.F32) {
      return Optional.of("cuDNN fuses 16-bit types only");
    }
    if (Stream.of(q, keys, values, y)
        .anyMatch(view -> view.rank() != 4 || view.storage() != q.storage())) {
      return Optional.of("the types or ranks differ");
    }
    if (added != null && (added.rank() > 4 || added.storage() != q.storage())) {
      return Optional.of("the mask has another type");
    }
    if (!isFusedWidth(q.dim(3)) || !isFusedWidth(values.dim(3))) {
      return Optional.of("a head's width is above " + WIDEST + " or no multiple of " + MULTIPLE);
    }
    if (keys.dim(1) != values.dim(1)
        || q.dim(1) % keys.dim(1) != 0
        || Stream.of(keys, values).anyMatch(view -> view.dim(0) != q.dim(0))) {
      return Optional.of("the batches or heads differ");
    }
    if (y.elements() == 0 || keys.elements() == 0) {
      return Optional.of("it is empty");
    }
    // cuDNN ends the process on such strides, so it must not be asked.
    boolean isWidthInnermost =
        q.stride(3) == 1 && keys.stride(2) == 1 && values.stride(3) == 1 && y.stride(3) == 1;
    return isWidthInnermost
        ? Optional.empty()
        : Optional.of("a head's width is not innermost in memory");
  }

  private static boolean isFusedWidth(long width) {
    return width <= WIDEST && width % MULTIPLE == 0;
  }

  @Override
  public String apartName(String reason) {
    return "not fused (" + reason + "): ";
  }

  @Override
  public Stream<TensorView> views() {
    Stream<TensorView> own = apart.stream().flatMap(Work::views);
    return added == null ? own : Stream.concat(own, Stream.of(added));
  }
}
