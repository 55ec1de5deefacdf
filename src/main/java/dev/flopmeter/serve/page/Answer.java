package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.serve.page.StatusView.Device;
import dev.flopmeter.serve.page.StatusView.Latest;
import dev.flopmeter.serve.page.StatusView.Recommendation;
import dev.flopmeter.serve.page.StatusView.Series;
import dev.flopmeter.serve.page.StatusView.Workload;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a reader wants to know first: how much of each device's peak is reached, what changed, what
 * to do. Only usable results count; what they leave open is said instead.
 */
final class Answer {
  /** Changes below this are not worth a line. */
  static final double NOTABLE = 0.05;

  private static final int LONGEST_LIST = 5;

  /** A usable result whose latency differs from that of the results before it. */
  private record LatencyChange(String subject, double ratio, double seconds) {}

  private final StatusView view;
  private final List<Latest> results;
  private final Map<String, List<Share>> byDevice = new LinkedHashMap<>();

  Answer(StatusView view) {
    this.view = view;
    results =
        view.workloads().stream()
            .flatMap(workload -> workload.series().stream())
            .map(Series::latest)
            .toList();
    for (Share share : Share.of(view.workloads())) {
      byDevice.computeIfAbsent(share.series().device(), unseen -> new ArrayList<>()).add(share);
    }
  }

  /** One sentence, such as {@code cuda:0 reaches up to 41 % of its datasheet peak}. */
  String heading() {
    if (view.workloads().isEmpty()) {
      return "No workload is configured";
    }
    if (results.isEmpty()) {
      return "No result yet";
    }
    if (byDevice.isEmpty()) {
      return whyNone();
    }
    Share best =
        byDevice.values().stream()
            .map(shares -> shares.get(0))
            .max(Comparator.comparingDouble(Share::ratio))
            .orElseThrow();
    String share = Figures.percent(best.ratio()) + " of its " + best.basis();
    if (byDevice.size() > 1) {
      return byDevice.size()
          + " devices; the best, "
          + best.series().device()
          + ", reaches "
          + share;
    }
    int series = byDevice.values().iterator().next().size();
    return best.series().device() + " reaches " + (series > 1 ? "up to " : "") + share;
  }

  private String whyNone() {
    if (results.stream().allMatch(Latest::isEmulated)) {
      return "Emulated devices: no share of a peak";
    }
    if (results.stream().anyMatch(Latest::isUsable)) {
      return "Share of the peak unknown: no roof";
    }
    return results.stream().anyMatch(Latest::isValid) ? "No current result" : "No valid result";
  }

  void draw(Markup out) {
    out.open("div id=answer data-part");
    if (!results.isEmpty()) {
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
    byDevice.forEach((device, shares) -> device(out, device, shares));
    if (byDevice.isEmpty()) {
      boolean isRoofMissing = results.stream().anyMatch(Latest::isUsable);
      out.open("p.note");
      if (isRoofMissing) {
        noRoof(out);
      } else {
        out.text(whyNothingCounts());
      }
      out.close("p");
    }
  }

  private String whyNothingCounts() {
    List<Latest> invalid = results.stream().filter(latest -> !latest.isValid()).toList();
    if (invalid.isEmpty()) {
      return "No result is both current and of a real device.";
    }
    String reason =
        invalid.stream()
            .flatMap(latest -> latest.warnings().stream().limit(1))
            .findFirst()
            .map(first -> ", such as: " + Cut.end(first, 300))
            .orElse("");
    return invalid.size()
        + " of "
        + Verdict.count(results.size(), "result")
        + " not valid; the rows below have the reasons"
        + reason
        + ".";
  }

  /** What to do where no share can be told. */
  static void noRoof(Markup out) {
    out.text("no roof known: run ").element("code", "flopmeter roof");
  }

  private void device(Markup out, String id, List<Share> shares) {
    Share best = shares.get(0);
    out.open("div.answer").open("div.best");
    out.element("b", Figures.percent(best.ratio()));
    out.open("p").text("of the " + best.basis() + " of ").name(id);
    String name =
        view.devices().stream()
            .filter(device -> device.id().equals(id))
            .map(Device::name)
            .findFirst()
            .orElse(id);
    if (!name.equals(id)) {
      out.text(", ").name(Cut.name(name));
    }
    out.close("p");
    String others = best.otherBases();
    if (!others.isEmpty()) {
      out.element("p.note", others);
    }
    out.close("div").open("ul.shares");
    for (Share share : shares.subList(0, Math.min(shares.size(), LONGEST_LIST))) {
      share(out, share);
    }
    out.close("ul");
    more(out, shares.size());
    out.close("div");
  }

  private static void share(Markup out, Share share) {
    double width = 100 * Math.min(1, share.ratio());
    out.open("li").open("span.what").name(Cut.name(share.subject())).close("span");
    out.open("svg.track viewBox=%s preserveAspectRatio=none", "0 0 100 8");
    out.empty("rect.k0 width=%s height=%s", width, 8).close("svg");
    out.element("span.n", Figures.percent(share.ratio())).close("li");
  }

  private static void more(Markup out, int number) {
    if (number > LONGEST_LIST) {
      out.element("p.note", "and " + (number - LONGEST_LIST) + " more below");
    }
  }

  private void changes(Markup out) {
    List<LatencyChange> moved = new ArrayList<>();
    int compared = 0;
    for (Workload workload : view.workloads()) {
      for (Series series : workload.series()) {
        Latest latest = series.latest();
        if (latest.isUsable() && latest.changeRatio() != null) {
          compared++;
          if (Math.abs(latest.changeRatio()) >= NOTABLE) {
            moved.add(
                new LatencyChange(
                    workload.name() + ", " + series.label(),
                    latest.changeRatio(),
                    latest.medianSeconds()));
          }
        }
      }
    }
    moved.sort(Comparator.comparingDouble((LatencyChange one) -> -Math.abs(one.ratio())));
    if (moved.isEmpty()) {
      out.element("p.note", nothingChanged(compared));
      return;
    }
    out.open("ul.shares");
    for (LatencyChange one : moved.subList(0, Math.min(moved.size(), LONGEST_LIST))) {
      out.open("li").open("span.what").name(Cut.name(one.subject())).close("span");
      out.element("span", Figures.seconds(one.seconds()));
      out.element(one.ratio() > 0 ? "span.n.up" : "span.n.down", Figures.change(one.ratio()));
      out.close("li");
    }
    out.close("ul");
    more(out, moved.size());
    out.element("p.note", "Latency against the median of earlier valid results.");
  }

  private String nothingChanged(int compared) {
    return compared == 0
        ? "Nothing to compare yet: no series has enough valid results."
        : compared
            + " of "
            + results.size()
            + " series compared: latency within "
            + Figures.number(100 * NOTABLE)
            + " % of the median of earlier valid results.";
  }

  private void recommendation(Markup out) {
    Recommendation first = view.recommendation();
    if (first == null) {
      out.element(
          "p.note",
          results.stream().anyMatch(Latest::isUsable)
              ? "No recommendations."
              : "No recommendations without a valid and current result.");
      return;
    }
    out.element("h3", first.title());
    out.open("p.note").name(Cut.name(first.subject())).text(": " + first.evidence()).close("p");
    out.open("p.gain").element("strong", "Expected: ").text(first.gain()).close("p");
  }
}
