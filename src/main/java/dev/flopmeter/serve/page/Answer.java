package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.page.Recommendations.Recommendation;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The answers to a reader's first questions: how much of each device's peak is reached, what
 * changed, what to do. Only usable results count; if there are none, it says so.
 */
record Answer(Snapshot snapshot, @Nullable Recommendation recommendation) {
  /** Smaller changes are not mentioned. */
  private static final double NOTABLE = 0.05;

  static final int LONGEST_LIST = 5;

  List<Series> all() {
    return snapshot.series();
  }

  /** The shares of all usable results by device, the largest first. */
  Map<String, List<Share>> byDevice() {
    return all().stream()
        .filter(Series::isUsable)
        .flatMap(series -> Share.of(series).stream())
        .sorted(Comparator.comparingDouble(Share::ratio).reversed())
        .collect(
            Collectors.groupingBy(
                share -> share.series().key().device(), LinkedHashMap::new, Collectors.toList()));
  }

  /** One sentence, such as {@code cuda:0 reaches up to 41 % of its datasheet peak}. */
  String heading() {
    if (snapshot.config().workloads().isEmpty()) {
      return "No workload is configured";
    }
    if (all().isEmpty()) {
      return "No result yet";
    }
    Map<String, List<Share>> byDevice = byDevice();
    if (byDevice.isEmpty()) {
      return whyNone();
    }
    List<Share> first = byDevice.values().iterator().next();
    String device = first.get(0).series().key().device();
    String share = Figures.percent(first.get(0).ratio()) + " of its " + first.get(0).peak();
    return byDevice.size() > 1
        ? byDevice.size() + " devices; the best, " + device + ", reaches " + share
        : device + " reaches " + (first.size() > 1 ? "up to " : "") + share;
  }

  private String whyNone() {
    if (all().stream().allMatch(Series::isEmulated)) {
      return "Emulated devices: no valid share of a peak";
    }
    if (isAnyUsable()) {
      return "Share of the peak unknown: no roof";
    }
    return all().stream().anyMatch(one -> one.profile().valid())
        ? "No current result"
        : "No valid result";
  }

  /** Whether any result may be summed up, even without a roof. */
  boolean isAnyUsable() {
    return all().stream().anyMatch(Series::isUsable);
  }

  String whyNothingCounts() {
    List<ProfileResult> invalid =
        all().stream().map(Series::profile).filter(profile -> !profile.valid()).toList();
    if (invalid.isEmpty()) {
      return "No result is both current and of a real device.";
    }
    String reason =
        invalid.stream()
            .flatMap(profile -> profile.warnings().stream().limit(1))
            .findFirst()
            .map(first -> ", such as: " + Cut.end(first, 300))
            .orElse("");
    return "%s of %s not valid; the rows below give the reasons%s."
        .formatted(invalid.size(), Verdict.count(all().size(), "result"), reason);
  }

  /** A series and the change of its latency. */
  record Moved(Series series, double change) {}

  /** Those that changed by enough to say so, the largest change first. */
  List<Moved> moved() {
    return compared()
        .filter(one -> Math.abs(one.change) >= NOTABLE)
        .sorted(Comparator.comparingDouble(one -> -Math.abs(one.change)))
        .toList();
  }

  private Stream<Moved> compared() {
    return all().stream()
        .filter(Series::isUsable)
        .flatMap(one -> Stream.ofNullable(change(one)).map(change -> new Moved(one, change)));
  }

  /** The latency of a series over its baseline, minus 1; null if it must not be compared. */
  static @Nullable Double change(Series series) {
    return series.profile().valid() && !series.isEmulated() ? series.shown().regression() : null;
  }

  /** The style sheet's classes for a change: a colour only where it is notable. */
  static String style(Series series) {
    Double change = series.isFresh() ? change(series) : null;
    return change == null || Math.abs(change) < NOTABLE ? "n" : change > 0 ? "n up" : "n down";
  }

  String nothingChanged() {
    long compared = compared().count();
    return compared == 0
        ? "Nothing to compare yet: no series has enough valid results."
        : "%s of %s series compared: latency within %s %% of the median of earlier valid results."
            .formatted(compared, all().size(), Figures.number(100 * NOTABLE));
  }

  /** Those of a long list that the answer shows. */
  static <T> List<T> first(List<T> list) {
    return list.subList(0, Math.min(list.size(), LONGEST_LIST));
  }
}
