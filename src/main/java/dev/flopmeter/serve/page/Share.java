package dev.flopmeter.serve.page;

import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.serve.page.StatusView.Latest;
import dev.flopmeter.serve.page.StatusView.Series;
import dev.flopmeter.serve.page.StatusView.Workload;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How much of its device's peak a series reaches.
 *
 * @param basis {@code datasheet peak}, {@code measured peak} or {@code clock-adjusted peak}
 */
record Share(Workload workload, Series series, Latest latest, double ratio, String basis) {

  /** The shares of all usable results, the largest first. */
  static List<Share> of(List<Workload> workloads) {
    List<Share> shares = new ArrayList<>();
    for (Workload workload : workloads) {
      for (Series series : workload.series()) {
        Latest latest = series.latest();
        if (latest.isUsable()) {
          Double ratio = best(latest.mfu());
          if (ratio != null) {
            shares.add(new Share(workload, series, latest, ratio, basis(latest.mfu())));
          }
        }
      }
    }
    shares.sort(Comparator.comparingDouble(Share::ratio).reversed());
    return shares;
  }

  /** The share by the best known basis; null where no roof is known. */
  static @Nullable Double best(Shares mfu) {
    return mfu.datasheet() != null
        ? mfu.datasheet()
        : mfu.measured() != null ? mfu.measured() : mfu.clockAdjusted();
  }

  static String basis(Shares mfu) {
    String name =
        mfu.datasheet() != null
            ? "datasheet"
            : mfu.measured() != null ? "measured" : "clock-adjusted";
    return name + " peak";
  }

  /** The shares by the other bases, such as {@code 52 % of the measured peak}; may be empty. */
  String otherBases() {
    Shares mfu = latest.mfu();
    Stream<String> others =
        mfu.datasheet() == null
            ? mfu.measured() == null
                ? Stream.of()
                : Stream.of(text(mfu.clockAdjusted(), "clock-adjusted"))
            : Stream.of(
                text(mfu.measured(), "measured"), text(mfu.clockAdjusted(), "clock-adjusted"));
    return String.join(", ", others.filter(text -> !text.isEmpty()).toList());
  }

  private static String text(@Nullable Double ratio, String basis) {
    return ratio == null ? "" : Figures.percent(ratio) + " of the " + basis + " peak";
  }

  /** {@code classifier, fp32, batch 8}. */
  String subject() {
    return workload.name() + ", " + series.label();
  }
}
