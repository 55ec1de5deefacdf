package dev.flopmeter.device;

import dev.flopmeter.text.Resource;

/** The version that the build wrote into the jar. */
public final class BuildVersion {
  private BuildVersion() {}

  public static String get() {
    String build = Resource.text(BuildVersion.class, "build.properties");
    return build.substring(build.indexOf('=') + 1).strip();
  }
}
