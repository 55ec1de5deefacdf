package dev.flopmeter.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The functions of a library that the runner calls, one a line in a resource; {@code
 * RequiredFunctionsTest} compares them with the code.
 */
final class RequiredFunctions {
  private RequiredFunctions() {}

  /** Those of {@code cuda} or {@code cudnn}. */
  static List<String> of(String library) {
    String resource = "required-" + library + ".txt";
    try (InputStream in = RequiredFunctions.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + resource + " is missing from the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
