package dev.flopmeter.gpucheck;

import dev.flopmeter.gpucheck.Outcome.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Runs the items of the list in order, until the budget is spent. */
final class CheckRun {
  /** Kept for the last archive. */
  private static final Duration FINISH = Duration.ofSeconds(2);

  private static final int DEVICE_FAILED = 3;

  private final Settings settings;
  private final Path work;
  private final Results results;
  private final Summary summary;

  private CheckRun(Settings settings, Path folder) throws IOException {
    this.settings = settings;
    this.work = Files.createTempDirectory("gpu-check");
    this.results = new Results(folder, work);
    this.summary = new Summary(settings, results);
    Path environment = folder.resolve("environment.txt");
    if (Files.exists(environment)) {
      Files.copy(environment, results.file("environment.txt"));
    }
  }

  /**
   * A run that writes to a folder.
   *
   * @param folder may hold an {@code environment.txt}, which goes into the archive
   */
  static CheckRun of(Settings settings, Path folder) throws IOException {
    return new CheckRun(settings, folder);
  }

  /** Returns 0, 1 if something failed, 3 if the device cannot be used. */
  int run() throws IOException, InterruptedException {
    Programs programs = new Programs(work);
    try (TorchPeer torch = new TorchPeer(programs, settings, results)) {
      for (Item item : new CheckList(settings, programs, torch, results).items()) {
        Outcome outcome = outcome(item);
        System.out.printf(
            "gpu-check: %-28s %-8s %6.1f s  %s%n",
            outcome.item(),
            outcome.state().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '),
            outcome.took().toMillis() / 1e3,
            outcome.detail());
        results.add(outcome, summary);
      }
    }
    System.out.print(summary.of(results.outcomes()));
    delete(work);
    if (hasFailed("doctor")) {
      return DEVICE_FAILED;
    }
    return results.outcomes().stream().anyMatch(o -> o.state() == State.FAILED) ? 1 : 0;
  }

  private Outcome outcome(Item item) throws IOException, InterruptedException {
    if (hasFailed("doctor")) {
      return Outcome.leftOut(item.name(), "the device cannot be used; see doctor.txt");
    }
    Duration left =
        Duration.between(Instant.now(), settings.started().plus(settings.budget())).minus(FINISH);
    Duration limit = item.limit().apply(left);
    limit = limit.compareTo(left) < 0 ? limit : left;
    if (limit.compareTo(item.least()) < 0) {
      return Outcome.leftOut(
          item.name(),
          "no time: %d s left of the budget of %d s"
              .formatted(Math.max(0, left.toSeconds()), settings.budget().toSeconds()));
    }
    return item.task().run(item.name(), limit);
  }

  private boolean hasFailed(String item) {
    return results.outcomes().stream()
        .anyMatch(o -> o.item().equals(item) && o.state() != State.DONE);
  }

  private static void delete(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> paths = Files.walk(folder)) {
      all = paths.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }
}
