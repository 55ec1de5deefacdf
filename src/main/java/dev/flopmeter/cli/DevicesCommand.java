package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.device.Device;
import java.util.Map;

/** {@code flopmeter devices}: lists the devices that networks can run on. */
final class DevicesCommand extends Command {
  private static final double GIB = 1L << 30;

  private final OutputArguments output = with(new OutputArguments(Format.TABLE, Format.JSON));

  @Override
  int run(Console console) {
    CudaLibraries libraries = CudaLibraries.find();
    CudaDevices found = libraries.devices();
    try (Output out = output.open(console)) {
      if (output.format() == Format.JSON) {
        out.line(DeviceListing.json(libraries, found));
      } else {
        found.devices().forEach(device -> out.line(line(device)));
        out.line("cpu      " + Runtime.getRuntime().availableProcessors() + " threads");
      }
    }
    // Having no GPU is a valid answer, not an error; the reason is still useful.
    String problem = found.problem();
    if (problem != null) {
      console.warn("no GPU: " + problem + "; see flopmeter doctor");
    }
    return 0;
  }

  private static String line(Device device) {
    Map<String, String> known = device.properties();
    double memory = Double.parseDouble(known.getOrDefault("memory_bytes", "0")) / GIB;
    return "%-8s %s, compute capability %s, %s SMs, %.1f GiB, CUDA %s, cuDNN %s%s%s"
        .formatted(
            device.id(),
            device.name(),
            known.get("compute_capability"),
            known.get("sm_count"),
            memory,
            known.get("cuda"),
            known.getOrDefault("cudnn", "not found"),
            known.containsKey("driver") ? ", driver " + known.get("driver") : "",
            device.isEmulated() ? " (emulated: its times are not valid)" : "");
  }
}
