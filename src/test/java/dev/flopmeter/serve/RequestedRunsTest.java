package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.serve.RequestedRuns.Run;
import dev.flopmeter.serve.RequestedRuns.State;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The state of requested runs, and the limit on requests. */
class RequestedRunsTest {
  private final RequestedRuns runs = new RequestedRuns();

  private static Target target(String device) throws Exception {
    Workload workload =
        new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty())
            .standard()
            .workloads()
            .get(0);
    return new Target(workload, device, "fp32");
  }

  private Run add(Target... targets) {
    return runs.add("w", List.of(targets), Instant.EPOCH).orElseThrow();
  }

  private State state(Run run) {
    return runs.all().stream()
        .filter(one -> one.id().equals(run.id()))
        .findFirst()
        .orElseThrow()
        .state();
  }

  private void end(Target target, Outcome outcome) {
    runs.ended(target, new RunReport(outcome, Duration.ZERO, List.of(), ""), List.of());
  }

  @Test
  void aRunOfTwoTargetsEndsWithTheLast() throws Exception {
    Target first = target("cuda:0");
    Target second = target("cuda:1");
    Run run = add(first, second);
    assertThat(state(run)).isEqualTo(State.QUEUED);
    runs.began(first);
    assertThat(state(run)).isEqualTo(State.RUNNING);
    end(first, Outcome.CRASHED);
    assertThat(state(run)).as("the second waits").isEqualTo(State.RUNNING);
    assertThat(runs.isWanted(second)).isTrue();
    runs.began(second);
    end(second, Outcome.SUCCESS);
    assertThat(state(run)).isEqualTo(State.FAILED);
  }

  @Test
  void aRunThatStartedBeforeTheRequestIsNotItsAnswer() throws Exception {
    Target target = target("cpu");
    runs.began(target);
    Run run = add(target);
    end(target, Outcome.SUCCESS);
    assertThat(state(run)).isEqualTo(State.QUEUED);
    assertThat(runs.isWanted(target)).isTrue();
  }

  @Test
  void theOldestThatEndedMakesRoom() throws Exception {
    Target slow = target("cuda:0");
    Target quick = target("cuda:1");
    Run first = add(slow);
    for (int i = 1; i < RequestedRuns.MOST; i++) {
      add(quick);
    }
    assertThat(runs.add("w", List.of(quick), Instant.EPOCH)).as("none has ended").isEmpty();
    runs.began(quick);
    end(quick, Outcome.SUCCESS);
    add(quick);
    assertThat(runs.all()).hasSize(RequestedRuns.MOST);
    assertThat(state(first)).isEqualTo(State.QUEUED);
  }

  @Test
  void aNumberInAnyMinute() {
    AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L); // wraps around
    RateLimit limit = new RateLimit(2, nanos::get);
    assertThat(limit.take()).isZero();
    nanos.addAndGet(20_000_000_000L);
    assertThat(limit.take()).isZero();
    assertThat(limit.take()).isEqualTo(41);
    nanos.addAndGet(40_000_000_000L);
    assertThat(limit.take()).isZero();
    assertThat(limit.take()).isEqualTo(21);
  }
}
