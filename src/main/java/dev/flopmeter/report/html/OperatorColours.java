package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The colour of each operator, the same in every chart of a page. The longest-running operators get
 * one each, the rest share the last. The style sheet defines the colours.
 */
final class OperatorColours {
  private static final int COLOURS = 8;

  private final Map<String, Integer> colours = new LinkedHashMap<>();

  OperatorColours(List<ProfileResult> results) {
    for (ProfileResult result : results) {
      for (Breakdown.Part part : Breakdown.byOperator(result)) {
        colours.putIfAbsent(part.label(), Math.min(colours.size(), COLOURS - 1));
      }
    }
  }

  /** The style sheet's class for an operator: {@code k0} to {@code k7}. */
  String of(String op) {
    return "k" + colours.getOrDefault(op, COLOURS - 1);
  }

  /** Whether the operator shares the last colour with others. */
  boolean isShared(String op) {
    return of(op).equals("k" + (COLOURS - 1)) && colours.size() > COLOURS;
  }

  /** An operator's name with its colour in front. */
  void tagged(Markup out, String op) {
    tagged(out, of(op), Breakdown.operator(op));
  }

  /** A name with a colour in front; both stay in one line. */
  static void tagged(Markup out, String colour, String name) {
    out.open("span.tagged").empty("i.swatch." + colour);
    out.element("bdi.clip", name).close("span");
  }
}
