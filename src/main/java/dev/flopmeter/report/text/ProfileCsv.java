package dev.flopmeter.report.text;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The layers of profiles for a spreadsheet: RFC 4180, one row a layer, base units, full precision,
 * empty where a figure is absent.
 */
public final class ProfileCsv {
  private ProfileCsv() {}

  private static final String HEADER =
      "model,device,backend,precision,batch,layer,op,nodes,macs,flops,params,bytes_read,"
          + "bytes_written,time_median_seconds,time_q1_seconds,time_q3_seconds,time_share,"
          + "achieved_flops_per_second,intensity_flop_per_byte,bound,roofline_efficiency,"
          + "algorithm,layout,math,workspace_bytes\r\n";

  public static String render(List<ProfileResult> results) {
    StringBuilder out = new StringBuilder(HEADER);
    for (ProfileResult result : results) {
      double total = Breakdown.seconds(result);
      for (Layer layer : result.layers()) {
        out.append(Csv.line(cells(result, layer, total)));
      }
    }
    return out.toString();
  }

  private static List<String> cells(ProfileResult result, Layer layer, double total) {
    List<String> cells = new ArrayList<>();
    cells.add(result.model().name());
    cells.add(result.device().id());
    cells.add(result.run().backend());
    cells.add(result.run().precision().label());
    cells.add(Long.toString(result.run().batch()));
    cells.add(layer.name());
    cells.add(layer.op());
    cells.add(String.join(" ", layer.nodes()));
    cells.add(Long.toString(layer.cost().macs()));
    cells.add(Long.toString(layer.cost().flops()));
    cells.add(Long.toString(layer.cost().params()));
    cells.add(Long.toString(layer.cost().bytesRead()));
    cells.add(Long.toString(layer.cost().bytesWritten()));
    cells.add(Double.toString(layer.time().median()));
    cells.add(Double.toString(layer.time().q1()));
    cells.add(Double.toString(layer.time().q3()));
    cells.add(total > 0 ? Double.toString(layer.time().median() / total) : "");
    cells.add(text(layer.achievedFlopsPerSecond()));
    cells.add(text(layer.intensity()));
    cells.add(text(layer.bound() == null ? null : layer.bound().label()));
    cells.add(text(layer.rooflineEfficiency()));
    cells.add(layer.kernel().algorithm());
    cells.add(text(layer.kernel().layout()));
    cells.add(text(layer.kernel().math()));
    cells.add(text(layer.kernel().workspaceBytes()));
    return cells;
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }
}
