package dev.flopmeter.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** {@code flopmeter top} in a separate process, because a library reads its settings once. */
final class TopProcess {
  private static final Path LIBRARIES = Path.of("target/emulated-gpu/lib").toAbsolutePath();

  private TopProcess() {}

  /** Its standard error goes to the file {@code errors} in the folder. */
  static Process start(Path folder, Map<String, String> environment, List<String> options)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.flopmeter.cli.Main",
            "top");
    builder.command().addAll(options);
    builder.environment().putAll(environment);
    return builder.redirectError(folder.resolve("errors").toFile()).start();
  }

  /** On emulated GPUs that follow the script (src/test/native/README.md). */
  static Process onNode(
      Path folder, String script, Map<String, String> settings, List<String> options)
      throws IOException {
    Assumptions.assumeTrue(
        Files.exists(LIBRARIES.resolve("libnvidia-ml.so.1")),
        "the emulated GPU is not built in " + LIBRARIES);
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("LD_LIBRARY_PATH", LIBRARIES.toString());
    environment.put(
        "FLOPMETER_EMULATED_NODE", Files.writeString(folder.resolve("node"), script).toString());
    return start(folder, environment, options);
  }
}
