package dev.flopmeter.run.fuse;

/** What one backend can run as one step. */
@FunctionalInterface
public interface FusionRules {
  /**
   * Whether the backend runs {@code candidate} as one step. A chain is offered first with its main
   * node alone, then with each part that follows; an attention is offered whole, with the turn of
   * its keys and without; several nodes that compute what one operator does as a {@link
   * Fused.Single}.
   */
  boolean take(Fused candidate);
}
