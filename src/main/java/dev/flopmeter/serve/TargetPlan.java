package dev.flopmeter.serve;

import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.Target;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Creates targets from workloads and the devices of this host. */
final class TargetPlan {
  private TargetPlan() {}

  /** Whether the targets depend on the devices of this host. */
  static boolean needsDevices(ServeConfig config) {
    return config.workloads().stream()
        .filter(workload -> !workload.imported())
        .flatMap(workload -> workload.devices().stream())
        .anyMatch(device -> device.equals("auto") || device.equals("all"));
  }

  /**
   * @param known the devices of this host; empty if they are unknown, so that the worker resolves
   *     {@code auto} and {@code all}
   */
  static List<Target> of(ServeConfig config, List<DeviceState> known) {
    List<Target> targets = new ArrayList<>();
    for (Workload workload : config.workloads()) {
      if (workload.imported()) {
        continue; // measured elsewhere
      }
      Set<String> devices = new LinkedHashSet<>();
      workload.devices().forEach(device -> devices.addAll(resolve(device, known)));
      for (String device : devices) {
        for (String precision : workload.precisions()) {
          targets.add(new Target(workload, device, precision));
        }
      }
    }
    return targets;
  }

  private static List<String> resolve(String device, List<DeviceState> known) {
    List<String> gpus =
        known.stream().filter(one -> one.kind().equals("cuda")).map(DeviceState::id).toList();
    List<String> all = gpus.isEmpty() ? List.of(known.isEmpty() ? "auto" : "cpu") : gpus;
    return switch (device) {
      case "auto" -> all.subList(0, 1);
      case "all" -> all;
      default -> List.of(device);
    };
  }
}
