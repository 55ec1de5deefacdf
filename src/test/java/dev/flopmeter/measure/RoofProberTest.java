package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.model.Node;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Step;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RoofProberTest {
  private static final double ONCE_A_PASS = 1e-4;
  private static final double A_STEP = 2e-6;
  private static final Device CPU =
      new Device(DeviceKind.CPU, "cpu", "Test CPU", Map.of("cores", "2"), false);

  /** One step per node; other work runs during every second measurement. */
  private static FakePlan plan(FakeTime time, List<Node> nodes) {
    KernelInfo kernel = new KernelInfo("fake", null, null, null);
    List<Step> steps =
        nodes.stream()
            .map(node -> new Step(node.name(), node.op(), List.of(node.name()), kernel))
            .toList();
    AtomicInteger calls = new AtomicInteger();
    return new FakePlan(
        time,
        steps,
        pass -> (ONCE_A_PASS + nodes.size() * A_STEP) * (calls.getAndIncrement() % 2 == 0 ? 50 : 1),
        1,
        inputs -> inputs,
        0);
  }

  @Test
  void aLaunchIsNeitherWhatAPassCostsOnceNorWhatOtherWorkCosts() {
    FakeTime time = new FakeTime();
    FakeBackend backend = new FakeBackend(CPU, (graph, options) -> plan(time, graph.nodes()));
    Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    MeasuredRoofs roofs =
        new RoofProber(backend, time, clock, progress -> List.of())
            .measure(List.of(), (phase, done, detail) -> {});
    assertThat(roofs.launchSeconds())
        .isCloseTo(A_STEP, within(A_STEP))
        .isLessThan(ONCE_A_PASS / 10);
  }

  /** Other work runs during every pass until a second is over, so that no two passes agree. */
  @Test
  void onABusyMachineItGoesOnUntilABestPassIsConfirmed() {
    FakeTime time = new FakeTime();
    AtomicInteger calls = new AtomicInteger();
    FakeBackend backend =
        new FakeBackend(
            CPU,
            (graph, options) -> {
              calls.set(0);
              return FakePlan.of(
                  time, pass -> calls.incrementAndGet() < 16 ? 0.1 / calls.get() : 0.002);
            });
    MeasuredRoofs roofs =
        new RoofProber(
                backend, time, Clock.fixed(Instant.EPOCH, ZoneOffset.UTC), progress -> List.of())
            .measure(List.of(Precision.FP32), (phase, done, detail) -> {});
    double flops = 2.0 * 2048 * 2048 * 2048;
    assertThat(roofs.flopsPerSecond().get("fp32")).isCloseTo(flops / 0.002, within(1.0));
  }
}
