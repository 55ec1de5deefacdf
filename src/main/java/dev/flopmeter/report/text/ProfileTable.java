package dev.flopmeter.report.text;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.Knee;
import dev.flopmeter.report.finding.RunColumns;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Assignment;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.text.Csv;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Profiles: the verdict, the totals, a row per layer, the warnings. */
public final class ProfileTable {
  private final StringBuilder out = new StringBuilder();
  private final TerminalStyle style;

  private ProfileTable(TerminalStyle style) {
    this.style = style;
  }

  /** Layers shown before the rest is combined in one row. */
  static final int TOP_LAYERS = 20;

  /** Recommendations shown; the HTML report has all. */
  private static final int TOP_ADVICE = 3;

  /** Lines of a result by their titles, without empty ones. */
  private static final List<Column<ProfileResult>> TOTALS =
      List.of(
          Column.text("Latency", ProfileTable::latency),
          Column.text("Work", ProfileTable::work),
          Column.text("Achieved", ProfileTable::achieved),
          Column.text("Bandwidth", ProfileTable::bandwidth),
          Column.text("Memory", ProfileTable::memory),
          Column.text("Run", ProfileTable::run),
          Column.text("Assigned", ProfileTable::assigned),
          Column.text("Padding", ProfileTable::padding));

  private void render(ProfileResult result) {
    paragraph(Verdict.of(result), 0, style::bold);
    out.append('\n');
    for (Column<ProfileResult> line : TOTALS) {
      String start = line.title() + " ".repeat(12 - line.title().length());
      String text = line.cell(result, "");
      if (!text.isEmpty()) {
        paragraph(start + text, start.length(), UnaryOperator.identity());
      }
    }
    out.append('\n');
    layers(result);
    recommendations(result);
    warnings(List.of(result));
  }

  /**
   * Results as text for a terminal: each in full, then several in one table; of several backends,
   * that table alone.
   */
  public static String render(List<ProfileResult> results, TerminalStyle style) {
    ProfileTable table = new ProfileTable(style);
    if (results.size() == 1) {
      table.render(results.get(0));
      return table.out.toString();
    }
    if (RunColumns.areOfSeveralBackends(results)) {
      TextTable.render(table.out, style, RunColumns.ofRuntimes(), results);
      table.warnings(results);
      return table.out.toString();
    }
    for (ProfileResult result : results) {
      table.render(result);
      table.out.append('\n');
    }
    Knee knee = new Knee(results);
    TextTable.render(table.out, style, RunColumns.ofShortSweep(knee), results);
    if (knee.isAnywhere()) {
      table.out.append(Knee.EXPLANATION).append('\n');
    }
    return table.out.toString();
  }

  private static String latency(ProfileResult result) {
    Latency latency = result.latency();
    return String.format(
        "%s a batch (quartiles %s, %s), %s inferences/s",
        Figures.seconds(latency.median()),
        Breakdown.quartiles(latency.q1(), latency.q3()),
        Verdict.count(result.run().samples(), "sample"),
        Figures.number(result.throughput().inferencesPerSecond()));
  }

  private static String work(ProfileResult result) {
    String work =
        Breakdown.macs(result) + ", " + Figures.si(result.cost().params()) + " parameters";
    Double traffic = Breakdown.trafficBytes(result);
    return traffic == null
        ? work
        : work + ", " + Figures.bytes(Math.round(traffic)) + " compulsory traffic";
  }

  private static String achieved(ProfileResult result) {
    String rate = Figures.flopRate(result.throughput().achievedFlopsPerSecond());
    Utilization mfu = Utilization.mfu(result);
    return rate
        + (mfu == null ? " (no roof known, so no MFU)" : ", MFU " + mfu.of(Figures::flopRate));
  }

  private static @Nullable String bandwidth(ProfileResult result) {
    Double traffic = Breakdown.trafficBytes(result);
    Utilization mbu = Utilization.mbu(result);
    return mbu == null || traffic == null
        ? null
        : Figures.byteRate(traffic / result.latency().median())
            + ", MBU "
            + mbu.of(Figures::byteRate);
  }

  private static @Nullable String memory(ProfileResult result) {
    Memory held = result.memory();
    return held == null
        ? null
        : String.format(
            "%s weights, %s activations, %s workspace",
            Figures.bytes(held.weights()),
            Figures.bytes(held.activations()),
            Figures.bytes(held.workspace()));
  }

  private static String run(ProfileResult result) {
    Double sum = result.layerSumRatio();
    return String.format(
        "%s on %s, %s%s",
        result.run().backend(),
        result.device().id(),
        result.run().fused() ? "fused" : "not fused",
        sum == null ? "" : ", layers sum to " + Figures.percent(sum));
  }

  private static @Nullable String assigned(ProfileResult result) {
    Assignment found = result.assignment();
    if (found == null) {
      return null;
    }
    String shares =
        "%s of the MACs, %s of the layers' time"
            .formatted(Figures.percent(found.macs()), Figures.percent(found.time()));
    Double ratio = found.profiledRatio();
    return ratio == null
        ? shares
        : shares + ", times scaled by 1/" + Figures.number(ratio) + " for the profiler's overhead";
  }

  private static @Nullable String padding(ProfileResult result) {
    String padding = Breakdown.padding(result);
    return padding == null ? null : padding + ", beyond the model's, for the blocks of the layout";
  }

  /**
   * @param amount how the table of layers writes amounts of work
   */
  private static List<Column<Layer>> columns(double total, Function<Double, String> amount) {
    return List.of(
        Column.name("layer", 10, Layer::name),
        Column.<Layer>text("op", layer -> Breakdown.operator(layer.op())).cutTo(6),
        Column.figure("MACs", layer -> macs(layer, amount)),
        Column.figure("time", layer -> Figures.seconds(layer.time().median())),
        Column.figure(
            "share", layer -> total > 0 ? Figures.percent(layer.time().median() / total) : null),
        Column.figure("FLOP/s", Layer::achievedFlopsPerSecond, amount),
        Column.<Layer, Double>figure("roof", Layer::rooflineEfficiency, Figures::percent)
            .headed("Of roof"),
        Column.text("bound", Layer::boundText),
        Column.figure("FLOP/B", Layer::intensity, Figures::number).extra(),
        Column.<Layer>figure(
                "quartiles", layer -> Breakdown.quartiles(layer.time().q1(), layer.time().q3()))
            .extra(),
        Column.<Layer>name("kernel", 12, layer -> layer.kernel().algorithm()).extra());
  }

  private static @Nullable String macs(Layer layer, Function<Double, String> amount) {
    long macs = layer.cost().macs();
    String mark = layer.asRun() == null ? "" : " as run";
    return macs == 0 ? null : amount.apply((double) macs) + mark;
  }

  private void layers(ProfileResult result) {
    if (result.layers().isEmpty()) {
      return;
    }
    TextTable<Layer> table =
        new TextTable<>(columns(Breakdown.seconds(result), ProfileTable::tight));
    boolean isShort = !style.allLayers() && result.layers().size() > TOP_LAYERS + 1;
    List<Layer> longest = Breakdown.longestFirst(result);
    Set<Layer> shown = new HashSet<>(isShort ? longest.subList(0, TOP_LAYERS) : longest);
    List<Layer> rest = new ArrayList<>();
    for (Layer layer : result.layers()) {
      if (shown.contains(layer)) {
        table.row(layer, paint(layer));
      } else {
        rest.add(layer);
      }
    }
    if (!rest.isEmpty()) {
      table.cells(other(result, rest), style::dim);
    }
    table.render(out, style);
  }

  private static List<String> other(ProfileResult result, List<Layer> rest) {
    Breakdown.Part part = Breakdown.part(result, "other", rest);
    boolean hasRate = part.seconds() > 0 && part.cost().macs() > 0;
    return List.of(
        "other (" + Verdict.count(part.layers(), "layer") + ")",
        "",
        part.cost().macs() == 0 ? TextTable.ABSENT : tight((double) part.cost().macs()),
        Figures.seconds(part.seconds()),
        Figures.percent(part.share()),
        hasRate ? tight(part.cost().macFlops() / part.seconds()) : TextTable.ABSENT);
  }

  /** {@code 51.4 M} as {@code 51.4M}. */
  private static String tight(double amount) {
    return Figures.si(amount).replace(" ", "");
  }

  private UnaryOperator<String> paint(Layer layer) {
    if (layer.rooflineEfficiency() != null && layer.rooflineEfficiency() > 1.05) {
      return style::red;
    }
    if (layer.bound() == null) {
      return UnaryOperator.identity();
    }
    return switch (layer.bound()) {
      case MEMORY, CACHE -> style::yellow;
      case LAUNCH -> style::cyan;
      case INEFFICIENT -> style::bold;
      case COMPUTE -> UnaryOperator.identity();
    };
  }

  private void recommendations(ProfileResult result) {
    List<Advice> all = Advice.of(result);
    for (int i = 0; i < Math.min(TOP_ADVICE, all.size()); i++) {
      Advice advice = all.get(i);
      String guess = advice.isGuess() ? " (a guess)" : "";
      String reason = advice.evidence() + " Expected: " + advice.gain() + guess + ".";
      out.append('\n');
      paragraph(i + 1 + ". " + advice.title(), 3, style::bold);
      paragraph(reason, 0, UnaryOperator.identity());
      paragraph("Test it: " + advice.command(), 2, style::dim);
    }
  }

  private void warnings(List<ProfileResult> results) {
    for (ProfileResult result : results) {
      if (!result.warnings().isEmpty()) {
        out.append('\n');
      }
      String start = results.size() == 1 ? "warning: " : result.run().backend() + ": ";
      for (String warning : result.warnings()) {
        paragraph(start + warning, 0, result.valid() ? style::yellow : style::red);
      }
    }
  }

  private void paragraph(String text, int indent, UnaryOperator<String> paint) {
    for (String line : style.wrapped(text, style.width(), indent)) {
      out.append(paint.apply(line)).append('\n');
    }
  }

  /** Markdown for a pull request or a ticket: verdicts, totals, the longest layers. */
  public static String markdown(List<ProfileResult> results) {
    StringBuilder out = new StringBuilder();
    for (ProfileResult result : results) {
      MarkdownText.title(out, Verdict.of(result));
      MarkdownText.notes(out, "Warning: ", result.warnings());
    }
    Knee knee = new Knee(results);
    TextTable.markdown(out, RunColumns.ofSweep(knee, results), results);
    if (knee.isAnywhere()) {
      out.append('\n').append(Knee.EXPLANATION).append('\n');
    }
    results.forEach(result -> longestLayers(out, result));
    return out.toString();
  }

  private static void longestLayers(StringBuilder out, ProfileResult result) {
    double total = Breakdown.seconds(result);
    if (result.layers().isEmpty() || total <= 0) {
      return;
    }
    List<Layer> longest = Breakdown.longestFirst(result);
    int shown = Math.min(TOP_LAYERS, longest.size());
    String summary =
        shown == longest.size()
            ? "All " + Verdict.count(shown, "layer")
            : "The " + shown + " longest of " + longest.size() + " layers";
    out.append("\n<details><summary>").append(summary).append(", batch ");
    out.append(result.run().batch()).append("</summary>\n\n");
    List<Column<Layer>> columns =
        columns(total, Figures::si).stream().filter(column -> !column.isExtra()).toList();
    TextTable.markdown(out, columns, longest.subList(0, shown));
    out.append("\n</details>\n");
  }

  /**
   * The layers for a spreadsheet: RFC 4180, one row a layer, base units, full precision, empty
   * where a figure is absent. {@code layers.csv} has the field of each column in the JSON of a
   * layer, with that of its result.
   */
  public static String csv(List<ProfileResult> results) {
    List<Column<JsonNode>> columns =
        Csv.rows(ProfileTable.class, "layers.csv").stream()
            .map(row -> Column.<JsonNode>text(row.get(0), layer -> text(layer.at(row.get(1)))))
            .toList();
    List<JsonNode> layers = new ArrayList<>();
    for (ProfileResult result : results) {
      double total = Breakdown.seconds(result);
      ObjectNode whole = ProfileJson.tree(result.withLayers(List.of()));
      for (Layer layer : result.layers()) {
        ObjectNode row = ProfileJson.tree(layer).put("as_run", layer.asRun() != null);
        row.set("result", whole);
        layers.add(total > 0 ? row.put("share", layer.time().median() / total) : row);
      }
    }
    return TextTable.csv(columns, layers);
  }

  private static String text(JsonNode field) {
    return field.isArray()
        ? field.valueStream().map(JsonNode::asString).collect(Collectors.joining(" "))
        : field.asString("");
  }
}
