package dev.flopmeter.serve.worker;

import dev.flopmeter.device.LibraryException;
import dev.flopmeter.device.NodeSample;
import dev.flopmeter.serve.config.ServeConfig.Node;
import dev.flopmeter.serve.worker.LineReader.Line;
import dev.flopmeter.units.Durations;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A child process that samples the GPUs of this host: {@code flopmeter top --format jsonl}. */
public final class SamplerProcess implements AutoCloseable {
  /** A node of 8 GPUs with 7 instances and 56 processes has 30 kB. */
  private static final int LONGEST_LINE = 4 << 20;

  private final Process process;
  private final ProcessTree tree;
  private final LineReader lines;
  private final ErrorTail errors = new ErrorTail();
  private final Thread drain;

  /**
   * Starts one.
   *
   * @throws IOException if that fails
   */
  public SamplerProcess(WorkerCommand command, Node rules) throws IOException {
    String interval = Durations.text(rules.interval().orElseThrow());
    List<String> arguments =
        new ArrayList<>(List.of("top", "--format", "jsonl", "--interval", interval));
    if (rules.gpm()) {
      arguments.add("--gpm");
    }
    process = command.process(arguments).start();
    tree = new ProcessTree(process);
    lines = new LineReader(process.getInputStream(), LONGEST_LINE);
    drain = WorkerRun.reader("errors", () -> errors.drain(process.getErrorStream()));
  }

  /** Waits for the next sample; null at the end. What else the child writes is ignored. */
  public @Nullable NodeSample next() throws IOException {
    for (Line line = lines.next(); line != null; line = lines.next()) {
      try {
        return NodeSample.read(line.text());
      } catch (LibraryException ignored) {
        // a native library's own output
      }
    }
    return null;
  }

  /** Ends the process, from any thread; {@link #next} then returns null. */
  public void kill() {
    tree.kill();
  }

  /** Waits for the end and returns its reason, in one line. */
  public String reason() throws InterruptedException {
    if (!process.waitFor(5, TimeUnit.SECONDS)) {
      kill();
    }
    int code = process.waitFor();
    drain.join(1000);
    String said = errors.lastLine().replaceFirst("^flopmeter: ", "");
    return said.isEmpty() ? "exit code " + code : said;
  }

  @Override
  public void close() throws IOException {
    kill();
    process.getInputStream().close();
  }
}
