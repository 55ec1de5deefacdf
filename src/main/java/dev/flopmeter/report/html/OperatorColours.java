package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.result.ProfileResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The colour of each operator, the same in every chart of a page. The longest-running operators
 * have one each; the others share the last. The style sheet defines the colours.
 */
final class OperatorColours {
  private static final int COLOURS = 8;

  private final Map<String, Integer> colours = new LinkedHashMap<>();

  OperatorColours(List<ProfileResult> results) {
    for (ProfileResult result : results) {
      operators(result)
          .forEach(op -> colours.putIfAbsent(op, Math.min(colours.size(), COLOURS - 1)));
    }
  }

  /** The style sheet's class for an operator: {@code k0} to {@code k7}. */
  String of(String op) {
    return "k" + colours.getOrDefault(op, COLOURS - 1);
  }

  private boolean isShared(String op) {
    return of(op).equals("k" + (COLOURS - 1)) && colours.size() > COLOURS;
  }

  /** The operators of a result with their own colour, the longest-running first. */
  List<String> named(ProfileResult result) {
    return operators(result).filter(op -> !isShared(op)).toList();
  }

  /** Whether operators of a result share the last colour. */
  boolean hasOthers(ProfileResult result) {
    return operators(result).anyMatch(this::isShared);
  }

  private static Stream<String> operators(ProfileResult result) {
    return Breakdown.byOperator(result).stream().map(Breakdown.Part::label);
  }
}
