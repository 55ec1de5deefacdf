package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.serve.Daemon.RunListener;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Temporary errors, such as a thread that cannot be started: the daemon continues after them. */
class ErrorsTest {
  private static final Duration LONGEST = Duration.ofMinutes(2);

  @TempDir private Path folder;

  private final AtomicInteger ended = new AtomicInteger();

  private Daemon start(LongSupplier nanos, Runnable atBegin) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            history: {folder: none}
            workloads: {w: {model: good, device: auto, interval: 1s}}
            worker: {max_backoff: 1s}
            """);
    ConfigReader reader = new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty());
    RunListener listener =
        new RunListener() {
          @Override
          public Progress began(Target target) {
            atBegin.run();
            return Progress.SILENT;
          }

          @Override
          public void ended(Target target, RunReport report) {
            ended.incrementAndGet();
          }
        };
    return Daemon.start(
        new Daemon.Options(
            () -> reader.read(file),
            FakeWorker.command(),
            new Clocks(Clocks.system().wall(), nanos),
            new Random(1),
            "1.0",
            listener));
  }

  private static void failOnce(AtomicInteger calls) {
    if (calls.incrementAndGet() == 1) {
      throw new OutOfMemoryError("unable to create native thread");
    }
  }

  @Test
  void aRunThatCannotBeginLeavesItsDeviceToTheNext() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    try (Daemon daemon = start(System::nanoTime, () -> failOnce(calls))) {
      await().atMost(LONGEST).until(() -> ended.get() > 0);
      assertThat(calls).hasValueGreaterThan(1);
      assertThat(daemon.address().getPort()).isPositive();
    }
  }

  @Test
  void devicesAreLookedForAgainAfterAnError() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    LongSupplier nanos =
        () -> {
          if (Thread.currentThread().getName().equals("housekeeping")) {
            failOnce(calls);
          }
          return System.nanoTime();
        };
    try (Daemon daemon = start(nanos, () -> {})) {
      await().atMost(LONGEST).until(() -> ended.get() > 0);
      assertThat(calls).hasValueGreaterThan(1);
      assertThat(daemon.address().getPort()).isPositive();
    }
  }
}
