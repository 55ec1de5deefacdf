package dev.flopmeter.serve.worker;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The command line that a worker's arguments are added to.
 *
 * @param prefix the program and its first arguments
 * @param environment added to the daemon's own
 */
public record WorkerCommand(List<String> prefix, Map<String, String> environment) {

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
    if (home != null && Files.isExecutable(Path.of(home, "bin", "flopmeter"))) {
      Path launcher = Path.of(home, "bin", "flopmeter");
      return new WorkerCommand(
          List.of(launcher.toString()), Map.of("JAVA_HOME", System.getProperty("java.home")));
    }
    return new WorkerCommand(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Dai.djl.offline=true",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.flopmeter.cli.Main"),
        Map.of());
  }

  ProcessBuilder process(List<String> arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.environment().put(UNDER_DAEMON, "1");
    return builder;
  }
}
