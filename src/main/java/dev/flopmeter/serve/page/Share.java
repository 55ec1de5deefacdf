package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.units.Figures;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How much of its device's peak a series reaches, by one way to know the peak. */
record Share(Series series, Basis basis, double ratio) {
  /** By the most trusted basis; empty if no roof is known. */
  static Optional<Share> of(Series series) {
    return all(series).findFirst();
  }

  private static Stream<Share> all(Series series) {
    Shares mfu = series.profile().efficiency().mfu();
    return Arrays.stream(Basis.values())
        .flatMap(
            basis ->
                Stream.ofNullable(mfu.of(basis)).map(ratio -> new Share(series, basis, ratio)));
  }

  /** {@code clock-adjusted peak}. */
  String peak() {
    return basis.label().replace('_', '-') + " peak";
  }

  /** {@code , of 74 % attainable}; empty if that is unknown. */
  String bound() {
    return Utilization.bound(ratio, series.profile().efficiency().attainableMfu().of(basis));
  }

  /** The shares by the other bases, such as {@code 52 % of the measured peak}; may be empty. */
  String otherBases() {
    return all(series)
        .skip(1)
        .map(other -> Figures.percent(other.ratio) + " of the " + other.peak())
        .collect(Collectors.joining(", "));
  }
}
