package dev.flopmeter.cli;

import dev.flopmeter.cli.output.IoReason;
import dev.flopmeter.cli.output.Output;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.html.CompareHtml;
import dev.flopmeter.report.json.ComparisonJson;
import dev.flopmeter.report.text.ComparisonTable;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ResultFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code flopmeter compare}: whether one profile is slower than another. */
final class CompareCommand extends Command {
  /** Exit code: a verdict of no. */
  private static final int SLOWER = 1;

  private final Argument<String> base = parameter(0, Reading.TEXT);
  private final Argument<String> next = parameter(1, Reading.TEXT);
  private final Argument<Double> threshold = option("--threshold", Reading::share);
  private final Argument<Boolean> force = flag("--force");
  private final Argument<Across> across = optional("--across", Choice.of(Across.values()));
  private final Argument<Boolean> allLayers = flag("--all-layers");
  private final OutputArguments output =
      with(new OutputArguments(Format.TABLE, Format.JSON, Format.MARKDOWN, Format.HTML));

  /** What two results may differ in. */
  private enum Across {
    BACKEND
  }

  @Override
  int run(Console console) {
    ComparisonSet set = ComparisonSet.of(read(base.get()), read(next.get()), threshold.get());
    requireComparable(set);
    try (Output out = output.open(console)) {
      out.text(
          switch (output.format()) {
            case JSON -> ComparisonJson.write(set);
            case HTML -> CompareHtml.render(set);
            case MARKDOWN -> ComparisonTable.markdown(set);
            default -> ComparisonTable.render(set, out.style(allLayers.get()));
          });
    }
    return set.isSlower() ? SLOWER : 0;
  }

  private void requireComparable(ComparisonSet set) {
    if (force.get()) {
      return;
    }
    for (Comparison comparison : set.comparisons()) {
      List<String> differences = new ArrayList<>(comparison.differences());
      differences.removeIf(one -> across.find().isPresent() && one.startsWith("run.backend "));
      if (!differences.isEmpty()) {
        throw new ModelException(
            "not comparable: "
                + String.join("; ", differences)
                + " (use --force to compare anyway)");
      }
    }
    if (set.comparisons().isEmpty()) {
      throw new ModelException(
          "the files have no case in common: " + String.join("; ", set.unmatched()));
    }
  }

  private static List<ProfileResult> read(String file) {
    try {
      return ProfileJson.readAll(Files.readString(Path.of(file), StandardCharsets.UTF_8));
    } catch (ResultFormatException e) {
      throw new ModelException(file + ": " + e.getMessage(), e);
    } catch (IOException | InvalidPathException e) {
      throw new ModelException("'" + file + "' cannot be read: " + IoReason.of(e), e);
    }
  }
}
