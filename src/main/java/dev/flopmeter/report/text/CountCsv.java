package dev.flopmeter.report.text;

import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.report.finding.CountTree;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.List;

/** A count as CSV (RFC 4180), a line per layer; exact integers. */
public final class CountCsv {
  private CountCsv() {}

  /**
   * The lines.
   *
   * @param companions the same graph under the other numbers of the same tool
   */
  public static String render(Counts counts, List<Counts> companions) {
    StringBuilder out = new StringBuilder(1 << 14);
    out.append(
        "name,op,output_shapes,macs,flops,params,activations,bytes_read,bytes_written,counted");
    for (Counts companion : companions) {
      out.append(',').append(companion.convention().replace('-', '_'));
    }
    out.append("\r\n");
    for (int i = 0; i < counts.layers().size(); i++) {
      LayerCost layer = counts.layers().get(i);
      List<String> cells = new ArrayList<>();
      cells.add(layer.name());
      cells.add(layer.op());
      cells.add(CountTable.shapes(layer.outputShapes()));
      cells.add(Long.toString(layer.cost().macs()));
      cells.add(Long.toString(layer.cost().flops()));
      cells.add(Long.toString(layer.cost().params()));
      cells.add(Long.toString(layer.activations()));
      cells.add(Long.toString(layer.cost().bytesRead()));
      cells.add(Long.toString(layer.cost().bytesWritten()));
      cells.add(Boolean.toString(layer.isCounted()));
      for (Counts companion : companions) {
        cells.add(Long.toString(companion.layers().get(i).cost().flops()));
      }
      out.append(Csv.line(cells));
    }
    return out.toString();
  }

  /**
   * A line per group of layers, down to {@code depth} parts of their names; levels count from 0.
   */
  public static String renderTree(Counts counts, int depth) {
    StringBuilder out = new StringBuilder(1 << 12);
    out.append("path,level,layers,op,macs,flops,params,activations,bytes_read,bytes_written\r\n");
    for (CountTree.Row row : CountTree.of(counts, depth)) {
      out.append(
          Csv.line(
              List.of(
                  row.path(),
                  Integer.toString(row.level()),
                  Integer.toString(row.layers()),
                  row.op(),
                  Long.toString(row.cost().macs()),
                  Long.toString(row.cost().flops()),
                  Long.toString(row.cost().params()),
                  Long.toString(row.activations()),
                  Long.toString(row.cost().bytesRead()),
                  Long.toString(row.cost().bytesWritten()))));
    }
    return out.toString();
  }
}
