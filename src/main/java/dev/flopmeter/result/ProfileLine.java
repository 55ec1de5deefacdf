package dev.flopmeter.result;

import org.jspecify.annotations.Nullable;

/** One line of {@code flopmeter profile --format jsonl}. */
public sealed interface ProfileLine {

  /** An event of a kind that this version does not know. */
  ProfileLine OTHER = new Progress(null, 0, null);

  record Result(ProfileResult result) implements ProfileLine {}

  /**
   * How far a run is.
   *
   * @param done share of the work, 0 to 1
   */
  record Progress(@Nullable String phase, double done, @Nullable String detail)
      implements ProfileLine {}
}
