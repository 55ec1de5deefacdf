package dev.flopmeter.gpucheck;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The Java part of {@code src/test/bin/gpu-check}. */
final class GpuCheck {
  private GpuCheck() {}

  /**
   * {@code references DIR NETWORK...} computes on the CPU what {@code check} compares with; {@code
   * check DIR NETWORK PRECISION DEVICE OUT} compares one network and exits with 1 if it is wrong;
   * {@code run OUT} does everything, most valuable first, within the budget.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> rest = Arrays.asList(args).subList(1, args.length);
    switch (args[0]) {
      case "references" -> References.compute(Path.of(args[1]), rest.subList(1, rest.size()));
      case "check" -> System.exit(References.check(rest) ? 0 : 1);
      case "run" -> System.exit(CheckRun.of(Settings.of(System.getenv()), Path.of(args[1])).run());
      default -> throw new IllegalArgumentException(args[0]);
    }
  }
}
