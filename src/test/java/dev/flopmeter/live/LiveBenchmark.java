package dev.flopmeter.live;

import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Bindings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.TimeUnit;
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
 * What live metrics cost a service: a recorded call, with and without the histogram, from two
 * threads; and tracing and counting a network once. Run with {@code -prof gc}.
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
  private final ModelEfficiency full = efficiency(true);
  private final ModelEfficiency lean = efficiency(false);

  private static ModelEfficiency efficiency(boolean histogram) {
    EfficiencyBuilder builder =
        ModelEfficiency.of(Flopmeter.count(Flopmeter.builtIn("resnet50"), Bindings.ofBatch(1)))
            .peak(new DevicePeak("measured", 1e12, 1e11));
    return (histogram ? builder : builder.withoutHistogram())
        .bindTo(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
  }

  @Benchmark
  @Threads(2)
  public void record() {
    full.record(8, 1_234_567);
  }

  @Benchmark
  @Threads(2)
  public void recordWithoutHistogram() {
    lean.record(8, 1_234_567);
  }

  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public Counts traceAndCountResNet50() {
    return Flopmeter.count(resNet, new Shape(1, 3, 224, 224));
  }
}
