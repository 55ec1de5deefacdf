package dev.flopmeter.report.text;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Knee;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.report.text.TextTable.Column;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Assignment;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A profile as text for a terminal: the verdict, the totals, a row per layer, the warnings. */
public final class ProfileTable {
  private ProfileTable() {}

  /** Layers shown before the rest is summed up as one row. */
  static final int TOP_LAYERS = 20;

  private static final String ABSENT = "-";

  /** One result in full. */
  public static String render(ProfileResult result, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    paragraph(out, Verdict.of(result), style, style::bold);
    out.append('\n');
    for (String line : totals(result)) {
      paragraph(out, line, style, UnaryOperator.identity());
    }
    out.append('\n');
    layers(out, result, style);
    warnings(out, List.of(result), style);
    return out.toString();
  }

  /**
   * Several results: each in full, then all of them in one table; of several backends, that table
   * alone.
   */
  public static String render(List<ProfileResult> results, TerminalStyle style) {
    if (results.size() == 1) {
      return render(results.get(0), style);
    }
    StringBuilder out = new StringBuilder();
    if (results.stream().map(result -> result.run().backend()).distinct().count() > 1) {
      runtimes(results).render(out, style);
      warnings(out, results, style);
      return out.toString();
    }
    for (ProfileResult result : results) {
      out.append(render(result, style)).append('\n');
    }
    Knee knee = new Knee(results);
    sweep(results, knee).render(out, style);
    if (knee.isAnywhere()) {
      out.append(Knee.EXPLANATION).append('\n');
    }
    return out.toString();
  }

  /** The runtimes of one model side by side. */
  private static TextTable runtimes(List<ProfileResult> results) {
    TextTable table =
        new TextTable(
            List.of(
                Column.text("backend"),
                Column.text("device"),
                Column.text("precision"),
                Column.figure("batch"),
                Column.figure("median"),
                Column.figure("inferences/s"),
                Column.figure("MFU"),
                Column.figure("memory"),
                Column.figure("first run"),
                Column.text("")));
    for (ProfileResult result : results) {
      Utilization mfu = Utilization.mfu(result);
      Memory held = result.memory();
      Double first = result.firstRunSeconds();
      table.row(
          List.of(
              result.run().backend(),
              result.device().id(),
              result.run().precision().label(),
              Long.toString(result.run().batch()),
              Figures.seconds(result.latency().median()),
              Figures.si(result.throughput().inferencesPerSecond()),
              mfu == null ? ABSENT : Figures.percent(mfu.share()),
              held == null
                  ? ABSENT
                  : Figures.bytes(held.weights() + held.activations() + held.workspace()),
              first == null ? ABSENT : Figures.seconds(first),
              result.valid() ? "" : "not valid"));
    }
    return table;
  }

  private static TextTable sweep(List<ProfileResult> results, Knee knee) {
    TextTable table =
        new TextTable(
            List.of(
                Column.path("model", 8),
                Column.text("precision"),
                Column.figure("batch"),
                Column.figure("median"),
                Column.figure("inferences/s"),
                Column.figure("FLOP/s"),
                Column.figure("MFU"),
                Column.text("")));
    for (ProfileResult result : results) {
      Utilization mfu = Utilization.mfu(result);
      table.row(
          List.of(
              result.model().name(),
              result.run().precision().label(),
              Long.toString(result.run().batch()),
              Figures.seconds(result.latency().median()),
              Figures.si(result.throughput().inferencesPerSecond()),
              Figures.si(result.throughput().achievedFlopsPerSecond()),
              mfu == null ? ABSENT : Figures.percent(mfu.share()),
              knee.isAt(result) ? "knee" : ""));
    }
    return table;
  }

  private static List<String> totals(ProfileResult result) {
    List<String> lines = new ArrayList<>();
    var latency = result.latency();
    lines.add(
        "Latency     "
            + Figures.seconds(latency.median())
            + " a batch (quartiles "
            + Figures.seconds(latency.q1())
            + " to "
            + Figures.seconds(latency.q3())
            + ", "
            + Verdict.count(result.run().samples(), "sample")
            + "), "
            + Figures.number(result.throughput().inferencesPerSecond())
            + " inferences/s");
    Double traffic = Breakdown.trafficBytes(result);
    lines.add(
        "Work        "
            + Figures.si(result.cost().macs(), "MAC")
            + ", "
            + Figures.si(result.cost().params())
            + " parameters"
            + (traffic == null
                ? ""
                : ", " + Figures.bytes(Math.round(traffic)) + " compulsory traffic"));
    lines.add("Achieved    " + achieved(result));
    String bandwidth = bandwidth(result);
    if (bandwidth != null) {
      lines.add("Bandwidth   " + bandwidth);
    }
    if (result.memory() != null) {
      var held = result.memory();
      lines.add(
          "Memory      "
              + Figures.bytes(held.weights())
              + " weights, "
              + Figures.bytes(held.activations())
              + " activations, "
              + Figures.bytes(held.workspace())
              + " workspace");
    }
    lines.add(
        "Run         "
            + result.run().backend()
            + " on "
            + result.device().id()
            + (result.run().fused() ? ", fused" : ", not fused")
            + (result.layerSumRatio() == null
                ? ""
                : ", layers sum to " + Figures.percent(result.layerSumRatio())));
    Assignment found = result.assignment();
    if (found != null) {
      Double ratio = found.profiledRatio();
      lines.add(
          "Assigned    "
              + Figures.percent(found.macs())
              + " of the MACs, "
              + Figures.percent(found.time())
              + " of the layers' time"
              + (ratio == null
                  ? ""
                  : ", times scaled by 1/"
                      + Figures.number(ratio)
                      + " for the profiler's own work"));
    }
    return lines;
  }

  private static String achieved(ProfileResult result) {
    String rate = Figures.flopRate(result.throughput().achievedFlopsPerSecond());
    Utilization mfu = Utilization.mfu(result);
    if (mfu == null) {
      return rate + " (no roof known, so no MFU)";
    }
    return rate
        + ", MFU "
        + Figures.percent(mfu.share())
        + " of the "
        + mfu.roofName()
        + (mfu.roof() == null ? "" : " (" + Figures.flopRate(mfu.roof()) + ")");
  }

  private static @Nullable String bandwidth(ProfileResult result) {
    Utilization mbu = Utilization.mbu(result);
    Double traffic = Breakdown.trafficBytes(result);
    if (mbu == null || traffic == null) {
      return null;
    }
    return Figures.byteRate(traffic / result.latency().median())
        + ", MBU "
        + Figures.percent(mbu.share())
        + " of the "
        + mbu.roofName()
        + (mbu.roof() == null ? "" : " (" + Figures.byteRate(mbu.roof()) + ")");
  }

  /** A column of the layer table. */
  private record LayerColumn(Column column, Function<Layer, String> cell) {}

  private static void layers(StringBuilder out, ProfileResult result, TerminalStyle style) {
    if (result.layers().isEmpty()) {
      return;
    }
    double total = Breakdown.seconds(result);
    List<LayerColumn> columns = new ArrayList<>();
    columns.add(new LayerColumn(Column.path("layer", 10), Layer::name));
    columns.add(new LayerColumn(Column.path("op", 6), layer -> Breakdown.operator(layer.op())));
    columns.add(
        new LayerColumn(
            Column.figure("MACs"),
            layer -> layer.cost().macs() == 0 ? ABSENT : tight(Figures.si(layer.cost().macs()))));
    columns.add(
        new LayerColumn(Column.figure("time"), layer -> Figures.seconds(layer.time().median())));
    columns.add(
        new LayerColumn(
            Column.figure("share"),
            layer -> total > 0 ? Figures.percent(layer.time().median() / total) : ABSENT));
    columns.add(
        new LayerColumn(
            Column.figure("FLOP/s"),
            layer -> orAbsent(layer.achievedFlopsPerSecond(), rate -> tight(Figures.si(rate)))));
    columns.add(
        new LayerColumn(
            Column.figure("roof"),
            layer -> orAbsent(layer.rooflineEfficiency(), Figures::percent)));
    columns.add(
        new LayerColumn(Column.text("bound"), layer -> orAbsent(layer.bound(), Bound::label)));

    List<LayerColumn> extra =
        List.of(
            new LayerColumn(
                Column.figure("FLOP/B"), layer -> orAbsent(layer.intensity(), Figures::number)),
            new LayerColumn(
                Column.figure("quartiles"),
                layer ->
                    Figures.seconds(layer.time().q1())
                        + " - "
                        + Figures.seconds(layer.time().q3())),
            new LayerColumn(Column.path("kernel", 12), layer -> layer.kernel().algorithm()));
    TextTable table = table(result, style, columns);
    for (LayerColumn column : extra) {
      List<LayerColumn> more = new ArrayList<>(columns);
      more.add(column);
      TextTable wider = table(result, style, more);
      if (wider.naturalWidth() > style.width()) {
        break;
      }
      columns = more;
      table = wider;
    }
    table.render(out, style);
  }

  private static TextTable table(
      ProfileResult result, TerminalStyle style, List<LayerColumn> columns) {
    TextTable table = new TextTable(columns.stream().map(LayerColumn::column).toList());
    boolean isShort = !style.allLayers() && result.layers().size() > TOP_LAYERS + 1;
    Set<Layer> shown = new HashSet<>(result.layers());
    if (isShort) {
      shown = new HashSet<>(Breakdown.longestFirst(result).subList(0, TOP_LAYERS));
    }
    List<Layer> rest = new ArrayList<>();
    for (Layer layer : result.layers()) {
      if (shown.contains(layer)) {
        List<String> cells = columns.stream().map(column -> column.cell().apply(layer)).toList();
        table.row(cells, paint(layer, style));
      } else {
        rest.add(layer);
      }
    }
    if (!rest.isEmpty()) {
      table.row(other(result, rest, columns.size()), style::dim);
    }
    return table;
  }

  private static List<String> other(ProfileResult result, List<Layer> rest, int columns) {
    Breakdown.Part part = Breakdown.part(result, "other", rest);
    List<String> cells = new ArrayList<>();
    cells.add("other (" + Verdict.count(part.layers(), "layer") + ")");
    cells.add("");
    cells.add(part.cost().macs() == 0 ? ABSENT : tight(Figures.si(part.cost().macs())));
    cells.add(Figures.seconds(part.seconds()));
    cells.add(Figures.percent(part.share()));
    cells.add(
        part.seconds() > 0 && part.cost().macs() > 0
            ? tight(Figures.si(part.cost().macFlops() / part.seconds()))
            : ABSENT);
    while (cells.size() < columns) {
      cells.add("");
    }
    return cells;
  }

  private static UnaryOperator<String> paint(Layer layer, TerminalStyle style) {
    if (layer.rooflineEfficiency() != null && layer.rooflineEfficiency() > 1.05) {
      return style::red;
    }
    if (layer.bound() == null) {
      return UnaryOperator.identity();
    }
    return switch (layer.bound()) {
      case MEMORY -> style::yellow;
      case LAUNCH -> style::cyan;
      case COMPUTE -> UnaryOperator.identity();
    };
  }

  private static void warnings(
      StringBuilder out, List<ProfileResult> results, TerminalStyle style) {
    for (ProfileResult result : results) {
      if (!result.warnings().isEmpty()) {
        out.append('\n');
      }
      String start = results.size() == 1 ? "warning: " : result.run().backend() + ": ";
      for (String warning : result.warnings()) {
        paragraph(out, start + warning, style, result.valid() ? style::yellow : style::red);
      }
    }
  }

  /** {@code 51.4 M} as {@code 51.4M}. */
  private static String tight(String figure) {
    return figure.replace(" ", "");
  }

  private static <T> String orAbsent(@Nullable T value, Function<T, String> format) {
    return value == null ? ABSENT : format.apply(value);
  }

  /** {@code text} broken into lines at blanks. */
  private static void paragraph(
      StringBuilder out, String text, TerminalStyle style, UnaryOperator<String> paint) {
    StringBuilder line = new StringBuilder();
    int indent = text.indexOf("   ") > 0 ? 12 : 0;
    for (String word : style.fit(Printable.of(text)).split(" ", -1)) {
      if (!line.toString().isBlank() && line.length() + 1 + word.length() > style.width()) {
        out.append(paint.apply(line.toString())).append('\n');
        line.setLength(0);
        line.append(" ".repeat(indent));
        line.append(word);
        continue;
      }
      if (line.length() > 0 || word.isEmpty()) {
        line.append(' ');
      }
      line.append(word);
    }
    out.append(paint.apply(line.toString().stripTrailing())).append('\n');
  }
}
