package dev.flopmeter.serve.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.flopmeter.device.NodeSample.Event;
import dev.flopmeter.serve.config.ServeConfig.Node;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sampler that exits is replaced after increasing pauses, and one that hangs is ended. */
class NodeWatchTest {
  private static final Node RULES =
      new Node(Optional.of(Duration.ofSeconds(10)), 5, Optional.empty(), false, List.of(), "");
  private static final String SAMPLE =
      """
      {"schema":"flopmeter.node/1","emulated":true,"gpus":[],"health":[],"events":[],"absent":{}}
      """;

  /**
   * Prints one sample, then reads input that never comes. It starts no other process, because Java
   * may not yet see a child of the same millisecond.
   */
  private static final String SILENT = "echo '" + SAMPLE.strip() + "'; exec cat";

  private final AtomicLong now = new AtomicLong();
  private final LinkedBlockingQueue<List<Event>> told = new LinkedBlockingQueue<>();

  @Test
  void pausesDoubleFromOneSecondToFiveMinutes() {
    List<Long> seconds = new ArrayList<>();
    Duration pause = Duration.ZERO;
    for (int failure = 0; failure < 11; failure++) {
      pause = NodeWatch.pause(pause, Duration.ofSeconds(20).toNanos());
      seconds.add(pause.toSeconds());
    }
    assertThat(seconds).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 300L, 300L);
  }

  @Test
  void aSamplerThatHasLivedForLongerThanTheLongestPauseStartsAnew() {
    Duration pause = Duration.ofSeconds(300);
    assertThat(NodeWatch.pause(pause, Duration.ofSeconds(300).toNanos())).hasSeconds(300);
    assertThat(NodeWatch.pause(pause, Duration.ofSeconds(301).toNanos())).hasSeconds(1);
  }

  private NodeWatch watch(String script) {
    return watch(RULES, script);
  }

  private NodeWatch watch(Node rules, String script) {
    return new NodeWatch(new WorkerCommand(List.of("sh", "-c", script), Map.of()), rules, now::get);
  }

  @Test
  void aSamplerWithoutOutputIsEndedAfterThreeIntervalsAndItsStartingTime() throws Exception {
    try (NodeWatch watch = watch(SILENT)) {
      watch.start(Set::of, told::add);
      assertThat(told.poll(60, TimeUnit.SECONDS)).as("the first sample").isNotNull();
      now.addAndGet(Duration.ofSeconds(60).toNanos());
      watch.tick();
      assertThat(told.poll()).as("60 s of silence are within 3 x 10 s + 30 s").isNull();
      now.addAndGet(1);
      watch.tick();
      assertThat(told.poll(60, TimeUnit.SECONDS)).as("the end of the sampler").isNotNull();
      assertThat(watch.state().problem()).startsWith("exit code");
    }
  }

  @Test
  void aSamplerThatEndsSaysWhyInTheState() throws Exception {
    try (NodeWatch watch = watch("echo 'flopmeter: no GPU can be sampled' >&2; exit 3")) {
      watch.start(Set::of, told::add);
      assertThat(told.poll(60, TimeUnit.SECONDS)).isNotNull();
      assertThat(watch.state().problem()).isEqualTo("no GPU can be sampled");
    }
  }

  @Test
  void podsAreThoseOfTheLastSampleAndGoWithTheSampler(@TempDir Path folder) throws Exception {
    Path socket = folder.resolve("kubelet.sock");
    List<String> labels = List.of("namespace", "pod_name");
    Node rules = new Node(RULES.interval(), 5, Optional.empty(), false, labels, socket.toString());
    ByteString pod = FakeKubelet.pod("ml", "train-0", "main", "GPU-a");
    try (FakeKubelet kubelet = FakeKubelet.start(socket, FakeKubelet.Behavior.ANSWERS, pod);
        NodeWatch watch = watch(rules, SILENT)) {
      watch.start(Set::of, told::add);
      assertThat(told.poll(60, TimeUnit.SECONDS)).as("the first sample").isNotNull();
      assertThat(watch.state().pods())
          .containsExactly(new NodeState.Pod("GPU-a", "ml", "train-0", ""));
      assertThat(watch.state().absent()).isEmpty();
      assertThat(kubelet.problems).isEmpty();
      now.addAndGet(Duration.ofSeconds(61).toNanos());
      watch.tick();
      assertThat(told.poll(60, TimeUnit.SECONDS)).as("the end of the sampler").isNotNull();
      assertThat(watch.state().pods()).isEmpty();
    }
  }

  @Test
  void aMissingKubeletOnlyCostsThePods(@TempDir Path folder) throws Exception {
    String socket = folder.resolve("gone.sock").toString();
    Node rules =
        new Node(RULES.interval(), 5, Optional.empty(), false, List.of("namespace"), socket);
    try (NodeWatch watch = watch(rules, SILENT)) {
      watch.start(Set::of, told::add);
      assertThat(told.poll(60, TimeUnit.SECONDS)).as("the first sample").isNotNull();
      assertThat(watch.state().problem()).isEmpty();
      assertThat(watch.state().absent())
          .containsEntry("pods", socket + ": No such file or directory");
    }
  }

  private static Event event(String uuid, Long xid, int second) {
    return new Event("gpu:0", uuid, "GPU-a", xid, Instant.ofEpochSecond(second));
  }

  @Test
  void onlyAFatalEventOfTheGpuItselfMakesWhatWasMeasuredThereInvalid() {
    NodeState state =
        new NodeState(
            RULES,
            List.of(),
            List.of(),
            List.of(event("GPU-a", 31L, 12), event("MIG-b", 79L, 13), event("GPU-a", null, 14)),
            Set.of(),
            "",
            true,
            Map.of());
    Instant from = Instant.ofEpochSecond(10);
    assertThat(state.fatal(Set.of("GPU-a", "MIG-c"), from, Instant.ofEpochSecond(13)))
        .as("an application's error, and one of another instance")
        .isEmpty();
    assertThat(state.fatal(Set.of("GPU-a", "MIG-b"), from, Instant.ofEpochSecond(13)))
        .hasValueSatisfying(
            event ->
                assertThat(event.text()).isEqualTo("gpu:0: Xid 79, GPU has fallen off the bus"));
    assertThat(state.fatal(Set.of("GPU-a"), from, Instant.ofEpochSecond(14)))
        .hasValueSatisfying(
            event -> assertThat(event.text()).isEqualTo("gpu:0: double-bit ECC error"));
    assertThat(state.fatal(Set.of("GPU-a"), Instant.ofEpochSecond(15), Instant.MAX)).isEmpty();
  }
}
