package dev.flopmeter.report.text;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.ProcessOwner;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A node's sample: a row per GPU or MIG instance, and below it one for each of its processes. */
public final class NodeTable {
  private NodeTable() {}

  /**
   * @param owner whose a process is: the job, the pod or the container
   */
  private record Line(
      String device,
      @Nullable String state,
      @Nullable Double busy,
      @Nullable Long memory,
      String name,
      String owner) {
    static Line of(Gpu gpu) {
      String throttled = String.join(",", gpu.throttled());
      String state = String.join(" ", gpu.state().label(), throttled).strip();
      return new Line(
          gpu.device(), state, gpu.utilization(), gpu.memoryUsedBytes(), gpu.name(), "");
    }

    static Line of(Occupant process) {
      ProcessOwner who = process.owner();
      String container = who.container().isEmpty() ? "" : "container " + who.container();
      String pod = who.pod().isEmpty() ? container : "pod " + who.pod();
      return new Line(
          "  " + process.pid(),
          null,
          process.utilization(),
          process.memoryBytes(),
          who.name(),
          who.slurmJob().isEmpty() ? pod : "job " + who.slurmJob());
    }
  }

  private static final List<Column<Line>> COLUMNS =
      List.of(
          Column.text("gpu, pid", Line::device),
          Column.text("state", Line::state),
          Column.figure("busy", Line::busy, Figures::percent),
          Column.figure("memory", Line::memory, Figures::bytes),
          Column.name("name", 15, Line::name),
          Column.name("of", 12, Line::owner));

  public static String render(NodeSample sample, TerminalStyle style) {
    List<Line> lines = new ArrayList<>();
    for (Gpu gpu : sample.gpus()) {
      lines.add(Line.of(gpu));
      gpu.processes().forEach(process -> lines.add(Line.of(process)));
    }
    StringBuilder out = new StringBuilder();
    if (sample.emulated()) {
      out.append("Emulated GPUs: these figures are not valid.\n");
    }
    TextTable.render(out, style, COLUMNS, lines);
    new TreeMap<>(sample.absent())
        .forEach(
            (figure, why) ->
                out.append(Printable.of(figure + " not available: " + why)).append('\n'));
    return out.toString();
  }
}
