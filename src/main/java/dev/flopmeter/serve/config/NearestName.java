package dev.flopmeter.serve.config;

import dev.flopmeter.model.EditDistance;
import java.util.Collection;
import java.util.Optional;

/** The known name that a mistyped one most likely meant. */
final class NearestName {
  private NearestName() {}

  /** The closest of {@code known}, if it is close enough to be worth naming. */
  static Optional<String> of(String name, Collection<String> known) {
    String best = null;
    int least = Math.max(2, name.length() / 2) + 1;
    for (String candidate : known) {
      // Half of a name was meant as the whole of it.
      boolean isPart = name.length() >= 4 && candidate.contains(name);
      int distance = isPart ? 1 : EditDistance.between(name, candidate);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return Optional.ofNullable(best);
  }
}
