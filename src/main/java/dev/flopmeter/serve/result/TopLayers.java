package dev.flopmeter.serve.result;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The few layers that are worth series of their own. */
final class TopLayers {
  private TopLayers() {}

  /** What the rest is called. */
  static final String OTHER = "other";

  /** A layer whose own name is that; it must not share a series with the rest. */
  private static final String NAMED_OTHER = "layer other";

  /**
   * The slowest layers, then the sum of all others. Layers of one name (the same block used twice)
   * are summed first, since a name can label only one series.
   */
  static List<LayerRow> of(List<LayerRow> layers, int most) {
    Map<String, LayerRow> byName = new HashMap<>();
    for (LayerRow layer : layers) {
      String name = layer.name().equals(OTHER) ? NAMED_OTHER : layer.name();
      byName.merge(name, named(name, layer), (a, b) -> sum(name, a, b));
    }
    List<LayerRow> slowest = new ArrayList<>(byName.values());
    slowest.sort(
        Comparator.comparingDouble(LayerRow::seconds).reversed().thenComparing(LayerRow::name));
    if (slowest.size() <= most) {
      return slowest;
    }
    LayerRow other = slowest.get(most);
    for (LayerRow layer : slowest.subList(most + 1, slowest.size())) {
      other = sum(OTHER, other, layer);
    }
    List<LayerRow> top = new ArrayList<>(slowest.subList(0, most));
    top.add(
        new LayerRow(
            OTHER, OTHER, other.seconds(), other.flop(), other.macs(), null, OTHER, null, null));
    return top;
  }

  private static LayerRow named(String name, LayerRow layer) {
    return new LayerRow(
        name,
        layer.op(),
        layer.seconds(),
        layer.flop(),
        layer.macs(),
        layer.rooflineEfficiency(),
        layer.bound(),
        layer.algorithm(),
        layer.layout());
  }

  private static LayerRow sum(String name, LayerRow a, LayerRow b) {
    return new LayerRow(
        name,
        a.op(),
        a.seconds() + b.seconds(),
        a.flop() + b.flop(),
        a.macs() + b.macs(),
        null,
        a.bound(),
        a.algorithm(),
        a.layout());
  }
}
