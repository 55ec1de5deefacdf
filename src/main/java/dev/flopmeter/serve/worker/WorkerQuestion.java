package dev.flopmeter.serve.worker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A short command of flopmeter, run in a child process because it may crash. */
public record WorkerQuestion(WorkerCommand command, Duration timeout) {
  private static final int LONGEST = 1 << 20;

  /**
   * The first megabyte of what a command writes to its standard output.
   *
   * @throws IOException if it fails or takes too long; the message is one line
   */
  public String ask(String... arguments) throws IOException, InterruptedException {
    Process process = command.process(List.of(arguments)).start();
    ProcessTree tree = new ProcessTree(process);
    ErrorTail errors = new ErrorTail();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Thread reader =
        WorkerRun.reader(
            "answer",
            () -> {
              out.writeBytes(process.getInputStream().readNBytes(LONGEST));
              // A full pipe would hold the process up.
              process.getInputStream().transferTo(OutputStream.nullOutputStream());
            });
    Thread drain = WorkerRun.reader("errors", () -> errors.drain(process.getErrorStream()));
    try {
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException(
            "flopmeter " + arguments[0] + " took longer than " + timeout.toSeconds() + " s");
      }
      reader.join(1000);
      drain.join(1000);
      if (process.exitValue() != 0) {
        throw new IOException(
            "flopmeter %s: exit code %s: %s"
                .formatted(
                    arguments[0],
                    process.exitValue(),
                    errors.lastLine().replaceFirst("^flopmeter: ", "")));
      }
    } finally {
      tree.kill();
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
