package dev.flopmeter.text;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** The known name that a mistyped name most likely means. */
public final class NearestName {
  private NearestName() {}

  /** The closest of {@code known}, if it is close enough to be worth naming. */
  public static Optional<String> of(String name, Collection<String> known) {
    String best = null;
    int least = Math.max(2, name.length() / 2) + 1;
    for (String candidate : known) {
      // Part of a name most likely means the whole name.
      boolean isPart = name.length() >= 4 && candidate.contains(name);
      int distance = isPart ? 1 : distance(name, candidate);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return Optional.ofNullable(best);
  }

  /**
   * {@code ; did you mean 'NAME'? } before the rest of a message; {@code ; } if no name is close.
   */
  public static String question(String name, Collection<String> known) {
    return of(name, known).map(nearest -> "; did you mean '" + nearest + "'? ").orElse("; ");
  }

  /**
   * The Levenshtein distance, upper and lower case taken as equal: how many letters must be added,
   * dropped or changed to turn one word into the other.
   */
  static int distance(String a, String b) {
    String left = a.toLowerCase(Locale.ROOT);
    String right = b.toLowerCase(Locale.ROOT);
    int[] row = new int[right.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int change = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[right.length()];
  }
}
