package dev.flopmeter.serve.result;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Time;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The few layers that have series of their own. */
public final class TopLayers {
  private TopLayers() {}

  /** What the rest is called. */
  public static final String OTHER = "other";

  /** A layer whose own name is that; it must not share a series with the rest. */
  private static final String NAMED_OTHER = "layer other";

  /**
   * The slowest layers, then the sum of all others. Layers of one name (the same block used twice)
   * are summed first, since a name can label only one series. Their nodes are dropped.
   */
  static List<Layer> of(List<Layer> layers, int most) {
    Map<String, Layer> byName = new HashMap<>();
    for (Layer layer : layers) {
      String name = layer.name().equals(OTHER) ? NAMED_OTHER : layer.name();
      byName.merge(name, named(name, layer), (a, b) -> sum(name, a, b));
    }
    List<Layer> slowest = new ArrayList<>(byName.values());
    slowest.sort(
        Comparator.comparingDouble((Layer layer) -> layer.time().median())
            .reversed()
            .thenComparing(Layer::name));
    if (slowest.size() <= most) {
      return slowest;
    }
    Layer other = slowest.get(most);
    for (Layer layer : slowest.subList(most + 1, slowest.size())) {
      other = sum(OTHER, other, layer);
    }
    List<Layer> top = new ArrayList<>(slowest.subList(0, most));
    top.add(
        new Layer(
            OTHER,
            OTHER,
            List.of(),
            other.cost(),
            other.time(),
            null,
            null,
            null,
            null,
            null,
            new KernelInfo("", null, null, null),
            null,
            null));
    return top;
  }

  private static Layer named(String name, Layer layer) {
    return new Layer(
        name,
        layer.op(),
        List.of(),
        layer.cost(),
        layer.time(),
        layer.achievedFlopsPerSecond(),
        layer.intensity(),
        layer.bound(),
        layer.level(),
        layer.rooflineEfficiency(),
        layer.kernel(),
        layer.channels(),
        layer.asRun());
  }

  private static Layer sum(String name, Layer a, Layer b) {
    Time time =
        new Time(
            a.time().median() + b.time().median(),
            a.time().q1() + b.time().q1(),
            a.time().q3() + b.time().q3(),
            a.time().min() + b.time().min());
    return new Layer(
        name,
        a.op(),
        List.of(),
        a.cost().plus(b.cost()),
        time,
        null,
        null,
        a.bound(),
        a.level(),
        null,
        a.kernel(),
        a.channels(),
        a.asRun());
  }
}
