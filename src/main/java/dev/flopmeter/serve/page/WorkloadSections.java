package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.page.Snapshot.WorkloadState;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Durations;
import dev.flopmeter.units.Figures;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A card for each workload: its state, and a row for each series with its last result. */
record WorkloadSections(Markup out, Snapshot snapshot) {
  private static final int COLUMNS = 8;
  private static final int LONGEST_REASONS = 3;

  static void draw(Markup out, Snapshot snapshot) {
    WorkloadSections sections = new WorkloadSections(out, snapshot);
    List<Workload> workloads = snapshot.config().workloads();
    out.open("div id=workloads data-part");
    if (workloads.isEmpty()) {
      out.element("p.note", "No workload is configured.");
    }
    for (int i = 0; i < workloads.size(); i++) {
      sections.workload(workloads.get(i), "w" + i);
    }
    out.close("div").line();
  }

  /** Of the last run; that a run is going on shows only where the last one did not fail. */
  static Health health(WorkloadState state) {
    EndedRun last = state.lastRun();
    Health health = last == null ? Health.IDLE : Health.of(last.outcome());
    return state.isRunning() && health != Health.BAD ? Health.BUSY : health;
  }

  private static String words(WorkloadState state) {
    EndedRun last = state.lastRun();
    if (state.isRunning()) {
      return "measuring";
    }
    return last == null || last.outcome() == Outcome.SUCCESS
        ? "waiting"
        : last.outcome().label().replace('_', ' ');
  }

  private void workload(Workload workload, String id) {
    WorkloadState state = snapshot.workload(workload.name());
    List<Series> all = snapshot.seriesOf(workload.name());
    out.open("section.panel.workload aria-labelledby=%s", id);
    out.open("div.row");
    out.open("h2 id=%s", id).name(Cut.name(workload.name())).close("h2");
    StatusPage.state(out, health(state), words(state));
    if (state.progress() != null) {
      out.empty(
          "progress value=%s max=%s aria-label=%s",
          state.progress().toString(), 1, "Progress of the run");
    }
    out.open("span.push.soft");
    Duration next = state.untilNext();
    if (!state.isRunning() && next != null) {
      String words = next.isZero() ? "now" : "in " + Durations.coarse(next);
      StatusPage.time(out.text("next run "), snapshot.now().plus(next), words);
    }
    out.close("span");
    if (!all.isEmpty()) {
      String path = URLEncoder.encode(workload.name(), StandardCharsets.UTF_8).replace("+", "%20");
      out.open("a.button href=%s", "report/" + path).text("Full report");
      out.open("span.sr").text(" of ").name(Cut.name(workload.name())).close("span");
      out.close("a");
    }
    out.close("div");
    out.open("p.note").text("Model ").name(Cut.name(workload.model())).close("p");
    EndedRun last = state.lastRun();
    if (last != null && Health.of(last.outcome()) == Health.BAD && !last.detail().isEmpty()) {
      out.open("p.problem").text("Last run: ").name(Cut.end(last.detail(), 300)).close("p");
    }
    if (!all.isEmpty()) {
      StatusPage.begin(
          out,
          "Last results of " + Cut.name(workload.name()),
          6,
          "Measured as",
          "Result",
          "MFU",
          "Latency",
          "Inferences/s",
          "FLOP/s",
          "Change",
          "Latency history");
      all.forEach(this::series);
      out.close("tbody").close("table");
    }
    out.close("section");
  }

  private void series(Series series) {
    ProfileResult profile = series.profile();
    out.open(profile.warnings().isEmpty() ? "tr" : "tr.has-reasons");
    out.open("th scope=row").name(Cut.name(series.label()));
    out.open("span.soft.small").name(Cut.name(series.key().device())).text(", ");
    out.text(series.key().backend()).close("span").close("th");
    result(series);
    mfu(series);
    StatusPage.cell(out, "Latency", Figures.seconds(profile.latency().median()));
    double inferences = profile.throughput().inferencesPerSecond();
    StatusPage.cell(out, "Inferences/s", Figures.number(inferences));
    StatusPage.cell(out, "FLOP/s", Figures.si(profile.throughput().achievedFlopsPerSecond()));
    change(series);
    out.open("td.n.history data-l=%s", "Latency history");
    Sparkline.draw(out, series.past());
    out.close("td").close("tr");
    reasons(profile);
  }

  private void result(Series series) {
    int warnings = series.profile().warnings().size();
    out.open("td data-l=Result");
    if (!series.profile().valid()) {
      StatusPage.state(out, Health.BAD, "not valid");
    } else if (series.isEmulated()) {
      StatusPage.state(out, Health.IDLE, "emulated");
    } else if (!series.isFresh()) {
      StatusPage.state(out, Health.WARNING, "old");
    } else if (warnings > 0) {
      StatusPage.state(out, Health.WARNING, Verdict.count(warnings, "warning"));
    } else {
      StatusPage.state(out, Health.GOOD, "valid");
    }
    Instant at = series.shown().result().startedAt();
    out.open("span.soft.small");
    StatusPage.time(out, at, snapshot.since(at) + " ago");
    out.close("span").close("td");
  }

  private void mfu(Series series) {
    out.open("td.n.mfu data-l=MFU");
    Optional<Share> share = Share.of(series);
    if (share.isPresent()) {
      String style = series.isUsable() ? "b" : "span.soft";
      out.element(style, Figures.percent(share.get().ratio()));
      out.element("span.soft.small", "of " + share.get().peak() + share.get().bound());
    } else if (series.isEmulated()) {
      out.element("span.soft.small", "no roof: emulated");
    } else {
      out.open("span.soft.small");
      Answer.noRoof(out);
      out.close("span");
    }
    out.close("td");
  }

  /** Only what may be compared has a change; a colour only where it is notable. */
  private void change(Series series) {
    Double change = series.shown().regression();
    if (change == null || !series.profile().valid() || series.isEmulated()) {
      StatusPage.cell(out, "Change", "");
      return;
    }
    boolean isNotable = series.isFresh() && Math.abs(change) >= Answer.NOTABLE;
    String style = !isNotable ? "" : change > 0 ? ".up" : ".down";
    out.element("td.n" + style + " data-l=Change", Figures.change(change));
  }

  /** Why a result is not valid, or what to know of it, below its row. */
  private void reasons(ProfileResult profile) {
    List<String> warnings = profile.warnings();
    if (warnings.isEmpty()) {
      return;
    }
    out.open("tr.reasons").open((profile.valid() ? "td.soft" : "td.bad") + " colspan=%s", COLUMNS);
    int shown = Math.min(LONGEST_REASONS, warnings.size());
    out.open("ul");
    for (String warning : warnings.subList(0, shown)) {
      out.open("li").name(Cut.name(warning)).close("li");
    }
    if (warnings.size() > shown) {
      out.element("li", "and " + (warnings.size() - shown) + " more in the full report");
    }
    out.close("ul").close("td").close("tr");
  }
}
