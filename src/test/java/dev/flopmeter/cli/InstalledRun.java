package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A shell line that calls the installed application, in a separate folder. {@code $F} in the line
 * is the launcher.
 *
 * @param code the exit code of the line
 * @param out its standard output
 * @param err its standard error
 */
record InstalledRun(int code, String out, String err) {
  /** The installed application in {@code target}, as built by {@code mvn package}. */
  static final Path HOME =
      Path.of(System.getProperty("flopmeter.home", "target/flopmeter")).toAbsolutePath();

  private static final long LIMIT_SECONDS = 120;

  static InstalledRun of(Path folder, String line) {
    try {
      Path out = Files.createTempFile("flopmeter-it", ".out");
      Path err = Files.createTempFile("flopmeter-it", ".err");
      try {
        Process process =
            process(folder, line).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        process.getOutputStream().close();
        assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).as("ends: " + line).isTrue();
        return new InstalledRun(process.exitValue(), text(out), text(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The line as a process that has not been started. */
  static ProcessBuilder process(Path folder, String line) {
    ProcessBuilder builder = new ProcessBuilder("bash", "-c", line).directory(folder.toFile());
    builder.environment().put("F", HOME.resolve("bin/flopmeter").toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    return builder;
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  /** Asserts that the line exited with this code and wrote nothing to standard error. */
  void endedQuietlyWith(int expected) {
    assertThat(err).isEmpty();
    assertThat(code).isEqualTo(expected);
  }

  /**
   * Asserts that the line exited with this code and wrote one line to standard error, which
   * contains {@code message}.
   */
  void saidOnce(int expected, String message) {
    assertThat(err).startsWith("flopmeter: ").contains(message).hasLineCount(1);
    assertThat(code).isEqualTo(expected);
  }
}
