package dev.flopmeter.serve.worker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The command line that a worker's arguments are added to.
 *
 * @param prefix the program and its first arguments
 * @param environment added to the daemon's own
 */
public record WorkerCommand(List<String> prefix, Map<String, String> environment) {
  private static final int LONGEST_ANSWER = 1 << 20;

  /**
   * Set in a worker's environment. Its standard input is a pipe that the daemon holds open and
   * never writes to: when it ends, the daemon is gone, and so should the worker be.
   */
  public static final String UNDER_DAEMON = "FLOPMETER_UNDER_DAEMON";

  /**
   * This application: its launcher where it was started by it, otherwise the same Java with the
   * same class path.
   *
   * @param home the system property {@code flopmeter.home}
   */
  public static WorkerCommand ofThisApplication(@Nullable String home) {
    String javaHome = System.getProperty("java.home");
    Path launcher = home == null ? null : Path.of(home, "bin", "flopmeter");
    if (launcher != null && Files.isExecutable(launcher)) {
      return new WorkerCommand(List.of(launcher.toString()), Map.of("JAVA_HOME", javaHome));
    }
    String java = Path.of(javaHome, "bin", "java").toString();
    String classes = System.getProperty("java.class.path");
    List<String> prefix =
        List.of(java, "-Dai.djl.offline=true", "-cp", classes, "dev.flopmeter.cli.Main");
    return new WorkerCommand(prefix, Map.of());
  }

  ProcessBuilder process(List<String> arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.environment().put(UNDER_DAEMON, "1");
    return builder;
  }

  /**
   * The first megabyte of what a short command of flopmeter writes to its standard output. It runs
   * in a child process because it may crash.
   *
   * @throws IOException if it fails or takes too long; the message is one line
   */
  public String ask(List<String> arguments, Duration timeout)
      throws IOException, InterruptedException {
    Process process = process(arguments).start();
    ProcessTree tree = new ProcessTree(process);
    ErrorTail errors = new ErrorTail();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Thread reader =
        WorkerRun.reader(
            "answer",
            () -> {
              out.writeBytes(process.getInputStream().readNBytes(LONGEST_ANSWER));
              // A full pipe would hold the process up.
              process.getInputStream().transferTo(OutputStream.nullOutputStream());
            });
    Thread drain = WorkerRun.reader("errors", () -> errors.drain(process.getErrorStream()));
    try {
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException(
            "flopmeter " + arguments.get(0) + " took longer than " + timeout.toSeconds() + " s");
      }
      reader.join(1000);
      drain.join(1000);
      if (process.exitValue() != 0) {
        throw new IOException(
            "flopmeter %s: exit code %s: %s"
                .formatted(
                    arguments.get(0),
                    process.exitValue(),
                    errors.lastLine().replaceFirst("^flopmeter: ", "")));
      }
    } finally {
      tree.kill();
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
