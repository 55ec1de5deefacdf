package dev.flopmeter.cli;

import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.measure.ProfileResult;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.html.CompareHtml;
import dev.flopmeter.report.json.ComparisonJson;
import dev.flopmeter.report.json.ProfileJson;
import dev.flopmeter.report.json.ReportFormatException;
import dev.flopmeter.report.text.ComparisonMarkdown;
import dev.flopmeter.report.text.ComparisonTable;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flopmeter compare}: tells whether a profile is slower than another. */
@Command(
    name = "compare",
    description = {
      "Compares two profiles written with --format json or jsonl.",
      "Exit code 1 only if the whole pass is confirmed to be slower by more than the threshold."
    },
    mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
  /** Exit code: a verdict of no. */
  private static final int SLOWER = 1;

  private static final Pattern SHARE = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*(%?)");

  @Parameters(index = "0", paramLabel = "BASE", description = "the profile to compare with")
  private String base = "";

  @Parameters(index = "1", paramLabel = "NEW", description = "the profile in question")
  private String next = "";

  @Option(
      names = "--threshold",
      paramLabel = "SHARE",
      defaultValue = "5%",
      description = "the least change that counts; default: 5%%")
  private String threshold = "5%";

  @Option(names = "--force", description = "compare even what is not comparable")
  private boolean isForced;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table, json, markdown or html; default: ${DEFAULT-VALUE}")
  private String format = "table";

  @Option(names = "--all-layers", description = "show the layers that are the same, too")
  private boolean showsAllLayers;

  @Mixin private OutputOption destination = new OutputOption();

  @Override
  public Integer call() {
    if (!List.of("table", "json", "markdown", "html").contains(format)) {
      throw new ModelException(
          "--format must be table, json, markdown or html, not '" + format + "'");
    }
    ComparisonSet set = ComparisonSet.of(read(base), read(next), share(threshold));
    requireComparable(set);
    try (Output output = destination.open()) {
      output.text(
          switch (format) {
            case "json" -> ComparisonJson.write(set) + "\n";
            case "html" -> CompareHtml.render(set);
            case "markdown" -> ComparisonMarkdown.render(set);
            default -> ComparisonTable.render(set, style(output));
          });
    }
    return set.isSlower() ? SLOWER : 0;
  }

  private void requireComparable(ComparisonSet set) {
    if (isForced) {
      return;
    }
    for (Comparison comparison : set.comparisons()) {
      if (!comparison.differences().isEmpty()) {
        throw new ModelException(
            "not comparable: "
                + String.join("; ", comparison.differences())
                + " (--force compares all the same)");
      }
    }
    if (set.comparisons().isEmpty()) {
      throw new ModelException(
          "the files have no case in common: " + String.join("; ", set.unmatched()));
    }
  }

  private TerminalStyle style(Output output) {
    return output.isFile()
        ? TerminalStyle.PLAIN.withAllLayers(showsAllLayers)
        : TerminalStyle.of(
            System.getenv(), Terminal.OUTPUT, Charset.defaultCharset(), showsAllLayers);
  }

  private static List<ProfileResult> read(String file) {
    try {
      return ProfileJson.readAll(Files.readString(Path.of(file), StandardCharsets.UTF_8));
    } catch (ReportFormatException e) {
      throw new ModelException(file + ": " + e.getMessage(), e);
    } catch (IOException | InvalidPathException e) {
      throw new ModelException("'" + file + "' cannot be read: " + IoReason.of(e), e);
    }
  }

  /** {@code 5%} or {@code 0.05}. */
  static double share(String text) {
    Matcher matcher = SHARE.matcher(text.trim());
    if (matcher.matches()) {
      double value = Double.parseDouble(matcher.group(1)) / (matcher.group(2).isEmpty() ? 1 : 100);
      if (value < 1) {
        return value;
      }
    }
    throw new ModelException(
        "--threshold: '" + text + "' is no share below 100 %; write such as 5% or 0.05");
  }
}
