package dev.flopmeter.report.text;

import dev.flopmeter.report.text.TextTable.Column;
import dev.flopmeter.run.conformance.CaseOutcome;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.Conformance.Tally;
import dev.flopmeter.text.Printable;
import java.util.List;

/** Conformance as text for a terminal: a row per operator, then every case that did not pass. */
public final class ConformanceTable {
  private ConformanceTable() {}

  public static String render(Conformance conformance, TerminalStyle style) {
    TextTable table =
        new TextTable(
            List.of(
                Column.text("operator"),
                Column.figure("passed"),
                Column.figure("failed"),
                Column.figure("unsupported"),
                Column.figure("invalid")));
    conformance.byOperator().forEach((operator, tally) -> table.row(cells(operator, tally)));
    table.row(cells("all on " + conformance.backend(), conformance.total()));
    StringBuilder out = new StringBuilder();
    table.render(out, style);
    for (CaseOutcome outcome :
        List.of(CaseOutcome.INVALID, CaseOutcome.FAILED, CaseOutcome.UNSUPPORTED)) {
      for (CaseResult result : conformance.of(outcome)) {
        out.append(outcome.label())
            .append(' ')
            .append(Printable.of(result.name()))
            .append(": ")
            .append(Printable.of(result.reason()))
            .append('\n');
      }
    }
    return out.toString();
  }

  private static List<String> cells(String name, Tally tally) {
    return List.of(
        name,
        Integer.toString(tally.passed()),
        Integer.toString(tally.failed()),
        Integer.toString(tally.unsupported()),
        Integer.toString(tally.invalid()));
  }
}
