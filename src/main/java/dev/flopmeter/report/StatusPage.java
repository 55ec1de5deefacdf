package dev.flopmeter.report;

import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Page;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's own page, for those without Grafana: workloads with their last results and history,
 * devices, the last runs. Complete without a script; with one it renews itself by fetching itself.
 *
 * <p>Pure: a {@link View} in, text out. Nothing is read from a device, a disk or a lock.
 */
public final class StatusPage {
  private static final int LONGEST_NAME = 200;

  private final View view;

  private StatusPage(View view) {
    this.view = view;
  }

  /** How something is, for its colour. */
  public enum Health {
    GOOD,
    /** At work just now. */
    BUSY,
    /** Nothing known yet, or nothing to do. */
    IDLE,
    WARNING,
    BAD;

    String style() {
      return "h-" + name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * All that the page shows, at one moment.
   *
   * @param problems of the daemon itself, such as a configuration that was not taken; each one line
   * @param runs the latest first
   */
  public record View(
      String version,
      Instant now,
      Instant startedAt,
      List<String> problems,
      List<Workload> workloads,
      List<DeviceHealth> devices,
      List<RunEntry> runs) {
    public View {
      problems = List.copyOf(problems);
      workloads = List.copyOf(workloads);
      devices = List.copyOf(devices);
      runs = List.copyOf(runs);
    }
  }

  /**
   * A configured workload.
   *
   * @param state a few words, such as {@code measuring} or {@code waiting for cuda:0}
   * @param progress share done of the run going on; null if none is
   * @param nextRunAt null if none is planned
   * @param hasReport whether {@code /report/NAME} has something to show
   */
  public record Workload(
      String name,
      String model,
      Health health,
      String state,
      @Nullable Double progress,
      @Nullable Instant nextRunAt,
      boolean hasReport,
      List<Series> series) {
    public Workload {
      series = List.copyOf(series);
    }
  }

  /**
   * One combination that a workload measures.
   *
   * @param history the oldest first
   */
  public record Series(
      String device,
      String backend,
      String precision,
      long batch,
      @Nullable Latest latest,
      List<Sample> history) {
    public Series {
      history = List.copyOf(history);
    }
  }

  /**
   * The last result of a series.
   *
   * @param isFresh false if it is from before the daemon started, or older than its interval allows
   * @param mfu null where no roof is known
   * @param changeRatio median over that of the history, minus 1; null where there is too little
   */
  public record Latest(
      Instant at,
      boolean isFresh,
      boolean valid,
      double medianSeconds,
      double inferencesPerSecond,
      double flopsPerSecond,
      @Nullable Double mfu,
      @Nullable Double changeRatio,
      int warnings) {}

  /** A result as the sparkline shows it. */
  public record Sample(Instant at, double medianSeconds, boolean valid) {}

  /** A device and what its sensors last said; null where unknown. */
  public record DeviceHealth(
      String id,
      String name,
      Health health,
      String state,
      @Nullable Double utilization,
      @Nullable Double temperatureC,
      @Nullable Double powerW,
      @Nullable Long memoryUsedBytes,
      @Nullable Long memoryBytes) {}

  /**
   * A run that ended.
   *
   * @param outcome as in {@code flopmeter_runs_total}
   * @param detail one line for a person; may be empty
   */
  public record RunEntry(
      Instant endedAt,
      String workload,
      String device,
      Health health,
      String outcome,
      double seconds,
      String detail) {}

  /**
   * The page.
   *
   * @param nonce of the response, whose policy is {@link Page#policy}
   */
  public static String render(View view, String nonce) {
    return new Page("flopmeter", "status.js", nonce).render(new StatusPage(view)::body);
  }

  private void body(Markup out) {
    out.element("a", "Skip to the workloads", "class", "skip", "href", "#main");
    out.open("header", "class", "bar-top").open("div", "class", "wrap");
    out.element("span", "flopmeter", "class", "mark");
    out.element("span", "status", "class", "kind");
    Page.themeToggle(out);
    out.close("div").close("header").line();
    out.open("main", "id", "main", "class", "wrap");
    head(out);
    problems(out);
    workloads(out);
    devices(out);
    runs(out);
    out.close("main").line();
    out.open("footer", "class", "wrap").open("p");
    out.text("flopmeter " + view.version() + ". ");
    out.element("a", "Metrics", "href", "/metrics").text(", ");
    out.element("a", "workloads as JSON", "href", "/api/v1/workloads").text(", ");
    out.element("a", "health", "href", "/-/healthy").text(".");
    out.close("p").close("footer");
  }

  private void head(Markup out) {
    long bad =
        view.workloads().stream().filter(workload -> workload.health() == Health.BAD).count();
    long doubtful =
        view.workloads().stream()
            .flatMap(workload -> workload.series().stream())
            .map(Series::latest)
            .filter(latest -> latest != null && !latest.valid())
            .count();
    int number = view.workloads().size();
    String workloads = Verdict.count(number, "workload");
    String heading;
    if (bad > 0) {
      heading = bad + " of " + workloads + " failing";
    } else if (doubtful > 0) {
      heading = workloads + ", " + Verdict.count((int) doubtful, "result") + " not valid";
    } else {
      heading = workloads + (number == 0 ? "" : ", all well");
    }
    out.open("div", "id", "head", "data-part", "");
    out.element("h1", heading);
    out.open("p", "class", "verdict").text("As of ");
    time(out, view.now(), view.now().truncatedTo(ChronoUnit.SECONDS).toString());
    out.text(", up for " + ago(view.startedAt(), view.now()) + ". ");
    out.element("span", "", "class", "live", "role", "status");
    out.close("p").close("div").line();
  }

  private void problems(Markup out) {
    out.open("div", "id", "problems", "data-part", "");
    if (!view.problems().isEmpty()) {
      out.open("div", "class", "warnings", "role", "note").element("strong", "Mind this");
      out.open("ul");
      for (String problem : view.problems()) {
        out.open("li").name(problem).close("li");
      }
      out.close("ul").close("div");
    }
    out.close("div").line();
  }

  private void workloads(Markup out) {
    out.open("div", "id", "workloads", "data-part", "");
    if (view.workloads().isEmpty()) {
      out.element("p", "No workload is configured.", "class", "note");
    }
    for (int i = 0; i < view.workloads().size(); i++) {
      workload(out, view.workloads().get(i), "w" + i);
    }
    out.close("div").line();
  }

  private void workload(Markup out, Workload workload, String id) {
    out.open("section", "class", "panel workload", "aria-labelledby", id);
    out.open("div", "class", "row");
    out.open("h2", "id", id).name(cut(workload.name())).close("h2");
    state(out, workload.health(), workload.state());
    if (workload.progress() != null) {
      out.empty(
          "progress",
          "value",
          workload.progress().toString(),
          "max",
          1,
          "aria-label",
          "Progress of the run");
    }
    out.open("span", "class", "push soft");
    if (workload.nextRunAt() != null) {
      out.text("next run ");
      time(out, workload.nextRunAt(), until(view.now(), workload.nextRunAt()));
    }
    out.close("span");
    if (workload.hasReport()) {
      String path = URLEncoder.encode(workload.name(), StandardCharsets.UTF_8).replace("+", "%20");
      out.open("a", "class", "button", "href", "/report/" + path);
      out.text("Full report").open("span", "class", "sr").text(" of ").name(cut(workload.name()));
      out.close("span").close("a");
    }
    out.close("div");
    out.open("p", "class", "note").text("Model ").name(cut(workload.model())).close("p");
    if (!workload.series().isEmpty()) {
      series(out, workload);
    }
    out.close("section");
  }

  private void series(Markup out, Workload workload) {
    String caption = "Last results of " + cut(workload.name());
    out.open("div", "class", "scroll", "tabindex", "0", "role", "group", "aria-label", caption);
    out.open("table", "class", "status").element("caption", caption, "class", "sr");
    heads(
        out,
        3,
        "Device",
        "Precision",
        "Batch",
        "Latency",
        "Inferences/s",
        "FLOP/s",
        "MFU",
        "Change",
        "Measured",
        "History");
    for (Series series : workload.series()) {
      out.open("tr").open("th", "scope", "row").name(series.device());
      out.element("span", series.backend(), "class", "soft small").close("th");
      out.element("td", series.precision());
      figure(out, Long.toString(series.batch()));
      latest(out, series.latest());
      out.open("td", "class", "n");
      Sparkline.draw(out, series);
      out.close("td").close("tr");
    }
    out.close("tbody").close("table").close("div");
  }

  private void latest(Markup out, @Nullable Latest latest) {
    if (latest == null) {
      out.element("td", "no result yet", "class", "n soft", "colspan", 6);
      return;
    }
    figure(out, Figures.seconds(latest.medianSeconds()));
    figure(out, Figures.number(latest.inferencesPerSecond()));
    figure(out, Figures.si(latest.flopsPerSecond()));
    figure(out, latest.mfu() == null ? "" : Figures.percent(latest.mfu()));
    Double change = latest.changeRatio();
    if (change == null) {
      figure(out, "");
    } else {
      String style = Math.abs(change) < 0.05 ? "n" : change > 0 ? "n up" : "n down";
      out.element("td", signed(change), "class", style);
    }
    out.open("td", "class", "n");
    time(out, latest.at(), ago(latest.at(), view.now()) + " ago");
    if (!latest.valid()) {
      out.open("span", "class", "soft small");
      out.element("span", "not valid", "class", "tag h-bad").close("span");
    } else if (!latest.isFresh()) {
      out.open("span", "class", "soft small");
      out.element("span", "old", "class", "tag h-warning").close("span");
    } else if (latest.warnings() > 0) {
      out.element("span", Verdict.count(latest.warnings(), "warning"), "class", "soft small");
    }
    out.close("td");
  }

  private void devices(Markup out) {
    out.open(
        "section", "class", "panel", "id", "devices", "data-part", "", "aria-label", "Devices");
    out.element("h2", "Devices");
    if (view.devices().isEmpty()) {
      out.element("p", "No device is known yet.", "class", "note").close("section").line();
      return;
    }
    out.open("div", "class", "scroll", "tabindex", "0", "role", "group", "aria-label", "Devices");
    out.open("table", "class", "status").element("caption", "Devices", "class", "sr");
    heads(out, 3, "Device", "Name", "State", "Busy", "Memory", "Power", "Temperature");
    for (DeviceHealth device : view.devices()) {
      out.open("tr").open("th", "scope", "row").name(device.id()).close("th");
      out.open("td").name(cut(device.name())).close("td");
      out.open("td");
      state(out, device.health(), device.state());
      out.close("td");
      figure(out, device.utilization() == null ? "" : Figures.percent(device.utilization()));
      figure(out, memory(device));
      figure(out, device.powerW() == null ? "" : Figures.si(device.powerW(), "W"));
      Double celsius = device.temperatureC();
      figure(out, celsius == null ? "" : Figures.number(celsius) + " °C");
      out.close("tr");
    }
    out.close("tbody").close("table").close("div").close("section").line();
  }

  private static String memory(DeviceHealth device) {
    if (device.memoryUsedBytes() == null) {
      return device.memoryBytes() == null ? "" : Figures.bytes(device.memoryBytes());
    }
    String used = Figures.bytes(device.memoryUsedBytes());
    return device.memoryBytes() == null
        ? used
        : used + " of " + Figures.bytes(device.memoryBytes());
  }

  private void runs(Markup out) {
    out.open("section", "class", "panel", "id", "runs", "data-part", "", "aria-label", "Last runs");
    out.element("h2", "Last runs");
    if (view.runs().isEmpty()) {
      out.element("p", "None has ended yet.", "class", "note").close("section").line();
      return;
    }
    out.open("div", "class", "scroll", "tabindex", "0", "role", "group", "aria-label", "Runs");
    out.open("table", "class", "status").element("caption", "Last runs", "class", "sr");
    heads(out, 5, "Ended", "Workload", "Device", "Outcome", "Detail", "Took");
    for (RunEntry run : view.runs()) {
      out.open("tr").open("td");
      time(out, run.endedAt(), ago(run.endedAt(), view.now()) + " ago");
      out.close("td");
      out.open("th", "scope", "row").element("bdi", cut(run.workload()), "class", "clip");
      out.close("th").element("td", run.device()).open("td");
      state(out, run.health(), run.outcome().replace('_', ' '));
      out.close("td").open("td", "class", "wide").name(cut(run.detail())).close("td");
      figure(out, Figures.seconds(run.seconds()));
      out.close("tr");
    }
    out.close("tbody").close("table").close("div").close("section").line();
  }

  /** The head of a table; columns from {@code firstFigure} on hold figures. */
  private static void heads(Markup out, int firstFigure, String... titles) {
    out.open("thead").open("tr");
    for (int i = 0; i < titles.length; i++) {
      boolean isFigure = i >= firstFigure || titles[i].equals("Batch");
      out.element("th", titles[i], "scope", "col", "class", isFigure ? "n" : null);
    }
    out.close("tr").close("thead").open("tbody");
  }

  private static void state(Markup out, Health health, String text) {
    out.open("span", "class", "tag " + health.style()).name(cut(text)).close("span");
  }

  private static void figure(Markup out, String text) {
    out.element("td", text, "class", "n");
  }

  private static void time(Markup out, Instant instant, String text) {
    String exact = instant.truncatedTo(ChronoUnit.SECONDS).toString();
    out.element("time", text, "datetime", exact, "title", exact);
  }

  static String signed(double ratio) {
    return (ratio < 0 ? "−" : "+") + Figures.percent(Math.abs(ratio));
  }

  private static String until(Instant now, Instant then) {
    return then.isAfter(now) ? "in " + ago(now, then) : "now";
  }

  /** The time between two moments in its largest unit. */
  static String ago(Instant earlier, Instant later) {
    long seconds = Math.max(0, Duration.between(earlier, later).toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 2 * 3600) {
      return seconds / 60 + " min";
    }
    return seconds < 2 * 86400 ? seconds / 3600 + " h" : seconds / 86400 + " days";
  }

  private static String cut(String text) {
    return text.codePointCount(0, text.length()) <= LONGEST_NAME
        ? text
        : text.substring(0, text.offsetByCodePoints(0, LONGEST_NAME)) + "…";
  }
}
