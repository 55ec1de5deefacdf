package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Minutes of runs, faults and scrapes ({@code -Psoak}, {@code -Dsoak.minutes=5}): the daemon's
 * resources must not grow, and no result may be lost.
 */
@Tag("soak")
class SoakTest {
  private static final double MINUTES = Double.parseDouble(System.getProperty("soak.minutes", "5"));
  private static final double MEGABYTE = 1e6;

  @TempDir private Path folder;

  /** The resources of a process at one moment. */
  private record Held(double minutes, double residentMegabytes, double threads, double files) {
    static Held by(DaemonProcess daemon, Instant start) throws IOException {
      Path proc = Path.of("/proc/" + daemon.process.pid());
      return new Held(
          Duration.between(start, Instant.now()).toMillis() / 60_000.0,
          daemon.residentBytes() / MEGABYTE,
          count(proc.resolve("task")),
          count(proc.resolve("fd")));
    }

    private static double count(Path folder) throws IOException {
      try (Stream<Path> entries = Files.list(folder)) {
        return entries.count();
      }
    }
  }

  @Test
  void theDaemonsResourcesDoNotGrowAndNothingIsLost() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads:
              good: {model: good-60, device: "cuda:0", interval: 1s, jitter: 0%, batch: [1, 8]}
              refuse: {model: refuse, device: "cuda:1", interval: 1s}
              crash: {model: crash, device: "cuda:2", interval: 1s}
              garbage: {model: garbage, device: "cuda:3", interval: 1s}
              huge: {model: huge, device: "cuda:4", interval: 1s}
              cut: {model: cut, device: "cuda:5", interval: 1s}
              hang: {model: hang, device: "cuda:6", interval: 1s, max_time: 200ms, timeout: 1s}
            worker: {max_backoff: 1s, quarantine_after: 1000, grace: 200ms}
            history: {folder: kept}
            """);
    List<Held> samples = new ArrayList<>();
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
      Instant start = Instant.now();
      Instant end = start.plusMillis(Math.round(MINUTES * 60_000));
      while (Instant.now().isBefore(end)) {
        assertThat(daemon.process.waitFor(1, TimeUnit.SECONDS)).as("the daemon ended").isFalse();
        assertThat(daemon.metrics()).contains("flopmeter_build_info");
        samples.add(Held.by(daemon, start));
      }
      String metrics = daemon.metrics();
      double good = sum(metrics, "flopmeter_runs_total{outcome=\"success\"");
      double all = sum(metrics, "flopmeter_runs_total");
      double kept = sum(metrics, "flopmeter_history_results");
      List<Held> settled = settled(samples);
      System.out.printf(
          Locale.ROOT,
          "| soak, %.1f min (slopes after the first %.1f): %.0f runs, %.0f of them with a fault | `mvn test -Psoak -Dtest=SoakTest -Dsoak.minutes=%.0f` | memory %.0f MB, %+.2f MB/min; threads %+.2f/min; files %+.2f/min; %.0f results lost |%n",
          MINUTES,
          settled.get(0).minutes(),
          all,
          all - good,
          MINUTES,
          settled.stream().mapToDouble(Held::residentMegabytes).average().orElseThrow(),
          slope(settled, Held::residentMegabytes),
          slope(settled, Held::threads),
          slope(settled, Held::files),
          Math.max(0, 2 * good - kept));
      assertThat(good).isPositive();
      assertThat(all - good).isGreaterThan(good);
      // A run may have ended between its results and its count, never the other way round.
      assertThat(kept).isBetween(2 * good, 2 * good + 2);
      assertThat(sum(metrics, "flopmeter_history_lost_results_total")).isZero();
      assertGrowth(settled, Held::residentMegabytes, 12);
      assertGrowth(settled, Held::threads, 6);
      assertGrowth(settled, Held::files, 12);
    }
  }

  /**
   * Leaves out the start, while classes are loaded and each scrape adds a thread to the server.
   * That takes about a minute, or a third of a soak shorter than three minutes.
   */
  private static List<Held> settled(List<Held> samples) {
    double start = Math.max(MINUTES / 3, Math.min(1.5, MINUTES / 2));
    return samples.stream().filter(held -> held.minutes() >= start).toList();
  }

  private interface Figure {
    double of(Held held);
  }

  /**
   * Compares the mean of the last half with that of the first, so that a single peak is not growth.
   */
  private static void assertGrowth(List<Held> samples, Figure figure, double most) {
    int half = samples.size() / 2;
    double before = samples.subList(0, half).stream().mapToDouble(figure::of).average().orElse(0);
    double after =
        samples.subList(half, samples.size()).stream().mapToDouble(figure::of).average().orElse(0);
    assertThat(after - before).as("from %s to %s", before, after).isLessThan(most);
  }

  /** The least-squares slope, per minute. */
  private static double slope(List<Held> samples, Figure figure) {
    double x = samples.stream().mapToDouble(Held::minutes).average().orElse(0);
    double y = samples.stream().mapToDouble(figure::of).average().orElse(0);
    double products = 0;
    double squares = 0;
    for (Held held : samples) {
      products += (held.minutes() - x) * (figure.of(held) - y);
      squares += (held.minutes() - x) * (held.minutes() - x);
    }
    return products / squares;
  }

  private static double sum(String metrics, String prefix) {
    return metrics
        .lines()
        .filter(line -> line.startsWith(prefix))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
