package dev.flopmeter.report.finding;

import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.stream.Stream;

/** Columns of tables with a row per run. */
public final class RunColumns {
  private RunColumns() {}

  private static final Column<ProfileResult> BACKEND =
      Column.text("backend", result -> result.run().backend());
  private static final Column<ProfileResult> MODEL =
      Column.name("model", 8, result -> result.model().name());
  private static final Column<ProfileResult> PRECISION =
      Column.text("precision", result -> result.run().precision());
  private static final Column<ProfileResult> BATCH =
      Column.figure("batch", result -> result.run().batch());
  private static final Column<ProfileResult> MEDIAN =
      Column.figure("median", result -> Figures.seconds(result.latency().median()));
  private static final Column<ProfileResult> QUARTILES =
      Column.figure(
          "quartiles", result -> Breakdown.quartiles(result.latency().q1(), result.latency().q3()));
  private static final Column<ProfileResult> INFERENCES =
      Column.figure(
          "inferences/s", result -> Figures.number(result.throughput().inferencesPerSecond()));
  private static final Column<ProfileResult> FLOPS =
      Column.figure("FLOP/s", result -> Figures.si(result.throughput().achievedFlopsPerSecond()));
  private static final Column<ProfileResult> MFU =
      Column.figure("MFU", Utilization::mfu, mfu -> Figures.percent(mfu.share()));
  private static final Column<ProfileResult> ATTAINABLE =
      Column.figure("attainable", Utilization::attainableShare, Figures::percent);

  /** For a sweep over batches, precisions or backends in Markdown and HTML. */
  public static List<Column<ProfileResult>> ofSweep(Knee knee, List<ProfileResult> results) {
    Column<ProfileResult> batch =
        Column.figure(
            "batch", result -> result.run().batch() + (knee.isAt(result) ? " (knee)" : ""));
    return Stream.of(
            MODEL, BACKEND, PRECISION, batch, MEDIAN, QUARTILES, INFERENCES, FLOPS, MFU, ATTAINABLE)
        .filter(column -> !column.equals(BACKEND) || areOfSeveralBackends(results))
        .toList();
  }

  /** Whether rows differ in their backend. */
  public static boolean areOfSeveralBackends(List<ProfileResult> results) {
    return results.stream().map(result -> result.run().backend()).distinct().count() > 1;
  }

  /** For a sweep in text, whose lines are short. */
  public static List<Column<ProfileResult>> ofShortSweep(Knee knee) {
    Column<ProfileResult> mark = Column.text("", result -> knee.isAt(result) ? "knee" : "");
    return List.of(
        MODEL, PRECISION, BATCH, MEDIAN, INFERENCES, FLOPS, MFU, ATTAINABLE.extra(), mark);
  }

  /** For the runtimes of one model. */
  public static List<Column<ProfileResult>> ofRuntimes() {
    return List.of(
        BACKEND,
        Column.text("device", result -> result.device().id()),
        PRECISION,
        BATCH,
        MEDIAN,
        INFERENCES,
        MFU,
        ATTAINABLE,
        Column.figure("memory", ProfileResult::memory, held -> Figures.bytes(held.total())),
        Column.figure("first run", ProfileResult::firstRunSeconds, Figures::seconds),
        Column.text("", result -> result.valid() ? "" : "not valid"));
  }
}
