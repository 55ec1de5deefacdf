package dev.flopmeter.report.text;

import dev.flopmeter.report.finding.Column;
import dev.flopmeter.run.conformance.CaseOutcome;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.Conformance.Tally;
import dev.flopmeter.text.Printable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Conformance as text for a terminal: a row per operator, then every case that did not pass. */
public final class ConformanceTable {
  private ConformanceTable() {}

  private static final List<Column<Map.Entry<String, Tally>>> COLUMNS =
      List.of(
          Column.text("operator", Map.Entry::getKey),
          Column.figure("passed", row -> row.getValue().passed()),
          Column.figure("failed", row -> row.getValue().failed()),
          Column.figure("unsupported", row -> row.getValue().unsupported()),
          Column.figure("invalid", row -> row.getValue().invalid()));

  public static String render(Conformance conformance, TerminalStyle style) {
    Map<String, Tally> tallies = new LinkedHashMap<>(conformance.byOperator());
    tallies.put("all on " + conformance.backend(), conformance.total());
    StringBuilder out = new StringBuilder();
    TextTable.render(out, style, COLUMNS, tallies.entrySet());
    for (CaseOutcome outcome :
        List.of(CaseOutcome.INVALID, CaseOutcome.FAILED, CaseOutcome.UNSUPPORTED)) {
      for (CaseResult result : conformance.of(outcome)) {
        out.append(outcome.label()).append(' ').append(Printable.of(result.name()));
        out.append(": ").append(Printable.of(result.reason())).append('\n');
      }
    }
    return out.toString();
  }
}
