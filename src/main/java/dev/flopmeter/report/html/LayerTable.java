package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Every layer of a result as a table. */
final class LayerTable {
  private LayerTable() {}

  static void draw(Markup out, ProfileResult result, OperatorColours colours) {
    double total = Breakdown.seconds(result);
    double longest =
        result.layers().stream().mapToDouble(layer -> layer.time().median()).max().orElse(0);
    List<LayerColumn<Layer>> columns =
        List.of(
            LayerColumn.name(Layer::name),
            LayerColumn.operator(colours, Layer::op),
            LayerColumn.figure("Time", layer -> layer.time().median(), Figures::seconds),
            new LayerColumn<>(
                "Share",
                true,
                (page, layer) ->
                    TimeCharts.share(
                        page, layer.time().median(), total, longest, colours.of(layer.op()))),
            LayerColumn.figure("Spread", layer -> spread(layer.time()), Figures::percent),
            LayerColumn.figure("MACs", layer -> (double) layer.cost().macs(), LayerTable::macs),
            LayerColumn.figure("Bytes", layer -> Breakdown.trafficBytes(layer), Figures::si),
            LayerColumn.figure("FLOP/s", Layer::achievedFlopsPerSecond, Figures::si),
            LayerColumn.figure("FLOP/B", Layer::intensity, Figures::number),
            LayerColumn.figure("Of roof", Layer::rooflineEfficiency, Figures::percent),
            LayerColumn.text("Bound", LayerTable::bound),
            LayerColumn.text(
                "Kernel",
                (page, layer) -> page.open("td").element("bdi.clip", kernel(layer)).close("td")));
    LayerColumn.draw(
        out,
        "profiled",
        "Layers of " + Cut.name(result.model().name()),
        columns,
        result.layers(),
        IntStream.range(0, result.layers().size()).boxed().toList());
  }

  private static @Nullable Double spread(Time time) {
    return time.median() > 0 ? (time.q3() - time.q1()) / time.median() : null;
  }

  private static String macs(double macs) {
    return macs == 0 ? "" : Figures.si(macs);
  }

  private static void bound(Markup out, Layer layer) {
    String bound = layer.bound() == null ? null : layer.bound().label();
    String text = layer.boundText();
    out.element(bound == null ? "td" : "td.b-" + bound, text == null ? "" : text);
  }

  private static String kernel(Layer layer) {
    String mark = layer.asRun() == null ? null : "work as run";
    return Stream.of(
            layer.kernel().algorithm(), layer.kernel().layout(), layer.kernel().math(), mark)
        .filter(Objects::nonNull)
        .collect(Collectors.joining(", "));
  }
}
