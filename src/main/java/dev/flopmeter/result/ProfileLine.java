package dev.flopmeter.result;

import org.jspecify.annotations.Nullable;

/** One line of {@code flopmeter profile --format jsonl}. */
public sealed interface ProfileLine {

  /** An event of an unknown kind. */
  ProfileLine OTHER = new Progress(null, 0, null);

  record Result(ProfileResult result) implements ProfileLine {}

  /**
   * The progress of a run.
   *
   * @param done share of the work, 0 to 1
   */
  record Progress(@Nullable String phase, double done, @Nullable String detail)
      implements ProfileLine {}
}
