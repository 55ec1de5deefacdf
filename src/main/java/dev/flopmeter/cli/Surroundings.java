package dev.flopmeter.cli;

import dev.flopmeter.measure.ProfileResult.Environment;
import dev.flopmeter.run.Backend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/** What a result records of where it was made. */
final class Surroundings {
  private Surroundings() {}

  static Environment of(Backend backend) {
    Map<String, String> libraries = new TreeMap<>(backend.libraries());
    return new Environment(
        version(),
        System.getProperty("java.version"),
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"),
        libraries);
  }

  private static String version() {
    try {
      return new Main.BuildVersion().getVersion()[0].replaceFirst("^flopmeter ", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
