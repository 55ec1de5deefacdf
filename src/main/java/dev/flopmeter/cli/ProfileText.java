package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.html.HtmlReport;
import dev.flopmeter.report.json.ChromeTrace;
import dev.flopmeter.report.text.ProfileTable;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.metrics.Textfile;
import java.util.List;
import java.util.stream.Collectors;

/** The results of {@code profile} as text in one of the formats. */
final class ProfileText {
  private ProfileText() {}

  static String of(Format format, List<ProfileResult> results, TerminalStyle style) {
    return switch (format) {
      case TABLE -> ProfileTable.render(results, style);
      case JSON -> ProfileJson.write(results.get(0)) + "\n";
      case JSONL ->
          results.stream()
              .map(result -> ProfileJson.writeLine(result) + "\n")
              .collect(Collectors.joining());
      case CSV -> ProfileTable.csv(results);
      case MARKDOWN -> ProfileTable.markdown(results);
      case HTML -> HtmlReport.page(results, null);
      case TRACE -> ChromeTrace.render(results);
      case PROMETHEUS -> prometheus(results);
    };
  }

  private static String prometheus(List<ProfileResult> results) {
    try {
      return Textfile.of(results);
    } catch (IllegalArgumentException e) {
      throw new ModelException("--format prometheus: " + e.getMessage(), e);
    }
  }
}
