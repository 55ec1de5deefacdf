package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.TurnTaking;
import dev.flopmeter.measure.Turns;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.html.CompareHtml;
import dev.flopmeter.report.json.ComparisonJson;
import dev.flopmeter.report.json.TurnsJson;
import dev.flopmeter.report.text.ComparisonTable;
import dev.flopmeter.report.text.TurnsText;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.text.IoReason;
import dev.flopmeter.text.Labelled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code flopmeter compare}: whether one profile, or one network, is slower than another. */
final class CompareCommand extends Command {
  /** Exit code: the verdict is no. */
  private static final int SLOWER = 1;

  /** The default thresholds: for two profiles, and for two networks by turns. */
  private static final double LEAST_CHANGE = 0.05;

  private static final double LEAST_CHANGE_BY_TURNS = 0.01;

  private final Argument<String> base = parameter(0, new Reading.Text());
  private final Argument<String> next = parameter(1, new Reading.Text());
  private final Argument<Double> threshold = option("--threshold", Reading::share);
  private final Argument<Boolean> force = flag("--force");
  private final Argument<Across> across = option("--across", Choice.of(Across.values()));
  private final Argument<Boolean> allLayers = flag("--all-layers");
  private final Argument<Boolean> run = flag("--run");
  private final Argument<Duration> maxTime = option("--max-time", Reading::timeSpan);
  private final Argument<Double> errorRate = option("--error-rate", Reading::share);
  private final Argument<Long> seed = option("--seed", new Reading.WholeNumber());
  private final TurnSide sides = with(TurnSide.options());
  private final OutputArguments output =
      with(new OutputArguments(Format.TABLE, Format.JSON, Format.MARKDOWN, Format.HTML));

  private enum Across implements Labelled {
    BACKEND
  }

  @Override
  int run(Console console) {
    return run.get() ? byTurns(console) : compared(console);
  }

  private int byTurns(Console console) {
    refuse(List.of(force, across, allLayers), " cannot be combined with --run");
    if (output.format() != Format.TABLE && output.format() != Format.JSON) {
      throw new ModelException("--format: with --run, must be table or json");
    }
    if (errorRate.get() <= 0) {
      throw new ModelException("--error-rate: must be above 0 %");
    }
    List<String> common = sides.words();
    TurnSide before = TurnSide.read("BASE", base.get(), common);
    TurnSide after = TurnSide.read("NEW", next.get(), common);
    Turns.Rules rules =
        new Turns.Rules(
            threshold.find().orElse(LEAST_CHANGE_BY_TURNS),
            errorRate.get(),
            maxTime.get().toNanos() / 1e9,
            seed.get());
    try (Output out = output.open(console);
        TurnSide.Ready first = before.prepare(rules.seed());
        TurnSide.Ready second = after.prepare(rules.seed());
        Progress progress = Console.progress()) {
      Turns turns =
          new TurnTaking(rules, System::nanoTime, progress)
              .compare(first.plan(), first.side(), second.plan(), second.side());
      out.text(
          output.format() == Format.JSON
              ? TurnsJson.write(turns)
              : TurnsText.render(turns, out.style(false)));
      return turns.isSlower() ? SLOWER : 0;
    }
  }

  private static void refuse(List<Argument<?>> arguments, String reason) {
    for (Argument<?> argument : arguments) {
      if (argument.form().isOption() && !argument.words().isEmpty()) {
        throw new ModelException(argument.name() + reason);
      }
    }
  }

  private int compared(Console console) {
    refuse(List.of(maxTime, errorRate, seed), " needs --run");
    refuse(sides.declared(), " needs --run");
    double least = threshold.find().orElse(LEAST_CHANGE);
    ComparisonSet set = ComparisonSet.of(read(base.get()), read(next.get()), least);
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
