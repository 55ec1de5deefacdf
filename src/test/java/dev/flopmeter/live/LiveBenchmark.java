package dev.flopmeter.live;

import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.Result;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Bindings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of live metrics for a service: a recorded call from two threads, compared with a
 * Micrometer timer with the same buckets; a call of ONNX Runtime with and without recording; and
 * tracing and counting a network once. Run with {@code -prof gc}.
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
              DoubleStream.of(DurationBuckets.upperBoundSeconds())
                  .filter(Double::isFinite)
                  .mapToObj(seconds -> Duration.ofNanos(Math.round(1e9 * seconds)))
                  .toArray(Duration[]::new))
          .register(registry);

  private EfficiencySession session;
  private Map<String, OnnxTensor> inputs;

  /** A session of the smallest model, so that the overhead of a call is visible. */
  @Setup
  public void open() throws OrtException, IOException {
    Path file = EfficiencySessionTest.model(Files.createTempDirectory("live-benchmark"));
    OrtEnvironment ort = OrtEnvironment.getEnvironment();
    session =
        new EfficiencySession(
            ort.createSession(file.toString()),
            ModelEfficiency.of(Flopmeter.onnx(file), 16).bindTo(registry));
    long[] shape = {1, 1, 3};
    inputs = Map.of("x", OnnxTensor.createTensor(ort, FloatBuffer.allocate(3), shape));
    Files.delete(file);
    Files.delete(file.getParent());
  }

  @TearDown
  public void close() throws OrtException {
    inputs.get("x").close();
    session.close();
  }

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
  public Result ortAlone() throws OrtException {
    Result result = session.session().run(inputs);
    result.close();
    return result;
  }

  @Benchmark
  public Result ortRecorded() throws OrtException {
    Result result = session.run(inputs);
    result.close();
    return result;
  }

  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public Counts traceAndCountResNet50() {
    return Flopmeter.count(resNet, new Shape(1, 3, 224, 224));
  }
}
