package dev.flopmeter.result;

import dev.flopmeter.text.Labelled;
import org.jspecify.annotations.Nullable;

/** The limit of a layer's speed. */
public enum Bound implements Labelled {
  /** The layer runs near the peak rate of arithmetic. */
  COMPUTE,
  /** Near the bandwidth of the device's memory. */
  MEMORY,
  /** Near the bandwidth of the cache that its working set fits. */
  CACHE,
  /** Starting the layer takes longer than its work, or is what limits it. */
  LAUNCH,
  /** Far below every applicable roof, including the cost of a launch. */
  INEFFICIENT;

  /** The share of a roof above which that roof limits a layer. */
  public static final double NEAR_ROOF = 0.5;

  /**
   * The bound of a layer at {@code efficiency}, a share of its roof. Earlier versions named the
   * nearest roof at any distance; this corrects them when they are read.
   */
  Bound judged(@Nullable Double efficiency) {
    boolean isRoof = this == COMPUTE || this == MEMORY || this == CACHE;
    return isRoof && efficiency != null && efficiency < NEAR_ROOF ? INEFFICIENT : this;
  }

  /** {@code compute-bound}, {@code inefficient}: before a noun. */
  public String adjective() {
    return this == INEFFICIENT ? label() : label() + "-bound";
  }

  @Override
  public String toString() {
    return label();
  }
}
