package dev.flopmeter.serve.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.metrics.DaemonMetrics;
import dev.flopmeter.serve.metrics.Format;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A day of a node whose time advances by a minute per sample, for the node and for the daemon: 8
 * emulated GPUs, six of them divided into 7 instances, which a thousand pods use one after the
 * other. Every hour is the same, so the shares of a whole day are known.
 */
@Tag("emulated-full")
class NodeDayTest {
  private static final Path LIBRARIES = Path.of("target/emulated-gpu/lib").toAbsolutePath();
  private static final Duration INTERVAL = Duration.ofSeconds(60);
  private static final int DAY = 86_400;

  /** Events happen between two samples. */
  private static final int BETWEEN = 30;

  private static final String POD = "00000000-0000-0000-0000-%012d";

  @TempDir private Path folder;

  private final List<String> script = new ArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private final Set<String> pods = new HashSet<>();
  private final AtomicLong samples = new AtomicLong();
  private int pid = 1000;
  private int mostSeries;
  private @Nullable NodeState end;

  private long now() {
    return samples.get() * INTERVAL.toNanos();
  }

  /** A process in the same minutes of every hour, each hour a new one with its own pod. */
  private void process(String where, int hour, int from, int to, int percent) throws IOException {
    int start = hour * 3600 + from * 60 + BETWEEN;
    int end = hour * 3600 + to * 60 + BETWEEN;
    script.add(
        "process " + where + " " + ++pid + " " + start + " " + end + " 1073741824 " + percent);
    Path proc = Files.createDirectories(folder.resolve("proc").resolve(Integer.toString(pid)));
    Files.writeString(proc.resolve("comm"), "python\n");
    Files.writeString(proc.resolve("cgroup"), "0::/kubepods/pod" + POD.formatted(pid) + "\n");
  }

  private WorkerCommand sampler() throws IOException {
    script.add("step " + INTERVAL.toSeconds());
    for (int gpu = 0; gpu < 6; gpu++) {
      script.add("instances " + gpu + " 7");
    }
    for (int hour = 0; hour <= 24; hour++) {
      for (int instance = 0; instance < 42; instance++) {
        process(instance / 7 + ":" + instance % 7, hour, 0, 40, 50);
      }
      process("6", hour, 0, 30, 80);
      process("6", hour, 30, 45, 0);
      process("7", hour, 0, 30, 95);
      int start = hour * 3600 + BETWEEN;
      script.add("throttle 7 " + start + " " + (start + 900) + " thermal");
      script.add("lost 7 " + (start + 1800) + " " + (start + 2160));
    }
    // The daemon's appended data does not count, because samples come as fast as possible here.
    String command =
        "exec '%s' --enable-native-access=ALL-UNNAMED -XX:TieredStopAtLevel=1 -cp '%s'"
            + " dev.flopmeter.cli.Main top --format jsonl --interval 1ms --proc '%s'";
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    return new WorkerCommand(
        List.of(
            "sh",
            "-c",
            command.formatted(java, System.getProperty("java.class.path"), folder.resolve("proc"))),
        Map.of(
            "LD_LIBRARY_PATH",
            LIBRARIES.toString(),
            "FLOPMETER_EMULATED_DEVICES",
            "8",
            "FLOPMETER_EMULATED_NODE",
            Files.write(folder.resolve("node"), script).toString()));
  }

  private static List<String> series(DaemonMetrics metrics) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    metrics.exposition().scrape(Format.TEXT, false).forEach(out::writeBytes);
    return out.toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.startsWith("flopmeter_node_"))
        .toList();
  }

  /** The first sample starts the accounting, and the day. */
  private void sampled(NodeState state, DaemonMetrics metrics) {
    if (end != null) {
      return;
    }
    metrics.node(state);
    metrics.publish();
    mostSeries = Math.max(mostSeries, series(metrics).size());
    state.gpus().stream()
        .flatMap(gpu -> gpu.processes().stream())
        .forEach(process -> pods.add(process.process().owner().pod()));
    if (samples.getAndIncrement() * INTERVAL.toSeconds() == DAY) {
      end = state;
      over.countDown();
    }
  }

  private static void spent(NodeState node, String device, State state, double share) {
    GpuAccount account =
        node.gpus().stream()
            .filter(gpu -> gpu.gpu().device().equals(device))
            .findFirst()
            .orElseThrow();
    assertThat(account.seconds().getOrDefault(state, 0.0))
        .as("%s %s", device, state)
        .isCloseTo(share * DAY, within(1.0));
  }

  @Test
  void everySecondIsAccountedForAndPodsLeaveNoSeriesBehind() throws Exception {
    Assumptions.assumeTrue(
        Files.exists(LIBRARIES.resolve("libnvidia-ml.so.1")),
        "the emulated GPU is not built in " + LIBRARIES);
    ServeConfig config =
        new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty()).standard();
    ServeConfig.Node rules =
        new ServeConfig.Node(Optional.of(INTERVAL), 100, Optional.of(2.0), false, List.of(), "");
    List<String> last;
    try (DaemonMetrics metrics = new DaemonMetrics(config, "1", () -> Instant.EPOCH)) {
      NodeWatch watch = new NodeWatch(sampler(), rules, this::now);
      watch.start(Set::of, events -> sampled(watch.state(), metrics));
      assertThat(over.await(10, TimeUnit.MINUTES)).as(watch.state().problem()).isTrue();
      watch.close();
      last = series(metrics);
    }
    NodeState day = Objects.requireNonNull(end);
    assertThat(day.gpus()).hasSize(44);
    for (GpuAccount account : day.gpus()) {
      double all = account.seconds().values().stream().mapToDouble(Double::doubleValue).sum();
      assertThat(all).as(account.gpu().device()).isCloseTo(DAY, within(1e-3));
      assertThat(account.seconds().get(State.UNKNOWN)).as("no sample is missing").isZero();
    }
    spent(day, "gpu:0:0", State.OCCUPIED, 2.0 / 3);
    spent(day, "gpu:5:6", State.IDLE, 1.0 / 3);
    spent(day, "gpu:6", State.BUSY, 0.5);
    spent(day, "gpu:6", State.HELD, 0.25);
    spent(day, "gpu:6", State.IDLE, 0.25);
    spent(day, "gpu:7", State.THROTTLED, 0.25);
    spent(day, "gpu:7", State.BUSY, 0.25);
    spent(day, "gpu:7", State.LOST, 0.1);
    spent(day, "gpu:7", State.IDLE, 0.4);
    assertThat(pods).hasSizeGreaterThan(1000);
    // 8 states, a reason, the cost, two gauges and the info for each of 44, and 3 per process.
    assertThat(mostSeries).isLessThanOrEqualTo(44 * 13 + 44 * 3);
    System.out.printf(
        "| a day of 44 GPUs and instances, %d pods | each state exact to the second, at most %d"
            + " series |%n",
        pods.size(), mostSeries);
    long shown =
        last.stream().filter(line -> line.startsWith("flopmeter_node_process_seconds")).count();
    assertThat(shown)
        .as("of more than a thousand pods, those that are there")
        .isLessThanOrEqualTo(44);
  }
}
