package dev.flopmeter.report.finding;

import dev.flopmeter.count.Cost;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The time of a pass by group of layers, from their medians. */
public final class Breakdown {
  private static final double SLOW = 2;

  private Breakdown() {}

  /**
   * A group of similar layers.
   *
   * @param seconds the sum of their medians
   * @param share of the sum over all layers, 0 to 1
   */
  public record Part(String label, int layers, Cost cost, double seconds, double share) {}

  /** The MACs of a pass, such as {@code 24.4 GMAC (12.1 G as run)}. */
  public static String macs(ProfileResult result) {
    Long asRun = result.cost().asRunMacs();
    String all = Figures.si(result.cost().macs(), "MAC");
    return asRun == null ? all : all + " (" + Figures.si(asRun) + " as run)";
  }

  /** The sum of all layers' medians, in seconds. */
  public static double seconds(ProfileResult result) {
    return seconds(result.layers());
  }

  public static double seconds(List<Layer> layers) {
    return layers.stream().mapToDouble(layer -> layer.time().median()).sum();
  }

  /** The share of {@code layers} in the time of all layers; 0 if there is no time at all. */
  static double share(ProfileResult result, List<Layer> layers) {
    double all = seconds(result);
    return all > 0 ? seconds(layers) / all : 0;
  }

  /**
   * The time of a pass over that of its layers at their roofs; 1 if no layer has a roof. A step
   * without work, such as a layout conversion, takes no time at the roof.
   */
  private static double secondsOverRoof(ProfileResult result) {
    double ideal = 0;
    for (Layer layer : result.layers()) {
      Double efficiency = layer.rooflineEfficiency();
      ideal += efficiency == null ? 0 : Math.min(1, efficiency) * layer.time().median();
    }
    return ideal > 0 ? Math.max(seconds(result), result.latency().median()) / ideal : 1;
  }

  /** Whether a network is so far below its roofs that there must be a reason. */
  static boolean isSlow(ProfileResult result) {
    return secondsOverRoof(result) > SLOW;
  }

  static List<Layer> boundBy(ProfileResult result, Bound bound) {
    return result.layers().stream().filter(layer -> layer.bound() == bound).toList();
  }

  /** Parts by operator, the longest first. */
  public static List<Part> byOperator(ProfileResult result) {
    return by(result, Layer::op);
  }

  /** Parts by bound, the longest first; views as {@code none}, others without one as unknown. */
  public static List<Part> byBound(ProfileResult result) {
    return by(result, Breakdown::bound);
  }

  private static String bound(Layer layer) {
    boolean isView = layer.intensity() == null && layer.achievedFlopsPerSecond() == null;
    return layer.bound() != null ? layer.bound().label() : isView ? "none" : "unknown";
  }

  private static List<Part> by(ProfileResult result, Function<Layer, String> key) {
    return result.layers().stream()
        .collect(Collectors.groupingBy(key, LinkedHashMap::new, Collectors.toList()))
        .entrySet()
        .stream()
        .map(group -> part(result, group.getKey(), group.getValue()))
        .sorted(Comparator.comparingDouble(Part::seconds).reversed())
        .toList();
  }

  public static Part part(ProfileResult result, String label, List<Layer> layers) {
    Cost cost = layers.stream().map(Layer::cost).reduce(Cost.ZERO, Cost::plus);
    return new Part(label, layers.size(), cost, seconds(layers), share(result, layers));
  }

  /**
   * Compulsory bytes of one pass in the precision it ran in: counts refer to the model's own type,
   * the intensity to the moved bytes. Null if it is unknown.
   */
  public static @Nullable Double trafficBytes(ProfileResult result) {
    return traffic(result.cost().flops(), result.efficiency().intensity());
  }

  public static @Nullable Double trafficBytes(Layer layer) {
    return traffic(layer.cost().flops(), layer.intensity());
  }

  private static @Nullable Double traffic(long flops, @Nullable Double intensity) {
    return intensity == null || intensity <= 0 ? null : flops / intensity;
  }

  /**
   * The work added by a blocked layout, such as {@code 21.3 MMAC (3.1 %) in 12 layers}, or null.
   */
  public static @Nullable String padding(ProfileResult result) {
    List<Long> padded =
        result.layers().stream()
            .map(layer -> layer.kernel().paddingMacs())
            .filter(Objects::nonNull)
            .toList();
    if (padded.isEmpty()) {
      return null;
    }
    double macs = padded.stream().mapToDouble(Long::doubleValue).sum();
    String share = " (" + Figures.percent(macs / result.cost().macs()) + ") in ";
    return Figures.si(macs, "MAC") + share + Verdict.count(padded.size(), "layer");
  }

  public static List<Layer> longestFirst(ProfileResult result) {
    return result.layers().stream()
        .sorted(Comparator.comparingDouble((Layer layer) -> layer.time().median()).reversed())
        .toList();
  }

  /** {@code 1.20 ms to 1.31 ms}. */
  public static String quartiles(double q1Seconds, double q3Seconds) {
    return Figures.seconds(q1Seconds, q3Seconds, 3);
  }

  /** An operator's name with its longest parts abbreviated as usual. */
  public static String operator(String op) {
    return op.replace("BatchNormalization", "BN").replace("Average", "Avg");
  }
}
