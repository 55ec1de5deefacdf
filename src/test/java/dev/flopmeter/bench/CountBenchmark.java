package dev.flopmeter.bench;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.onnx.OnnxModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Reading, inferring and counting an ONNX file, warm: generated graphs of 100 to 100,000 nodes, or
 * the file that {@code -p model=PATH} names.
 *
 * <p>Run by {@code src/test/bin/count-benchmark}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CountBenchmark {
  @Param({"100", "1000", "10000", "100000"})
  String model = "";

  private Path file = Path.of("");
  private boolean isGenerated;

  @Setup
  public void open() throws IOException {
    isGenerated = model.chars().allMatch(Character::isDigit);
    file = isGenerated ? Files.createTempFile("generated", ".onnx") : Path.of(model);
    if (isGenerated) {
      Files.write(file, GeneratedModel.ofNodes(Integer.parseInt(model)));
    }
  }

  @TearDown
  public void close() throws IOException {
    if (isGenerated) {
      Files.delete(file);
    }
  }

  @Benchmark
  public Counts count() {
    OnnxModel read = OnnxModel.read(file);
    Graph graph = read.bind(Bindings.NONE);
    return Counter.standard().count(read, graph);
  }
}
