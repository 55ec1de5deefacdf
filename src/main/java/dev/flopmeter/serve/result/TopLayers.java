package dev.flopmeter.serve.result;

import dev.flopmeter.count.Cost;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Time;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The few layers with their own series. */
public final class TopLayers {
  private TopLayers() {}

  /** What the rest is called. */
  public static final String OTHER = "other";

  /** The new name of a layer that is itself named so; it must not share a series with the rest. */
  private static final String NAMED_OTHER = "layer other";

  /** The result itself, or with its slowest layers where it has more than {@code most}. */
  public static ProfileResult shown(ProfileResult result, int most) {
    return result.layers().size() <= most ? result : result.withLayers(of(result.layers(), most));
  }

  /**
   * The slowest layers, then the sum of all others. Layers of one name (the same block used twice)
   * are summed first, since a name can label only one series. Their nodes are dropped.
   */
  static List<Layer> of(List<Layer> layers, int most) {
    Map<String, Layer> byName = new HashMap<>();
    for (Layer layer : layers) {
      String name = layer.name().equals(OTHER) ? NAMED_OTHER : layer.name();
      Layer one = layer(name, layer, layer.cost(), layer.time(), layer.rooflineEfficiency());
      byName.merge(name, one, (a, b) -> sum(name, a, b));
    }
    List<Layer> slowest = new ArrayList<>(byName.values());
    slowest.sort(
        Comparator.comparingDouble((Layer layer) -> layer.time().median())
            .reversed()
            .thenComparing(Layer::name));
    if (slowest.size() <= most) {
      return slowest;
    }
    List<Layer> top = new ArrayList<>(slowest.subList(0, most));
    slowest.subList(most, slowest.size()).stream()
        .map(layer -> layer(OTHER, layer, layer.cost(), layer.time(), null))
        .reduce((a, b) -> sum(OTHER, a, b))
        .ifPresent(top::add);
    return top;
  }

  private static Layer sum(String name, Layer a, Layer b) {
    Time time =
        new Time(
            a.time().median() + b.time().median(),
            a.time().q1() + b.time().q1(),
            a.time().q3() + b.time().q3(),
            a.time().min() + b.time().min());
    return layer(name, a, a.cost().plus(b.cost()), time, null);
  }

  /** What series show of a layer: operator, bound and kernel as of another, or none of the rest. */
  private static Layer layer(
      String name, Layer as, Cost cost, Time time, @Nullable Double rooflineEfficiency) {
    boolean isRest = name.equals(OTHER);
    return new Layer(
        name,
        isRest ? OTHER : as.op(),
        List.of(),
        cost,
        time,
        null,
        null,
        isRest ? null : as.bound(),
        null,
        rooflineEfficiency,
        isRest ? new KernelInfo("", null, null, null) : as.kernel(),
        null,
        null);
  }
}
