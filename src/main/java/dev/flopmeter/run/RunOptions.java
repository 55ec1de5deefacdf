package dev.flopmeter.run;

import dev.flopmeter.result.Precision;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a graph is to be prepared.
 *
 * @param fuse whether nodes may be joined into one step
 * @param workspaceLimitBytes maximum scratch memory of one step
 * @param threads CPU threads; 0 leaves the engine's default
 * @param search how thoroughly a GPU's kernels are chosen
 * @param source the ONNX file that the graph was bound from, for a backend that reads files itself;
 *     null for a graph built in code
 */
public record RunOptions(
    Precision precision,
    Layout layout,
    boolean fuse,
    long workspaceLimitBytes,
    int threads,
    SearchEffort search,
    @Nullable Path source) {
  /** fp32, automatic layout, fused, up to 1 GiB of workspace. */
  public static final RunOptions DEFAULT =
      new RunOptions(Precision.FP32, Layout.AUTO, true, 1L << 30, 0, SearchEffort.QUICK, null);

  public RunOptions withPrecision(Precision other) {
    return new RunOptions(other, layout, fuse, workspaceLimitBytes, threads, search, source);
  }

  public RunOptions withLayout(Layout other) {
    return new RunOptions(precision, other, fuse, workspaceLimitBytes, threads, search, source);
  }

  public RunOptions withFuse(boolean other) {
    return new RunOptions(precision, layout, other, workspaceLimitBytes, threads, search, source);
  }

  public RunOptions withThreads(int other) {
    return new RunOptions(precision, layout, fuse, workspaceLimitBytes, other, search, source);
  }

  public RunOptions withSearch(SearchEffort other) {
    return new RunOptions(precision, layout, fuse, workspaceLimitBytes, threads, other, source);
  }

  public RunOptions withSource(@Nullable Path other) {
    return new RunOptions(precision, layout, fuse, workspaceLimitBytes, threads, search, other);
  }
}
