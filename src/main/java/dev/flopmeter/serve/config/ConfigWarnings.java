package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.ServeConfig.Http;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.units.Durations;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** What a valid configuration says that will not work as it was likely meant. */
public final class ConfigWarnings {
  private ConfigWarnings() {}

  /** One line each, with its key. */
  public static List<String> of(ServeConfig config) {
    List<String> warnings = new ArrayList<>();
    Http http = config.http();
    if (!http.isAuthenticated() && !isLoopback(http.listen().host())) {
      warnings.add(
          "http.listen: "
              + http.listen()
              + " is reachable from other hosts without a password; add http.users");
    }
    for (Workload workload : config.workloads()) {
      int batches = workload.batches().size();
      if (workload.maxTime().multipliedBy(batches).compareTo(workload.timeout()) > 0) {
        warnings.add(
            "workloads.%s.timeout: %s may be too short for %s batch sizes of up to %s each; increase it or decrease max_time"
                .formatted(
                    workload.name(),
                    Durations.text(workload.timeout()),
                    batches,
                    Durations.text(workload.maxTime())));
      }
    }
    return warnings;
  }

  /** An address that cannot be resolved is an error elsewhere. */
  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return true;
    }
  }
}
