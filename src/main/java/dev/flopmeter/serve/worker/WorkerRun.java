package dev.flopmeter.serve.worker;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileLine;
import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.serve.result.ResultLine;
import dev.flopmeter.serve.worker.LineReader.Line;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One worker process from start to end. In every case {@link #run} returns a report within the
 * workload's timeout and the grace period, and no process of its tree is left.
 */
public final class WorkerRun {
  /** Longer than any real result: that of a network of 4,000 layers has 2 MB. */
  static final int LONGEST_LINE = 4 << 20;

  private static final int LONGEST_EXCERPT = 120;
  private static final Duration WATCH = Duration.ofMillis(250);

  /** For reading the rest of an ended process' pipes, which a stray child may hold open. */
  private static final Duration LAST_OUTPUT = Duration.ofSeconds(5);

  private final Target target;
  private final Duration grace;
  private final long maxMemory;
  private final LongSupplier nanos;
  private final Progress progress;

  // Written by the thread that reads the output, read after it has ended.
  private final List<ResultLine> results = new ArrayList<>();
  private @Nullable String badLine;
  private boolean breaksOff;

  private volatile boolean isStopped;

  public WorkerRun(
      Target target, Duration grace, long maxMemory, LongSupplier nanos, Progress progress) {
    this.target = target;
    this.grace = grace;
    this.maxMemory = maxMemory;
    this.nanos = nanos;
    this.progress = progress;
  }

  /** Ends the run early; its outcome becomes {@link Outcome#STOPPED}. */
  public void stop() {
    isStopped = true;
  }

  public RunReport run(WorkerCommand command) throws InterruptedException {
    long start = nanos.getAsLong();
    Process process;
    try {
      process = command.process(target.arguments()).start();
    } catch (IOException e) {
      return new RunReport(
          Outcome.NOT_STARTED, elapsed(start), List.of(), String.valueOf(e.getMessage()));
    }
    ProcessTree tree = new ProcessTree(process);
    try {
      ErrorTail errors = new ErrorTail();
      Thread reader = reader("output", () -> read(process));
      Thread drain = reader("errors", () -> errors.drain(process.getErrorStream()));
      Outcome ended = watch(process, tree, start);
      if (ended != null) {
        tree.end(grace);
      }
      // A child of the worker may outlive it and hold its output open.
      reader.join(grace.toMillis());
      drain.join(grace.toMillis());
      // By handle: Process.destroyForcibly would also close the streams, and what is still in
      // them, such as the reason of a failure, would be lost.
      tree.kill();
      process.waitFor();
      reader.join(LAST_OUTPUT.toMillis());
      drain.join(LAST_OUTPUT.toMillis());
      return report(ended, process.exitValue(), elapsed(start), errors);
    } finally {
      tree.kill();
      closeQuietly(process);
    }
  }

  /** Waits for the end; not null if the run has to be ended. */
  private @Nullable Outcome watch(Process process, ProcessTree tree, long start)
      throws InterruptedException {
    while (!process.waitFor(WATCH.toMillis(), TimeUnit.MILLISECONDS)) {
      tree.look();
      if (isStopped) {
        return Outcome.STOPPED;
      }
      if (elapsed(start).compareTo(target.workload().timeout()) > 0) {
        return Outcome.TIMEOUT;
      }
      if (tree.residentBytes() > maxMemory) {
        return Outcome.OUT_OF_MEMORY;
      }
    }
    return null;
  }

  private void read(Process process) throws IOException {
    LineReader lines = new LineReader(process.getInputStream(), LONGEST_LINE);
    for (Line line = lines.next(); line != null; line = lines.next()) {
      if (line.isTooLong()) {
        badLine = "a line is longer than " + LONGEST_LINE + " bytes";
        continue;
      }
      try {
        take(ProfileJson.readLine(line.text()), line.text());
      } catch (ResultFormatException e) {
        String excerpt = Cut.end(Printable.of(line.text()), LONGEST_EXCERPT);
        if (line.isComplete()) {
          badLine = "a line cannot be read: " + e.getMessage() + ": " + excerpt;
        } else {
          breaksOff = true;
        }
      }
    }
  }

  private void take(ProfileLine line, String json) {
    if (line instanceof ProfileLine.Result read) {
      results.add(ResultLine.of(target.workload().name(), read.result(), json));
    } else if (line instanceof ProfileLine.Progress step) {
      progress.report(
          Objects.requireNonNullElse(step.phase(), ""),
          Math.max(0, Math.min(1, step.done())),
          Objects.requireNonNullElse(step.detail(), ""));
    }
  }

  private RunReport report(
      @Nullable Outcome ended, int exitCode, Duration duration, ErrorTail errors) {
    List<ResultLine> came = List.copyOf(results);
    String said = errors.lastLine();
    Outcome outcome = ended == null ? outcome(exitCode, came.size(), errors) : ended;
    String detail =
        switch (outcome) {
          case SUCCESS, STOPPED, SKIPPED_BUSY, NOT_STARTED -> "";
          case TIMEOUT -> "took longer than " + target.workload().timeout().toMillis() / 1e3 + " s";
          case GARBAGE -> String.valueOf(badLine);
          case TRUNCATED ->
              "received %s of %s results%s"
                  .formatted(came.size(), target.expectedResults(), after(said));
          case OUT_OF_MEMORY ->
              ended == null ? said : "used more than " + maxMemory + " bytes of memory";
          case FAILED, DEVICE_FAILED, CRASHED -> "exit code " + exitCode + after(said);
        };
    return new RunReport(outcome, duration, came, detail);
  }

  private static String after(String said) {
    return said.isEmpty() ? "" : ": " + said;
  }

  private Outcome outcome(int exitCode, int came, ErrorTail errors) {
    if (exitCode != 0 && errors.isOutOfMemory()) {
      return Outcome.OUT_OF_MEMORY;
    }
    if (exitCode > 128) {
      return Outcome.CRASHED;
    }
    if (exitCode == 3) {
      return Outcome.DEVICE_FAILED;
    }
    if (exitCode != 0) {
      return Outcome.FAILED;
    }
    // A native library may write to standard output, which does no harm if all results were
    // received.
    if (came >= target.expectedResults() && !breaksOff) {
      return Outcome.SUCCESS;
    }
    return badLine != null ? Outcome.GARBAGE : Outcome.TRUNCATED;
  }

  private Duration elapsed(long start) {
    return Duration.ofNanos(nanos.getAsLong() - start);
  }

  /** Reads until the process ends and its streams close. */
  interface Reading {
    void read() throws IOException;
  }

  static Thread reader(String what, Reading reading) {
    Thread thread =
        new Thread(
            () -> {
              try {
                reading.read();
              } catch (IOException | UncheckedIOException e) {
                // The pipe closed under it: the process has been ended.
                return;
              }
            },
            "worker-" + what);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void closeQuietly(Process process) {
    try {
      process.getInputStream().close();
      process.getErrorStream().close();
      process.getOutputStream().close();
    } catch (IOException ignored) {
      // nothing is lost: the process is gone
    }
  }
}
