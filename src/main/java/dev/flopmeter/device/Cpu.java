package dev.flopmeter.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The processor as the operating system describes it. */
public final class Cpu {
  private Cpu() {}

  /** This machine. */
  public static Device here() {
    Map<String, String> properties = new TreeMap<>();
    properties.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
    properties.put("architecture", System.getProperty("os.arch"));
    String name = model(Path.of("/proc/cpuinfo"));
    return new Device(DeviceKind.CPU, "cpu", name, properties, false);
  }

  /**
   * The first {@code model name}; the architecture where the file is missing or has no such line.
   */
  static String model(Path cpuinfo) {
    String unknown = System.getProperty("os.arch") + " processor";
    try (Stream<String> lines = Files.lines(cpuinfo)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(unknown);
    } catch (IOException e) {
      return unknown;
    }
  }
}
