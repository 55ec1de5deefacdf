package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.page.Recommendations.Recommendation;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a reader wants to know first: how much of each device's peak is reached, what changed, what
 * to do. Only usable results count; what they leave open is said instead.
 */
final class Answer {
  /** Changes below this are not worth a line. */
  static final double NOTABLE = 0.05;

  private static final int LONGEST_LIST = 5;

  private final Snapshot snapshot;
  private final @Nullable Recommendation recommendation;
  private final List<Series> all;

  /** The shares of all usable results by device, the largest first. */
  private final Map<String, List<Share>> byDevice;

  Answer(Snapshot snapshot, @Nullable Recommendation recommendation) {
    this.snapshot = snapshot;
    this.recommendation = recommendation;
    all = snapshot.series();
    byDevice =
        all.stream()
            .filter(Series::isUsable)
            .flatMap(series -> Share.of(series).stream())
            .sorted(Comparator.comparingDouble(Share::ratio).reversed())
            .collect(
                Collectors.groupingBy(
                    share -> share.series().key().device(),
                    LinkedHashMap::new,
                    Collectors.toList()));
  }

  /** One sentence, such as {@code cuda:0 reaches up to 41 % of its datasheet peak}. */
  String heading() {
    if (snapshot.config().workloads().isEmpty()) {
      return "No workload is configured";
    }
    if (all.isEmpty()) {
      return "No result yet";
    }
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
    if (all.stream().allMatch(Series::isEmulated)) {
      return "Emulated devices: no share of a peak";
    }
    if (all.stream().anyMatch(Series::isUsable)) {
      return "Share of the peak unknown: no roof";
    }
    return all.stream().anyMatch(one -> one.profile().valid())
        ? "No current result"
        : "No valid result";
  }

  void draw(Markup out) {
    out.open("div id=answer data-part");
    if (!all.isEmpty()) {
      out.open("section.panel aria-labelledby=shares");
      out.element("h2 id=shares", "Share of the peak (MFU)");
      shares(out);
      out.close("section");
      out.open("div.columns");
      out.open("section.panel aria-labelledby=changes");
      out.element("h2 id=changes", "What changed");
      changes(out);
      out.close("section").open("section.panel aria-labelledby=first");
      out.element("h2 id=first", "First recommendation");
      recommendation(out);
      out.close("section").close("div");
    }
    out.close("div").line();
  }

  private void shares(Markup out) {
    byDevice.values().forEach(shares -> device(out, shares));
    if (byDevice.isEmpty()) {
      out.open("p.note");
      if (all.stream().anyMatch(Series::isUsable)) {
        noRoof(out);
      } else {
        out.text(whyNothingCounts());
      }
      out.close("p");
    }
  }

  private String whyNothingCounts() {
    List<ProfileResult> invalid =
        all.stream().map(Series::profile).filter(profile -> !profile.valid()).toList();
    if (invalid.isEmpty()) {
      return "No result is both current and of a real device.";
    }
    String reason =
        invalid.stream()
            .flatMap(profile -> profile.warnings().stream().limit(1))
            .findFirst()
            .map(first -> ", such as: " + Cut.end(first, 300))
            .orElse("");
    return "%s of %s not valid; the rows below have the reasons%s."
        .formatted(invalid.size(), Verdict.count(all.size(), "result"), reason);
  }

  /** What to do where no share can be told. */
  static void noRoof(Markup out) {
    out.text("no roof known: run ").element("code", "flopmeter roof");
  }

  private static void device(Markup out, List<Share> shares) {
    Share best = shares.get(0);
    String id = best.series().key().device();
    String name = best.series().profile().device().name();
    out.open("div.answer").open("div.best");
    out.element("b", Figures.percent(best.ratio()));
    out.open("p").text("of the " + best.peak() + " of ").name(id);
    if (!name.equals(id)) {
      out.text(", ").name(Cut.name(name));
    }
    out.text(best.bound()).close("p");
    String others = best.otherBases();
    if (!others.isEmpty()) {
      out.element("p.note", others);
    }
    out.close("div").open("ul.shares");
    for (Share share : shares.subList(0, Math.min(shares.size(), LONGEST_LIST))) {
      double width = 100 * Math.min(1, share.ratio());
      subject(out, share.series());
      out.open("svg.track viewBox=%s preserveAspectRatio=none", "0 0 100 8");
      out.empty("rect.k0 width=%s height=%s", width, 8).close("svg");
      out.element("span.n", Figures.percent(share.ratio())).close("li");
    }
    out.close("ul");
    more(out, shares.size());
    out.close("div");
  }

  private static void subject(Markup out, Series series) {
    out.open("li").open("span.what").name(Cut.name(series.subject())).close("span");
  }

  private static void more(Markup out, int number) {
    if (number > LONGEST_LIST) {
      out.element("p.note", "and " + (number - LONGEST_LIST) + " more below");
    }
  }

  private static double change(Series series) {
    return Objects.requireNonNull(series.shown().regression());
  }

  private void changes(Markup out) {
    List<Series> compared =
        all.stream()
            .filter(series -> series.isUsable() && series.shown().regression() != null)
            .toList();
    List<Series> moved =
        compared.stream()
            .filter(series -> Math.abs(change(series)) >= NOTABLE)
            .sorted(Comparator.comparingDouble(series -> -Math.abs(change(series))))
            .toList();
    if (moved.isEmpty()) {
      out.element("p.note", nothingChanged(compared.size()));
      return;
    }
    out.open("ul.shares");
    for (Series one : moved.subList(0, Math.min(moved.size(), LONGEST_LIST))) {
      subject(out, one);
      out.element("span", Figures.seconds(one.shown().result().median()));
      out.element(change(one) > 0 ? "span.n.up" : "span.n.down", Figures.change(change(one)));
      out.close("li");
    }
    out.close("ul");
    more(out, moved.size());
    out.element("p.note", "Latency against the median of earlier valid results.");
  }

  private String nothingChanged(int compared) {
    return compared == 0
        ? "Nothing to compare yet: no series has enough valid results."
        : "%s of %s series compared: latency within %s %% of the median of earlier valid results."
            .formatted(compared, all.size(), Figures.number(100 * NOTABLE));
  }

  private void recommendation(Markup out) {
    if (recommendation == null) {
      out.element(
          "p.note",
          all.stream().anyMatch(Series::isUsable)
              ? "No recommendations."
              : "No recommendations without a valid and current result.");
      return;
    }
    Advice advice = recommendation.advice();
    out.element("h3", advice.title());
    out.open("p.note").name(Cut.name(recommendation.series().subject()));
    out.text(": " + advice.evidence()).close("p");
    out.open("p.gain").element("strong", "Expected: ").text(advice.gain());
    out.text(advice.isGuess() ? " (a guess)" : "").close("p");
    out.open("p.test").text("Test it: ").element("code", advice.command()).close("p");
  }
}
