package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.serve.page.StatusView.Device;
import dev.flopmeter.serve.page.StatusView.Health;
import dev.flopmeter.serve.page.StatusView.Latest;
import dev.flopmeter.serve.page.StatusView.Run;
import dev.flopmeter.serve.page.StatusView.Series;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Durations;
import dev.flopmeter.units.Figures;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;

/**
 * The daemon's own page, for those without Grafana: the answer first, then workloads with their
 * last results and history, devices, the last runs. Complete without a script; with one it renews
 * itself by fetching itself. Its links are relative, so that a proxy can serve it under any path.
 *
 * <p>Pure: a {@link StatusView} in, text out. Nothing is read from a device, a disk or a lock.
 */
public final class StatusPage {
  /** Titles of the columns that hold figures. */
  private static final Set<String> FIGURES =
      Set.of(
          "MFU",
          "Latency",
          "Inferences/s",
          "FLOP/s",
          "Change",
          "Latency history",
          "Busy",
          "Memory",
          "Power",
          "Temperature",
          "Took");

  private final StatusView view;

  private StatusPage(StatusView view) {
    this.view = view;
  }

  /**
   * The page.
   *
   * @param nonce of the response, whose policy is {@link Page#policy}
   */
  public static String render(StatusView view, String nonce) {
    StatusPage page = new StatusPage(view);
    return new Page("flopmeter", "status", "status.js", nonce).render(page::main, page::footer);
  }

  private void main(Markup out) {
    Answer answer = new Answer(view);
    emulated(out);
    head(out, answer);
    problems(out);
    answer.draw(out);
    WorkloadSections.draw(out, view);
    devices(out);
    runs(out);
  }

  private void footer(Markup out) {
    out.text("flopmeter " + view.version() + ". ");
    out.element("a href=metrics", "Metrics").text(", ");
    out.element("a href=api/v1/workloads", "workloads as JSON").text(", ");
    out.element("a href=-/healthy", "health").text(".");
  }

  private void emulated(Markup out) {
    out.open("div id=emulated data-part");
    Page.notice(
        out,
        ".emulated",
        "Emulated device",
        view.devices().stream()
            .filter(Device::isEmulated)
            .map(device -> Verdict.emulated(device.id()))
            .toList());
    out.close("div").line();
  }

  private void problems(Markup out) {
    out.open("div id=problems data-part");
    Page.notice(out, "", "Warnings", view.problems());
    out.close("div").line();
  }

  private void head(Markup out, Answer answer) {
    out.open("div id=head data-part");
    out.element("h1", answer.heading());
    out.open("p.verdict");
    summary(out);
    out.open("span.soft").text("As of ");
    time(out, view.now(), view.now().truncatedTo(ChronoUnit.SECONDS).toString());
    out.text(", up for " + ago(view.startedAt(), view.now()) + ". ").close("span");
    out.element("span.live role=status", "");
    out.close("p").close("div").line();
  }

  private void summary(Markup out) {
    int number = view.workloads().size();
    int failing =
        (int) view.workloads().stream().filter(workload -> workload.health() == Health.BAD).count();
    List<Latest> results =
        view.workloads().stream()
            .flatMap(workload -> workload.series().stream())
            .map(Series::latest)
            .toList();
    int invalid = (int) results.stream().filter(latest -> !latest.isValid()).count();
    String workloads = Verdict.count(number, "workload");
    if (failing > 0) {
      state(out, Health.BAD, failing + " of " + workloads + " failing");
    }
    if (invalid > 0) {
      state(
          out,
          Health.WARNING,
          invalid + " of " + Verdict.count(results.size(), "result") + " not valid");
    }
    if (failing == 0 && invalid == 0 && number > 0) {
      state(out, results.isEmpty() ? Health.IDLE : Health.GOOD, workloads + ", none failing");
    }
    out.text(" ");
  }

  private void devices(Markup out) {
    out.open("section.panel id=devices data-part aria-label=Devices");
    out.element("h2", "Devices");
    if (view.devices().isEmpty()) {
      out.element("p.note", "No device is known yet.").close("section").line();
      return;
    }
    begin(out, "Devices", "Device", "Name", "State", "Busy", "Memory", "Power", "Temperature");
    for (Device device : view.devices()) {
      out.open("tr").open("th scope=row").name(device.id()).close("th");
      out.open("td data-l=Name").name(Cut.name(device.name())).close("td");
      out.open("td data-l=State");
      state(out, device.health(), device.state());
      out.close("td");
      cell(out, "Busy", device.utilization() == null ? "" : Figures.percent(device.utilization()));
      Long memory = device.memoryUsedBytes();
      cell(out, "Memory", memory == null ? "" : Figures.bytes(memory));
      cell(out, "Power", device.powerW() == null ? "" : Figures.si(device.powerW(), "W"));
      Double celsius = device.temperatureC();
      cell(out, "Temperature", celsius == null ? "" : Figures.number(celsius) + " °C");
      out.close("tr");
    }
    out.close("tbody").close("table").close("section").line();
  }

  private void runs(Markup out) {
    out.open("section.panel id=runs data-part aria-label=%s", "Last runs");
    out.element("h2", "Last runs");
    if (view.runs().isEmpty()) {
      out.element("p.note", "No run has ended yet.").close("section").line();
      return;
    }
    begin(out, "Last runs", "Workload", "Ended", "Device", "Outcome", "Detail", "Took");
    for (Run run : view.runs()) {
      out.open("tr").open("th scope=row").element("bdi.clip", Cut.name(run.workload()));
      out.close("th").open("td data-l=Ended");
      time(out, run.endedAt(), ago(run.endedAt(), view.now()) + " ago");
      out.close("td").element("td data-l=Device", run.device());
      out.open("td data-l=Outcome");
      state(out, run.health(), run.outcome().replace('_', ' '));
      out.close("td").open("td.wide data-l=Detail");
      if (!run.detail().isEmpty()) {
        out.name(Cut.name(run.detail()));
      }
      out.close("td");
      cell(out, "Took", Figures.seconds(run.seconds()));
      out.close("tr");
    }
    out.close("tbody").close("table").close("section").line();
  }

  /** A table up to its first row. */
  static void begin(Markup out, String caption, String... titles) {
    out.open("table.stack").element("caption.sr", caption).open("thead").open("tr");
    for (String title : titles) {
      out.element((FIGURES.contains(title) ? "th.n" : "th") + " scope=col", title);
    }
    out.close("tr").close("thead").open("tbody");
  }

  static void state(Markup out, Health health, String text) {
    out.open("span.tag." + health.style()).name(Cut.name(text)).close("span");
  }

  /**
   * A figure.
   *
   * @param label stands before it where the table is too narrow for columns
   */
  static void cell(Markup out, String label, String text) {
    out.element("td.n data-l=%s", text, label);
  }

  static void time(Markup out, Instant instant, String text) {
    String exact = instant.truncatedTo(ChronoUnit.SECONDS).toString();
    out.element("time datetime=%s title=%s", text, exact, exact);
  }

  static String until(Instant now, Instant then) {
    return then.isAfter(now) ? "in " + ago(now, then) : "now";
  }

  /** The time between two moments. */
  static String ago(Instant earlier, Instant later) {
    return Durations.coarse(Duration.between(earlier, later));
  }
}
