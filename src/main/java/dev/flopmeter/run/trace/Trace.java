package dev.flopmeter.run.trace;

import static java.util.stream.Collectors.toUnmodifiableMap;

import dev.flopmeter.result.Precision;
import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Another runtime's record of running one network, in order of execution.
 *
 * @param runtime its name, as a backend's: {@code ort}, {@code tensorrt}, {@code pytorch}
 * @param kernels its kernels, in order
 * @param passSeconds end-to-end times of whole passes; empty if the trace has none
 * @param deviceName the vendor's name of the device; null if the trace does not tell
 * @param isGpu whether the kernels ran on a GPU
 * @param precision what the products computed in; null if the trace does not tell
 * @param floorSeconds times below this are not resolved by the runtime's profiler; 0 if unknown
 * @param notes notes for readers of the figures
 */
public record Trace(
    String runtime,
    List<Kernel> kernels,
    List<Double> passSeconds,
    @Nullable String deviceName,
    boolean isGpu,
    @Nullable Precision precision,
    double floorSeconds,
    List<String> notes) {
  /** By the names that runtimes have for types. */
  static final Map<String, Precision> PRECISIONS =
      Csv.rows(Trace.class, "precisions.csv").stream()
          .collect(toUnmodifiableMap(row -> row.get(0), row -> Precision.valueOf(row.get(1))));

  public Trace {
    kernels = List.copyOf(kernels);
    passSeconds = List.copyOf(passSeconds);
    notes = List.copyOf(notes);
  }

  /**
   * One kernel, or one node that the runtime timed.
   *
   * @param op the runtime's own kind of it
   * @param index its place in the runtime's graph; -1 if unknown
   * @param nodes the model's nodes that the runtime names; empty if it names none
   * @param shape of its first output; empty if unknown
   * @param seconds one time per pass; a single one if the trace holds only the average
   */
  public record Kernel(
      String name,
      String op,
      int index,
      List<String> nodes,
      List<Long> shape,
      List<Double> seconds) {
    public Kernel {
      nodes = List.copyOf(nodes);
      shape = List.copyOf(shape);
      seconds = List.copyOf(seconds);
    }
  }
}
