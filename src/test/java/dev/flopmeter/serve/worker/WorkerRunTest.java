package dev.flopmeter.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.serve.FakeWorker;
import dev.flopmeter.serve.config.ServeConfig.Gate;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.worker.DeviceState.Peak;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every way in which a worker can misbehave, played by a real process. */
class WorkerRunTest {
  private static Workload workload(String model, Duration timeout, List<Long> batches) {
    return new Workload(
        "w",
        model,
        List.of("cpu"),
        "auto",
        List.of("fp32"),
        batches,
        List.of(),
        "auto",
        true,
        "quick",
        false,
        Duration.ofMinutes(1),
        0,
        Duration.ofSeconds(1),
        timeout,
        new Gate(Optional.empty(), Optional.empty()));
  }

  private static RunReport run(String model, Duration timeout, long maxMemory, Long... batches)
      throws InterruptedException {
    return new WorkerRun(
            new Target(workload(model, timeout, List.of(batches)), "cpu", "fp32"),
            Duration.ofMillis(300),
            maxMemory,
            System::nanoTime,
            Progress.SILENT)
        .run(FakeWorker.command());
  }

  /** The processes left by a run of this JVM. */
  private static List<String> left() {
    return ProcessHandle.current()
        .descendants()
        .filter(ProcessHandle::isAlive)
        .map(handle -> handle.info().commandLine().orElse(""))
        .filter(line -> line.contains("fake-worker") || line.contains("sleep 1000"))
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          good,     SUCCESS,       2
          noisy,    GARBAGE,       1
          refuse,   FAILED,        0
          lost,     DEVICE_FAILED, 0
          crash,    CRASHED,       0
          garbage,  GARBAGE,       0
          huge,     GARBAGE,       0
          cut,      TRUNCATED,     0
          silent,   TRUNCATED,     0
          killed,   CRASHED,       1
          memory,   OUT_OF_MEMORY, 0
          """)
  void eachWayToEndHasItsOutcomeAndNoResultIsLost(String model, Outcome outcome, int results)
      throws Exception {
    RunReport report = run(model, Duration.ofSeconds(60), 16L << 30, 1L, 8L);

    assertThat(report.outcome()).as(report.detail()).isEqualTo(outcome);
    assertThat(report.results()).hasSize(results);
    assertThat(report.detail()).doesNotContain("\n");
    assertThat(left()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"hang", "stubborn"})
  void aHangIsEndedWithEverythingItStarted(String model) throws Exception {
    RunReport report = run(model, Duration.ofSeconds(1), 16L << 30, 1L);

    assertThat(report.outcome()).isEqualTo(Outcome.TIMEOUT);
    assertThat(report.duration()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(20));
    assertThat(left()).isEmpty();
  }

  @Test
  void moreMemoryThanAllowedEndsTheRun() throws Exception {
    RunReport report = run("greedy", Duration.ofMinutes(1), 100 << 20, 1L);

    assertThat(report.outcome()).isEqualTo(Outcome.OUT_OF_MEMORY);
    assertThat(report.detail()).isEqualTo("used more than 104857600 bytes of memory");
    assertThat(left()).isEmpty();
  }

  @Test
  void aProgramThatIsNotThere() throws Exception {
    WorkerCommand nothing = new WorkerCommand(List.of("/nonexistent/flopmeter"), Map.of());
    RunReport report =
        new WorkerRun(
                new Target(workload("good", Duration.ofSeconds(9), List.of(1L)), "cpu", "fp32"),
                Duration.ofSeconds(1),
                1 << 30,
                System::nanoTime,
                Progress.SILENT)
            .run(nothing);

    assertThat(report.outcome()).isEqualTo(Outcome.NOT_STARTED);
  }

  @Test
  void progressIsPassedOn() throws Exception {
    List<String> heard = new ArrayList<>();
    new WorkerRun(
            new Target(workload("good", Duration.ofSeconds(30), List.of(1L)), "cpu", "fp32"),
            Duration.ofSeconds(1),
            16L << 30,
            System::nanoTime,
            (phase, done, detail) -> heard.add(phase + " " + done + " " + detail))
        .run(FakeWorker.command());

    assertThat(heard).containsExactly("prepare 0.1 batch 1");
  }

  @Test
  void devicesAreAskedOfAChild() throws Exception {
    assertThat(
            new DeviceProbe(
                    FakeWorker.command(
                        Map.of("FAKE_DEVICES", "cuda:0 cuda:1 cpu", "FAKE_BUSY", "0.5")))
                .read())
        .containsExactly(
            gpu("cuda:0", "GPU-fake-0"),
            gpu("cuda:1", "GPU-fake-1"),
            new DeviceState(
                "cpu",
                "cpu",
                0.5,
                8e9,
                Map.of("id", "cpu", "kind", "cpu", "name", "Fake cpu"),
                List.of()));
  }

  private static DeviceState gpu(String id, String uuid) {
    return new DeviceState(
        id,
        "cuda",
        0.5,
        8e9,
        Map.of("id", id, "kind", "cuda", "name", "Fake " + id, "uuid", uuid),
        List.of(new Peak("bf16", "datasheet", 2e13), new Peak("", "datasheet", 1e12)));
  }
}
