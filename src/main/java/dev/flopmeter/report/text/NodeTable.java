package dev.flopmeter.report.text;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Occupant;
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

  private record Line(Gpu gpu, @Nullable Occupant process) {
    String device() {
      return process == null ? gpu.device() : "  " + process.pid();
    }

    String name() {
      return process == null ? gpu.name() : process.owner().name();
    }

    @Nullable String state() {
      return process != null
          ? null
          : String.join(" ", gpu.state().label(), String.join(",", gpu.throttled())).strip();
    }

    @Nullable Double busy() {
      return process == null ? gpu.utilization() : process.utilization();
    }

    @Nullable Long memory() {
      return process == null ? gpu.memoryUsedBytes() : process.memoryBytes();
    }

    /** Whose it is: the job, the pod or the container. */
    String owner() {
      if (process == null) {
        return "";
      }
      String job = process.owner().slurmJob();
      String pod = process.owner().pod();
      String container = process.owner().container();
      return !job.isEmpty()
          ? "job " + job
          : !pod.isEmpty() ? "pod " + pod : container.isEmpty() ? "" : "container " + container;
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
      lines.add(new Line(gpu, null));
      gpu.processes().forEach(process -> lines.add(new Line(gpu, process)));
    }
    StringBuilder out = new StringBuilder();
    if (sample.emulated()) {
      out.append("Emulated GPUs: these figures mean nothing.\n");
    }
    TextTable.render(out, style, COLUMNS, lines);
    new TreeMap<>(sample.absent())
        .forEach(
            (figure, why) ->
                out.append(Printable.of(figure + " not available: " + why)).append('\n'));
    return out.toString();
  }
}
