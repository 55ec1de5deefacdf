package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.count.Work;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.search.Search;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ModelEfficiencyTest {
  private static final double PEAK = 100e9;
  private static final double BANDWIDTH = 10e9;
  private static final DevicePeak DATASHEET = new DevicePeak("datasheet", PEAK, BANDWIDTH);

  /** 1 GMAC and 10 MB per inference; of the latter, 1 M float32 weights are read once per call. */
  static final Counts COUNTS =
      counts(
          new Cost(1_000_000_000L, 2_100_000_000L, 1_000_000L, 8_000_000L, 2_000_000L),
          Shape.of(1, 3, 8, 8));

  private final AtomicLong now = new AtomicLong();
  private final MeterRegistry registry = new SimpleMeterRegistry();

  private static Counts counts(Cost totals, Shape input) {
    ModelInfo info =
        new ModelInfo(
            "net",
            "test",
            20,
            List.of(new ModelInfo.Input("data", new TensorType(DataType.FLOAT, input))));
    Map<DataType, BytesMoved> bytes =
        Map.of(DataType.FLOAT, new BytesMoved(totals.bytesRead(), totals.bytesWritten()));
    return new Counts(
        info, "flops", totals, Work.NONE, 0, 0, bytes, List.of(), List.of(), List.of(), List.of());
  }

  private EfficiencyBuilder builder() {
    return ModelEfficiency.of(COUNTS).device("cuda:0").clock(now::get);
  }

  private double gauge(String name, String... tags) {
    return Search.in(registry).name(name).tags(tags).gauges().stream()
        .findFirst()
        .orElseThrow(() -> new AssertionError("no gauge " + name))
        .value();
  }

  private double counter(String name) {
    return registry.get(name).functionCounter().count();
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  @Test
  void utilisationIsTwoFlopsForEachMacOverTimeAndPeak() {
    ModelEfficiency efficiency = builder().peak(DATASHEET).bindTo(registry);
    // 4 inferences of 2 GFLOP in 0.2 s: 40 of 100 GFLOP/s
    efficiency.record(4, 200_000_000);
    pass(Duration.ofSeconds(1));
    assertThat(gauge("flopmeter.model.flop.per.second")).isEqualTo(40e9, within(1.0));
    assertThat(gauge("flopmeter.model.flop.utilization.ratio", "basis", "datasheet"))
        .isEqualTo(0.4, within(1e-9));
    // weights once (4 MB), the other 6 MB per inference: 28 MB in 0.2 s, of 10 GB/s
    assertThat(gauge("flopmeter.model.memory.bandwidth.utilization.ratio"))
        .isEqualTo(28e6 / 0.2 / BANDWIDTH, within(1e-9));
    assertThat(counter("flopmeter.inferences")).isEqualTo(4);
    assertThat(counter("flopmeter.inference.flop")).isEqualTo(8e9);
    assertThat(counter("flopmeter.model.busy.seconds")).isEqualTo(0.2, within(1e-9));
  }

  @Test
  void theWindowForgetsWhatIsOlder() {
    ModelEfficiency efficiency =
        builder().peak(DATASHEET).window(Duration.ofSeconds(60)).bindTo(registry);
    efficiency.record(1, 100_000_000);
    for (int i = 0; i < 5; i++) {
      pass(Duration.ofSeconds(15));
      assertThat(gauge("flopmeter.model.flop.per.second")).isEqualTo(20e9, within(1.0));
    }
    efficiency.record(1, 50_000_000);
    pass(Duration.ofSeconds(15));
    assertThat(gauge("flopmeter.model.flop.per.second")).isEqualTo(40e9, within(1.0));
  }

  @Test
  void anIdleServiceKeepsItsLastWindow() {
    ModelEfficiency efficiency = builder().bindTo(registry);
    efficiency.record(1, 100_000_000);
    for (int i = 0; i < 20; i++) {
      pass(Duration.ofSeconds(15));
      assertThat(gauge("flopmeter.model.flop.per.second")).isEqualTo(20e9, within(1.0));
    }
  }

  @Test
  void unknownFiguresAreAbsent() {
    ModelEfficiency efficiency = builder().bindTo(registry);
    assertThat(registry.find("flopmeter.model.flop.per.second").gauge())
        .as("before a call")
        .isNull();
    efficiency.record(1, 1_000);
    assertThat(registry.find("flopmeter.model.flop.per.second").gauge()).isNotNull();
    assertThat(registry.find("flopmeter.model.flop.utilization.ratio").gauge())
        .as("without a peak")
        .isNull();
    assertThat(registry.find("flopmeter.device.peak.flop.per.second").gauge()).isNull();
  }

  @Test
  void halfPrecisionMovesHalfTheFloats() {
    ModelEfficiency efficiency = builder().precision("bf16").peak(DATASHEET).bindTo(registry);
    efficiency.record(4, 200_000_000);
    pass(Duration.ofSeconds(1));
    assertThat(gauge("flopmeter.model.memory.bandwidth.utilization.ratio"))
        .isEqualTo(14e6 / 0.2 / BANDWIDTH, within(1e-9));
  }

  @Test
  void aKnownDeviceHasItsDatasheetAndAnUnknownOneNoUtilisation() {
    ModelEfficiency.of(COUNTS).device("cuda:0", "NVIDIA H200").precision("bf16").bindTo(registry);
    assertThat(gauge("flopmeter.device.peak.flop.per.second", "basis", "datasheet"))
        .isEqualTo(989e12);
    MeterRegistry other = new SimpleMeterRegistry();
    ModelEfficiency unknown =
        ModelEfficiency.of(COUNTS).device("cuda:0", "NVIDIA Q900").bindTo(other);
    unknown.record(1, 1_000_000);
    assertThat(other.find("flopmeter.model.flop.utilization.ratio").gauge()).isNull();
    assertThat(other.find("flopmeter.model.flop.per.second").gauge()).isNotNull();
  }

  @Test
  void bandwidthNeedsItsOwnPeak() {
    ModelEfficiency efficiency =
        builder().peak(new DevicePeak("measured", PEAK, null)).bindTo(registry);
    efficiency.record(1, 1_000_000);
    assertThat(gauge("flopmeter.model.flop.utilization.ratio", "basis", "measured")).isPositive();
    assertThat(registry.find("flopmeter.model.memory.bandwidth.utilization.ratio").gauge())
        .isNull();
  }

  @Test
  void durationsAreCountedAndHaveQuantiles() {
    ModelEfficiency efficiency = builder().bindTo(registry);
    for (int i = 1; i <= 100; i++) {
      efficiency.record(1, 1_000_000L * i);
    }
    FunctionTimer timer = registry.get("flopmeter.inference.duration").functionTimer();
    assertThat(timer.count()).isEqualTo(100);
    assertThat(timer.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(5050, within(1e-6));
    pass(Duration.ofSeconds(2));
    assertThat(gauge("flopmeter.inference.latency", "quantile", "0.5"))
        .isEqualTo(0.050, within(0.050 * 0.032));
    assertThat(gauge("flopmeter.inference.latency", "quantile", "0.99"))
        .isEqualTo(0.099, within(0.099 * 0.032));
  }

  @Test
  void everyDurationIsInItsBucket() {
    double[] bounds = DurationBuckets.upperBoundSeconds();
    Random random = new Random(7);
    for (int i = 0; i < 200_000; i++) {
      long nanos = (long) Math.exp(random.nextDouble() * 30);
      long near = i < bounds.length - 1 ? Math.round(1e9 * bounds[i]) : nanos;
      for (long duration : new long[] {near - 1, near, near + 1}) {
        int bucket = DurationBuckets.published(duration, DurationBuckets.bucket(duration));
        assertThat(duration / 1e9).isLessThanOrEqualTo(bounds[bucket]);
        if (bucket > 0) {
          assertThat(duration / 1e9).isGreaterThan(bounds[bucket - 1]);
        }
      }
    }
  }

  @Test
  void labelsSayHowItWasTimed() {
    builder().timing(Timing.SUPPLIED).workload("ranker").precision("fp16").bindTo(registry);
    assertThat(registry.get("flopmeter.inferences").functionCounter().getId().getTags())
        .hasToString(
            "[tag(backend=pytorch), tag(batch=dynamic), tag(device=cuda:0), tag(model=net),"
                + " tag(precision=fp16), tag(timing=supplied), tag(workload=ranker)]");
  }

  @Test
  void badInputIsRefusedWithItsValue() {
    ModelEfficiency efficiency = builder().build();
    assertThatThrownBy(() -> efficiency.record(0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a batch of 0");
    assertThatThrownBy(() -> efficiency.record(1, -5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-5 ns");
    assertThatThrownBy(() -> builder().batch(8).build().record(4, 1))
        .hasMessageContaining("fixed to 8");
    assertThatThrownBy(() -> efficiency.record(InputShapes.of(Shape.of(4, 3, 9, 9)), 1))
        .hasMessageContaining("4x3x9x9");
    assertThatThrownBy(() -> new DevicePeak("datasheet", 0, null)).hasMessageContaining("0.0");
    assertThatThrownBy(() -> builder().peak(DATASHEET).peak(DATASHEET))
        .hasMessageContaining("datasheet");
  }

  @Test
  void shapesThatDifferInTheBatchAreOneModel() {
    ModelEfficiency efficiency = builder().bindTo(registry);
    efficiency.record(InputShapes.of(Shape.of(4, 3, 8, 8)), 1_000);
    assertThat(counter("flopmeter.inferences")).isEqualTo(4);
  }

  @Test
  void dynamicShapesAreCountedOnceEachAndBounded() {
    AtomicInteger counted = new AtomicInteger();
    ModelEfficiency efficiency =
        ModelEfficiency.of(
                "text",
                shapes -> {
                  counted.incrementAndGet();
                  long length = shapes.shapes().get(0).dim(1);
                  if (length > 512) {
                    throw new ModelException("at most 512 tokens");
                  }
                  long macs = shapes.batch() * length * 1_000_000;
                  return counts(new Cost(macs, 2 * macs, 0, 0, 0), shapes.shapes().get(0));
                },
                2)
            .clock(now::get)
            .bindTo(registry);
    for (int i = 0; i < 3; i++) {
      efficiency.record(InputShapes.of(Shape.of(2, 100)), 1_000_000);
      efficiency.record(InputShapes.of(Shape.of(2, 200)), 1_000_000);
    }
    assertThat(counted).hasValue(2);
    // 3 x 2 x (100 + 200) tokens of a MMAC, 2 FLOP each
    assertThat(counter("flopmeter.inference.flop")).isEqualTo(3 * 2 * 300 * 2e6);
    efficiency.record(InputShapes.of(Shape.of(2, 300)), 1_000_000);
    efficiency.record(InputShapes.of(Shape.of(2, 100)), 1_000_000);
    assertThat(counted).as("the oldest went").hasValue(4);
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> efficiency.record(InputShapes.of(Shape.of(1, 600)), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1x600")
          .hasMessageContaining("at most 512 tokens");
    }
    assertThat(counted).as("a refusal is kept, too").hasValue(5);
    assertThatThrownBy(() -> efficiency.record(1, 1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void manyThreadsLoseNoRecords() throws InterruptedException {
    ModelEfficiency efficiency = builder().peak(DATASHEET).bindTo(registry);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(
          new Thread(
              () -> {
                for (int call = 0; call < 50_000; call++) {
                  efficiency.record(2, 1_000);
                }
              }));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(counter("flopmeter.inferences")).isEqualTo(400_000);
    assertThat(counter("flopmeter.model.busy.seconds")).isEqualTo(0.2, within(1e-9));
    assertThat(registry.get("flopmeter.inference.duration").functionTimer().count())
        .isEqualTo(200_000);
  }

  @Test
  void recordAllocatesNothing() {
    ModelEfficiency efficiency = builder().peak(DATASHEET).bindTo(registry);
    var threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long id = Thread.currentThread().getId();
    for (int i = 0; i < 100_000; i++) {
      efficiency.record(1, i);
    }
    long before = threads.getThreadAllocatedBytes(id);
    for (int i = 0; i < 100_000; i++) {
      efficiency.record(1, i);
    }
    long perCall = (threads.getThreadAllocatedBytes(id) - before) / 100_000;
    assertThat(perCall).isZero();
  }
}
