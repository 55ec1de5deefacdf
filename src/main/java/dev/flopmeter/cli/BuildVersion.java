package dev.flopmeter.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version that the build wrote into the jar. */
final class BuildVersion {
  private BuildVersion() {}

  static String get() {
    Properties build = new Properties();
    try (InputStream in = Main.class.getResourceAsStream("/dev/flopmeter/build.properties")) {
      build.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return build.getProperty("version");
  }
}
