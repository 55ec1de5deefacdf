package dev.flopmeter.cli;

import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.device.Device;
import dev.flopmeter.model.ModelException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flopmeter devices}: which devices networks can run on. */
@Command(
    name = "devices",
    description = "Lists the devices that networks can run on.",
    mixinStandardHelpOptions = true)
final class DevicesCommand implements Callable<Integer> {
  private static final double GIB = 1L << 30;

  @Spec private CommandSpec spec;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table or json; default: ${DEFAULT-VALUE}")
  private String format = "table";

  @Mixin private OutputOption destination = new OutputOption();

  @Override
  public Integer call() {
    if (!format.equals("table") && !format.equals("json")) {
      throw new ModelException("--format must be table or json, not '" + format + "'");
    }
    CudaLibraries libraries = CudaLibraries.find();
    CudaDevices found = libraries.devices();
    try (Output output = destination.open()) {
      if (format.equals("json")) {
        output.line(DeviceListing.json(libraries, found));
      } else {
        found.devices().forEach(device -> output.line(line(device)));
        output.line("cpu      " + Runtime.getRuntime().availableProcessors() + " threads");
      }
    }
    // Their absence is an answer, not an error; why they are absent helps all the same.
    String problem = found.problem();
    if (problem != null) {
      spec.commandLine().getErr().println("no GPU: " + problem + "; see flopmeter doctor");
      spec.commandLine().getErr().flush();
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
            device.isEmulated() ? " (emulated: its times mean nothing)" : "");
  }
}
