package dev.flopmeter.measure;

import java.util.Optional;

/** Says after each pass whether it may count. */
@FunctionalInterface
interface SampleGate {
  /** Lets every pass count. */
  SampleGate OPEN = Optional::empty;

  /** The reason to drop the pass that has just ended; nothing to keep it. */
  Optional<String> refusal();
}
