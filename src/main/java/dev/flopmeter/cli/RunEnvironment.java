package dev.flopmeter.cli;

import dev.flopmeter.device.BuildVersion;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.run.Backend;
import java.util.Map;
import java.util.TreeMap;

/** What a result records of the machine and the software that made it. */
final class RunEnvironment {
  private RunEnvironment() {}

  static Environment of(Backend backend) {
    Map<String, String> libraries = new TreeMap<>(backend.libraries());
    return new Environment(
        BuildVersion.get(),
        System.getProperty("java.version"),
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"),
        libraries);
  }
}
