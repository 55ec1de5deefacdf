package dev.flopmeter.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.serve.config.ServeConfig.Gate;
import dev.flopmeter.serve.config.ServeConfig.Worker;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchedulerTest {
  private static final long SECOND = 1_000_000_000L;
  private static final Worker RULES =
      new Worker(Duration.ofSeconds(1), 1, Duration.ofHours(1), 3, Duration.ofMinutes(30));

  /** Close to where a monotonic clock wraps around, which must not matter. */
  private final long start = Long.MAX_VALUE - 100 * SECOND;

  private long now = start;
  private double dice = 0.5;
  private final Scheduler scheduler =
      new Scheduler(
          RULES,
          new RandomGenerator() {
            @Override
            public long nextLong() {
              return 0;
            }

            @Override
            public double nextDouble() {
              return dice;
            }
          });

  private static Target target(String name, String device, Duration interval, double jitter) {
    Workload workload =
        new Workload(
            name,
            "m",
            List.of(device),
            "auto",
            List.of("fp32"),
            List.of(1L),
            List.of(),
            "auto",
            true,
            "quick",
            false,
            interval,
            jitter,
            Duration.ofSeconds(1),
            Duration.ofMinutes(1),
            new Gate(Optional.empty(), Optional.empty()));
    return new Target(workload, device, "fp32");
  }

  private static Target target(String name, String device) {
    return target(name, device, Duration.ofSeconds(10), 0);
  }

  private void replace(Target... targets) {
    scheduler.replace(List.of(targets), RULES, now);
  }

  private void run(Target target, Outcome outcome) {
    scheduler.completed(target, outcome, now, now);
  }

  private OptionalLong seconds(String device) {
    OptionalLong wait = scheduler.untilNext(device, now);
    return wait.isEmpty() ? wait : OptionalLong.of(wait.getAsLong() / SECOND);
  }

  @Test
  void everythingIsDueAtFirstAndThenAfterItsInterval() {
    Target one = target("one", "cpu");
    replace(one);
    assertThat(scheduler.next("cpu", now)).contains(one);
    run(one, Outcome.SUCCESS);
    assertThat(scheduler.next("cpu", now)).isEmpty();
    assertThat(seconds("cpu")).hasValue(10);
    now += 10 * SECOND;
    assertThat(scheduler.next("cpu", now)).contains(one);
    assertThat(seconds("cuda:0")).isEmpty();
  }

  @Test
  void jitterMovesTheIntervalBothWays() {
    Target one = target("one", "cpu", Duration.ofSeconds(100), 0.1);
    replace(one);
    dice = 0;
    run(one, Outcome.SUCCESS);
    assertThat(seconds("cpu")).hasValue(90);
    dice = 1;
    run(one, Outcome.SUCCESS);
    assertThat(seconds("cpu")).hasValue(110);
  }

  @Test
  void withMoreWorkThanTimeEachWorkloadGetsItsTurn() {
    Target[] targets = new Target[5];
    for (int i = 0; i < 5; i++) {
      targets[i] = target("w" + i, "cpu");
    }
    replace(targets);
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 15; i++) {
      Target next = scheduler.next("cpu", now).orElseThrow();
      order.add(next.workload().name());
      long began = now;
      now += 7 * SECOND;
      scheduler.completed(next, Outcome.SUCCESS, began, now);
    }
    assertThat(order)
        .containsExactly(
            "w0", "w1", "w2", "w3", "w4", "w0", "w1", "w2", "w3", "w4", "w0", "w1", "w2", "w3",
            "w4");
  }

  @Test
  void failuresDoubleTheIntervalUpToABoundAndASuccessForgivesThem() {
    Target one = target("one", "cpu");
    replace(one);
    List<Long> waits = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      run(one, Outcome.FAILED);
      waits.add(seconds("cpu").orElseThrow());
    }
    assertThat(waits)
        .containsExactly(10L, 20L, 40L, 80L, 160L, 320L, 640L, 1280L, 2560L, 3600L, 3600L);
    assertThat(scheduler.failures(one.id())).isEqualTo(11);
    run(one, Outcome.SKIPPED_BUSY);
    assertThat(scheduler.failures(one.id())).isEqualTo(11);
    run(one, Outcome.SUCCESS);
    assertThat(seconds("cpu")).hasValue(10);
  }

  @Test
  void aDeviceThatKeepsFailingIsQuarantinedAndTheOthersContinue() {
    Target one = target("one", "cuda:0");
    Target two = target("two", "cuda:0");
    Target other = target("other", "cuda:1");
    replace(one, two, other);
    run(one, Outcome.DEVICE_FAILED);
    run(two, Outcome.CRASHED);
    assertThat(scheduler.isQuarantined("cuda:0")).isFalse();
    run(one, Outcome.TIMEOUT);
    assertThat(scheduler.isQuarantined("cuda:0")).isTrue();
    assertThat(seconds("cuda:0")).hasValue(1800);
    assertThat(scheduler.next("cuda:1", now)).contains(other);

    now += 1800 * SECOND;
    assertThat(scheduler.next("cuda:0", now)).isPresent();
    run(two, Outcome.DEVICE_FAILED);
    assertThat(seconds("cuda:0")).hasValue(1800);
    now += 1800 * SECOND;
    run(two, Outcome.SUCCESS);
    assertThat(scheduler.isQuarantined("cuda:0")).isFalse();
  }

  /**
   * Runs a device until {@code end}; returns how long the target named "good" waited each time, in
   * s.
   */
  private List<Long> waitsOfGood(Outcome ofBad, long secondsOfBad, long end) {
    List<Long> waits = new ArrayList<>();
    long due = now;
    while (end - now > 0) {
      now += scheduler.untilNext("cuda:0", now).orElseThrow();
      Target next = scheduler.next("cuda:0", now).orElseThrow();
      boolean isGood = next.workload().name().equals("good");
      long began = now;
      if (isGood) {
        waits.add((now - due) / SECOND);
        due = now + next.workload().interval().toNanos();
      }
      now += (isGood ? 3 : secondsOfBad) * SECOND;
      scheduler.completed(next, isGood ? Outcome.SUCCESS : ofBad, began, now);
    }
    return waits;
  }

  @ParameterizedTest
  @CsvSource({
    "CRASHED, 2",
    "TIMEOUT, 300",
    "DEVICE_FAILED, 1",
    "FAILED, 1",
    "OUT_OF_MEMORY, 40",
    "GARBAGE, 5"
  })
  void nineThatFailDelayTheTenthByNoMoreThanOneOfTheirRuns(Outcome outcome, long seconds) {
    Target[] targets = new Target[10];
    for (int i = 0; i < 10; i++) {
      targets[i] = target(i < 9 ? "bad" + i : "good", "cuda:0", Duration.ofMinutes(10), 0.1);
    }
    replace(targets);

    List<Long> waits = waitsOfGood(outcome, seconds, now + 86_400 * SECOND);

    // Before its first run nothing is known about any of them.
    assertThat(waits.get(0)).isLessThanOrEqualTo(9 * seconds);
    assertThat(waits).hasSizeGreaterThan(125);
    assertThat(waits.subList(1, waits.size())).allMatch(wait -> wait <= seconds);
    assertThat(scheduler.isQuarantined("cuda:0")).isFalse();
    assertThat(targets)
        .filteredOn(target -> !target.workload().name().equals("good"))
        .allSatisfy(target -> assertThat(scheduler.failures(target.id())).isGreaterThan(15));
  }

  @Test
  void failingWorkloadsStillRunOnADeviceThatIsNeverIdle() {
    Target one = target("one", "cpu");
    Target two = target("two", "cpu");
    Target bad = target("bad", "cpu");
    replace(one, two, bad);
    for (int i = 0; i < 100; i++) {
      Target next = scheduler.next("cpu", now).orElseThrow();
      long began = now;
      now += 20 * SECOND;
      scheduler.completed(next, next == bad ? Outcome.FAILED : Outcome.SUCCESS, began, now);
    }
    // Of 2,000 seconds: after 10, 20, 40, ... seconds of back-off, plus a run of the others.
    assertThat(scheduler.failures(bad.id())).isGreaterThanOrEqualTo(6);
  }

  @Test
  void aLostDeviceCostsEachOfItsTargetsOneRunAndThenOneRunAtATime() {
    Target[] targets = new Target[8];
    for (int i = 0; i < 8; i++) {
      targets[i] = target("w" + i, "cuda:0");
    }
    replace(targets);
    for (Target target : targets) {
      run(target, Outcome.SUCCESS);
    }
    now += 10 * SECOND;
    for (int i = 0; i < 8; i++) {
      run(scheduler.next("cuda:0", now).orElseThrow(), Outcome.DEVICE_FAILED);
    }
    assertThat(scheduler.isQuarantined("cuda:0")).isTrue();
    assertThat(seconds("cuda:0")).hasValue(1800);
    now += 1800 * SECOND;
    run(scheduler.next("cuda:0", now).orElseThrow(), Outcome.DEVICE_FAILED);
    assertThat(seconds("cuda:0")).hasValue(1800);
    now += 1800 * SECOND;
    run(scheduler.next("cuda:0", now).orElseThrow(), Outcome.SUCCESS);
    assertThat(scheduler.isQuarantined("cuda:0")).isFalse();
    assertThat(scheduler.next("cuda:0", now)).isPresent();
  }

  @Test
  void aChangedWorkloadIsTriedAtOnceOnAQuarantinedDevice() {
    Target one = target("one", "cuda:0");
    replace(one);
    for (int i = 0; i < 3; i++) {
      run(one, Outcome.CRASHED);
    }
    assertThat(scheduler.isQuarantined("cuda:0")).isTrue();
    Target mended = target("one", "cuda:0", Duration.ofSeconds(20), 0);
    replace(mended);
    assertThat(scheduler.next("cuda:0", now)).contains(mended);
  }

  @Test
  void aWorkloadsOwnFaultDoesNotBlameItsDevice() {
    Target one = target("one", "cuda:0");
    replace(one);
    for (int i = 0; i < 9; i++) {
      run(one, Outcome.FAILED);
    }
    assertThat(scheduler.isQuarantined("cuda:0")).isFalse();
  }

  @Test
  void aNewListKeepsTheOrderOfUnchangedWorkloads() {
    Target one = target("one", "cpu");
    Target two = target("two", "cpu");
    replace(one, two);
    run(one, Outcome.SUCCESS);
    run(two, Outcome.SUCCESS);
    Target changed = target("two", "cpu", Duration.ofSeconds(99), 0);
    replace(one, changed);
    assertThat(scheduler.next("cpu", now)).contains(changed);
    run(two, Outcome.FAILED);
    assertThat(scheduler.failures(changed.id())).isZero();
    run(changed, Outcome.SUCCESS);
    assertThat(seconds("cpu")).hasValue(10);
  }

  @Test
  void aStoppedRunIsDueAgain() {
    Target one = target("one", "cpu");
    replace(one);
    run(one, Outcome.STOPPED);
    assertThat(scheduler.next("cpu", now)).contains(one);
  }

  @Test
  void aRequestedRunIsDueNowAlsoInAQuarantine() {
    Target one = target("one", "cpu");
    Target two = target("two", "cpu");
    replace(one, two);
    run(one, Outcome.SUCCESS);
    for (int i = 0; i < RULES.quarantineAfter(); i++) {
      run(two, Outcome.CRASHED);
    }
    assertThat(scheduler.targets("two")).containsExactly(two);
    assertThat(scheduler.next("cpu", now)).isEmpty();
    scheduler.request(two, now);
    assertThat(scheduler.next("cpu", now)).contains(two);
    run(two, Outcome.CRASHED);
    assertThat(scheduler.next("cpu", now)).as("once").isEmpty();
  }

  @Test
  void aRequestedRunWaitsForRunsThatAreDue() {
    Target one = target("one", "cpu");
    Target two = target("two", "cpu");
    replace(one, two);
    run(two, Outcome.SUCCESS);
    now += SECOND;
    scheduler.request(two, now);
    assertThat(scheduler.next("cpu", now)).contains(one);
    run(one, Outcome.SUCCESS);
    assertThat(scheduler.next("cpu", now)).contains(two);
  }
}
