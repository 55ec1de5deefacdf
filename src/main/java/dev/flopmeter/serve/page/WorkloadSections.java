package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.serve.page.StatusView.Health;
import dev.flopmeter.serve.page.StatusView.Latest;
import dev.flopmeter.serve.page.StatusView.Series;
import dev.flopmeter.serve.page.StatusView.Workload;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** A card for each workload: its state, and a row for each series with its last result. */
final class WorkloadSections {
  private static final int COLUMNS = 8;
  private static final int LONGEST_REASONS = 3;

  private final Markup out;
  private final Instant now;

  private WorkloadSections(Markup out, Instant now) {
    this.out = out;
    this.now = now;
  }

  static void draw(Markup out, StatusView view) {
    WorkloadSections sections = new WorkloadSections(out, view.now());
    out.open("div id=workloads data-part");
    if (view.workloads().isEmpty()) {
      out.element("p.note", "No workload is configured.");
    }
    for (int i = 0; i < view.workloads().size(); i++) {
      sections.workload(view.workloads().get(i), "w" + i);
    }
    out.close("div").line();
  }

  private void workload(Workload workload, String id) {
    out.open("section.panel.workload aria-labelledby=%s", id);
    out.open("div.row");
    out.open("h2 id=%s", id).name(Cut.name(workload.name())).close("h2");
    StatusPage.state(out, workload.health(), workload.state());
    if (workload.progress() != null) {
      out.empty(
          "progress value=%s max=%s aria-label=%s",
          workload.progress().toString(), 1, "Progress of the run");
    }
    out.open("span.push.soft");
    if (workload.nextRunAt() != null) {
      out.text("next run ");
      StatusPage.time(out, workload.nextRunAt(), StatusPage.until(now, workload.nextRunAt()));
    }
    out.close("span");
    if (!workload.series().isEmpty()) {
      String path = URLEncoder.encode(workload.name(), StandardCharsets.UTF_8).replace("+", "%20");
      out.open("a.button href=%s", "report/" + path).text("Full report");
      out.open("span.sr").text(" of ").name(Cut.name(workload.name())).close("span");
      out.close("a");
    }
    out.close("div");
    out.open("p.note").text("Model ").name(Cut.name(workload.model())).close("p");
    if (!workload.problem().isEmpty()) {
      out.open("p.problem").text("Last run: ").name(Cut.end(workload.problem(), 300)).close("p");
    }
    if (!workload.series().isEmpty()) {
      StatusPage.begin(
          out,
          "Last results of " + Cut.name(workload.name()),
          "Measured as",
          "Result",
          "MFU",
          "Latency",
          "Inferences/s",
          "FLOP/s",
          "Change",
          "Latency history");
      workload.series().forEach(this::series);
      out.close("tbody").close("table");
    }
    out.close("section");
  }

  private void series(Series series) {
    Latest latest = series.latest();
    out.open(latest.warnings().isEmpty() ? "tr" : "tr.has-reasons");
    out.open("th scope=row").name(Cut.name(series.label()));
    out.open("span.soft.small").name(Cut.name(series.device())).text(", ");
    out.text(series.backend()).close("span").close("th");
    result(latest);
    mfu(latest);
    StatusPage.cell(out, "Latency", Figures.seconds(latest.medianSeconds()));
    StatusPage.cell(out, "Inferences/s", Figures.number(latest.inferencesPerSecond()));
    StatusPage.cell(out, "FLOP/s", Figures.si(latest.flopsPerSecond()));
    change(latest);
    out.open("td.n.history data-l=%s", "Latency history");
    Sparkline.draw(out, series);
    out.close("td").close("tr");
    reasons(latest);
  }

  private void result(Latest latest) {
    out.open("td data-l=Result");
    if (!latest.isValid()) {
      StatusPage.state(out, Health.BAD, "not valid");
    } else if (latest.isEmulated()) {
      StatusPage.state(out, Health.IDLE, "emulated");
    } else if (!latest.isFresh()) {
      StatusPage.state(out, Health.WARNING, "old");
    } else if (!latest.warnings().isEmpty()) {
      StatusPage.state(out, Health.WARNING, Verdict.count(latest.warnings().size(), "warning"));
    } else {
      StatusPage.state(out, Health.GOOD, "valid");
    }
    out.open("span.soft.small");
    StatusPage.time(out, latest.at(), StatusPage.ago(latest.at(), now) + " ago");
    out.close("span").close("td");
  }

  private void mfu(Latest latest) {
    Double ratio = Share.best(latest.mfu());
    out.open("td.n.mfu data-l=MFU");
    if (ratio != null) {
      out.element(latest.isUsable() ? "b" : "span.soft", Figures.percent(ratio));
      out.element("span.soft.small", "of " + Share.basis(latest.mfu()));
    } else if (latest.isEmulated()) {
      out.element("span.soft.small", "no roof: emulated");
    } else {
      out.open("span.soft.small");
      Answer.noRoof(out);
      out.close("span");
    }
    out.close("td");
  }

  /** Only what may be compared has a change; a colour only where it is notable. */
  private void change(Latest latest) {
    Double change = latest.changeRatio();
    if (change == null || !latest.isValid() || latest.isEmulated()) {
      StatusPage.cell(out, "Change", "");
      return;
    }
    boolean isNotable = latest.isFresh() && Math.abs(change) >= Answer.NOTABLE;
    String style = !isNotable ? "" : change > 0 ? ".up" : ".down";
    out.element("td.n" + style + " data-l=Change", Figures.change(change));
  }

  /** Why a result is not valid, or what to know of it, below its row. */
  private void reasons(Latest latest) {
    if (latest.warnings().isEmpty()) {
      return;
    }
    out.open("tr.reasons").open((latest.isValid() ? "td.soft" : "td.bad") + " colspan=%s", COLUMNS);
    int shown = Math.min(LONGEST_REASONS, latest.warnings().size());
    out.open("ul");
    for (String warning : latest.warnings().subList(0, shown)) {
      out.open("li").name(Cut.name(warning)).close("li");
    }
    if (latest.warnings().size() > shown) {
      out.element("li", "and " + (latest.warnings().size() - shown) + " more in the full report");
    }
    out.close("ul").close("td").close("tr");
  }
}
