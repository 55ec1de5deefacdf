package dev.flopmeter.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version that the build wrote into the jar. */
public final class BuildVersion {
  private BuildVersion() {}

  public static String get() {
    Properties build = new Properties();
    try (InputStream in =
        BuildVersion.class.getResourceAsStream("/dev/flopmeter/build.properties")) {
      build.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return build.getProperty("version");
  }
}
