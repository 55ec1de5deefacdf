package dev.flopmeter.live;

import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Bindings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What live metrics cost a service: a recorded call from two threads, beside what a Micrometer
 * timer with the same buckets would take alone; and tracing and counting a network once. Run with
 * {@code -prof gc}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class LiveBenchmark {
  private final Block resNet =
      ResNetV1.builder()
          .setNumLayers(50)
          .setOutSize(1000)
          .setImageShape(new Shape(3, 224, 224))
          .build();
  private final MeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ModelEfficiency efficiency =
      ModelEfficiency.of(Flopmeter.count(Flopmeter.builtIn("resnet50"), Bindings.ofBatch(1)))
          .peak(new DevicePeak("measured", 1e12, 1e11))
          .bindTo(registry);
  private final Timer timer =
      Timer.builder("plain")
          .serviceLevelObjectives(
              DoubleStream.of(LatencyBuckets.upperBoundSeconds())
                  .filter(Double::isFinite)
                  .mapToObj(seconds -> Duration.ofNanos(Math.round(1e9 * seconds)))
                  .toArray(Duration[]::new))
          .register(registry);

  @Benchmark
  @Threads(2)
  public void record() {
    efficiency.record(8, 1_234_567);
  }

  @Benchmark
  @Threads(2)
  public void micrometerTimerAlone() {
    timer.record(1_234_567, TimeUnit.NANOSECONDS);
  }

  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public Counts traceAndCountResNet50() {
    return Flopmeter.count(resNet, new Shape(1, 3, 224, 224));
  }
}
