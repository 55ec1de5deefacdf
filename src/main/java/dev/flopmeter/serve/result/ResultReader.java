package dev.flopmeter.serve.result;

import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileLine;
import dev.flopmeter.result.ResultFormatException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads one line of a worker. A worker is not trusted: anything may come. */
public final class ResultReader {
  private ResultReader() {}

  private static final int LONGEST_LABEL = 256;

  /** What a line of a worker's output holds. */
  public sealed interface Line {}

  /** How far the worker has come. */
  public record ProgressLine(String phase, double done, String detail) implements Line {}

  /** A result, with the line that it was read from. */
  public record ResultLine(Result result, String json) implements Line {}

  /** Neither of them. */
  public record BadLine(String reason) implements Line {}

  /** Reads a line that a worker for {@code workload} wrote. */
  public static Line read(String workload, String json) {
    try {
      ProfileLine line = ProfileJson.readLine(json);
      if (line instanceof ProfileLine.Progress step) {
        return new ProgressLine(
            orEmpty(step.phase()), Math.max(0, Math.min(1, step.done())), orEmpty(step.detail()));
      }
      return result(Result.of(workload, ((ProfileLine.Result) line).result()), json);
    } catch (ResultFormatException e) {
      return new BadLine("cannot be read: " + e.getMessage());
    }
  }

  /** A result that was read before; null if this version does not understand it. */
  public static @Nullable Result restore(String workload, String json) {
    return read(workload, json) instanceof ResultLine line ? line.result() : null;
  }

  private static Line result(Result result, String json) {
    SeriesKey key = result.key();
    for (String label : List.of(key.model(), key.device(), key.backend())) {
      if (label.isEmpty() || label.length() > LONGEST_LABEL) {
        return new BadLine("has no usable model, device or backend");
      }
    }
    if (!(result.median() > 0) || !Double.isFinite(result.median())) {
      return new BadLine("has no positive median latency");
    }
    if (key.batch() < 1) {
      return new BadLine("has no positive batch size");
    }
    return new ResultLine(result, json);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
