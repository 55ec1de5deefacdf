package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.serve.page.Recommendations.Recommendation;
import dev.flopmeter.serve.page.Snapshot.DeviceState;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's own page, for those without Grafana: the answer first, then workloads with their
 * last results and history, devices, the last runs. Complete without a script; with one it renews
 * itself by fetching itself. Its links are relative, so that a proxy can serve it under any path.
 *
 * <p>Pure: a {@link Snapshot} in, text out. Nothing is read from a device, a disk or a lock.
 */
public final class StatusPage {
  private final Snapshot snapshot;
  private final Answer answer;

  private StatusPage(Snapshot snapshot, @Nullable Recommendation recommendation) {
    this.snapshot = snapshot;
    this.answer = new Answer(snapshot, recommendation);
  }

  /**
   * The page.
   *
   * @param recommendation the one with the largest saving; null without one
   * @param nonce of the response, whose policy is {@link Page#policy}
   */
  public static String render(
      Snapshot snapshot, @Nullable Recommendation recommendation, String nonce) {
    StatusPage page = new StatusPage(snapshot, recommendation);
    return new Page("flopmeter", "status", "status.js", nonce).render(page::main, page::footer);
  }

  private void main(Markup out) {
    notice(out, "emulated", ".emulated", "Emulated device", emulated());
    head(out);
    notice(out, "problems", "", "Warnings", problems());
    answer.draw(out);
    WorkloadSections.draw(out, snapshot);
    devices(out);
    NodeSection.draw(out, snapshot.node());
    runs(out);
  }

  private static void notice(
      Markup out, String id, String style, String title, List<String> lines) {
    out.open("div id=" + id + " data-part");
    Page.notice(out, style, title, lines);
    out.close("div").line();
  }

  private void footer(Markup out) {
    out.text("flopmeter " + snapshot.version() + ". ");
    out.element("a href=metrics", "Metrics").text(", ");
    out.element("a href=api/v1/workloads", "workloads as JSON").text(", ");
    out.element("a href=-/healthy", "health").text(".");
  }

  private List<String> emulated() {
    return snapshot.devices().stream()
        .map(DeviceState::id)
        .filter(id -> lastOn(id).filter(last -> last.device().isEmulated()).isPresent())
        .map(Verdict::emulated)
        .toList();
  }

  /** Of the daemon itself, such as a rejected configuration. */
  private List<String> problems() {
    List<String> problems = new ArrayList<>(snapshot.reloadProblems());
    boolean isKept = snapshot.config().history().folder().isPresent();
    if (isKept && !snapshot.history().isWritable()) {
      int waiting = snapshot.history().pending();
      problems.add("the history cannot be written; " + waiting + " results wait in memory");
    }
    return problems;
  }

  private void head(Markup out) {
    out.open("div id=head data-part");
    out.element("h1", answer.heading());
    out.open("p.verdict");
    summary(out);
    out.open("span.soft").text("As of ");
    time(out, snapshot.now(), snapshot.now().truncatedTo(ChronoUnit.SECONDS).toString());
    out.text(", up for " + snapshot.since(snapshot.startedAt()) + ". ").close("span");
    out.element("span.live role=status", "");
    out.close("p").close("div").line();
  }

  private void summary(Markup out) {
    long failing =
        snapshot.workloads().values().stream()
            .filter(state -> WorkloadSections.health(state) == Health.BAD)
            .count();
    int results = snapshot.series().size();
    long invalid = snapshot.series().stream().filter(one -> !one.profile().valid()).count();
    String workloads = Verdict.count(snapshot.workloads().size(), "workload");
    if (failing > 0) {
      state(out, Health.BAD, failing + " of " + workloads + " failing");
    }
    if (invalid > 0) {
      state(
          out, Health.WARNING, invalid + " of " + Verdict.count(results, "result") + " not valid");
    }
    if (failing == 0 && invalid == 0 && !snapshot.workloads().isEmpty()) {
      state(out, results == 0 ? Health.IDLE : Health.GOOD, workloads + ", none failing");
    }
    out.text(" ");
  }

  private Optional<ProfileResult> lastOn(String device) {
    return snapshot.series().stream()
        .filter(one -> one.key().device().equals(device))
        .map(Series::profile)
        .max(Comparator.comparing(result -> result.run().startedAt()));
  }

  private void devices(Markup out) {
    out.open("section.panel id=devices data-part aria-label=Devices");
    out.element("h2", "Devices");
    if (snapshot.devices().isEmpty()) {
      out.element("p.note", "No device is known yet.").close("section").line();
      return;
    }
    begin(out, "Devices", 4, "Device", "Name", "State", "Busy", "Memory", "Power", "Temperature");
    for (DeviceState device : snapshot.devices()) {
      Optional<ProfileResult> last = lastOn(device.id());
      Optional<Sensors> sensors = last.map(ProfileResult::sensors);
      out.open("tr").open("th scope=row").name(device.id()).close("th");
      out.open("td data-l=Name");
      out.name(Cut.name(last.map(result -> result.device().name()).orElse(device.id())));
      out.close("td").open("td data-l=State");
      if (device.isQuarantined()) {
        state(out, Health.BAD, "quarantined after failures");
      } else {
        boolean isBusy = device.isRunning();
        state(out, isBusy ? Health.BUSY : Health.IDLE, isBusy ? "measuring" : "idle");
      }
      out.close("td");
      cell(out, "Busy", sensors.map(Sensors::utilization), Figures::percent);
      cell(out, "Memory", sensors.map(Sensors::memoryUsedBytes), Figures::bytes);
      cell(out, "Power", sensors.map(Sensors::powerW), watts -> Figures.si(watts, "W"));
      cell(
          out,
          "Temperature",
          sensors.map(Sensors::temperatureC),
          celsius -> Figures.number(celsius) + " °C");
      out.close("tr");
    }
    out.close("tbody").close("table").close("section").line();
  }

  private void runs(Markup out) {
    out.open("section.panel id=runs data-part aria-label=%s", "Last runs");
    out.element("h2", "Last runs");
    if (snapshot.runs().isEmpty()) {
      out.element("p.note", "No run has ended yet.").close("section").line();
      return;
    }
    begin(out, "Last runs", 1, "Workload", "Ended", "Device", "Outcome", "Detail", "Took");
    for (EndedRun run : snapshot.runs()) {
      out.open("tr").open("th scope=row");
      out.element("bdi.clip", Cut.name(run.target().workload().name()));
      out.close("th").open("td data-l=Ended");
      time(out, run.endedAt(), snapshot.since(run.endedAt()) + " ago");
      out.close("td").element("td data-l=Device", run.target().device());
      out.open("td data-l=Outcome");
      state(out, Health.of(run.outcome()), run.outcome().label().replace('_', ' '));
      out.close("td").open("td.wide data-l=Detail");
      if (!run.detail().isEmpty()) {
        out.name(Cut.name(run.detail()));
      }
      out.close("td");
      cell(out, "Took", Figures.seconds(run.duration().toNanos() / 1e9));
      out.close("tr");
    }
    out.close("tbody").close("table").close("section").line();
  }

  /**
   * A table up to its first row.
   *
   * @param figures how many columns at the end hold figures
   */
  static void begin(Markup out, String caption, int figures, String... titles) {
    List<String> all = List.of(titles);
    out.open("table.stack").element("caption.sr", caption);
    out.head(all, all.subList(0, all.size() - figures)).open("tbody");
  }

  static void state(Markup out, Health health, String text) {
    out.open("span.tag." + health.style()).name(Cut.name(text)).close("span");
  }

  private static <T> void cell(
      Markup out, String label, Optional<T> value, Function<T, String> form) {
    cell(out, label, value.map(form).orElse(""));
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
}
