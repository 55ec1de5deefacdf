package dev.flopmeter.serve.worker;

import dev.flopmeter.serve.worker.DeviceState.Peak;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Lists the devices of this host and their load, in a child process like everything that touches a
 * device: {@code flopmeter devices --format json}.
 */
public record DeviceProbe(WorkerCommand command) {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /**
   * The devices.
   *
   * @throws IOException if the child fails or lists nothing; the message is one line
   */
  public List<DeviceState> read() throws IOException, InterruptedException {
    return parse(command.ask(List.of("devices", "--format", "json"), TIMEOUT));
  }

  /** The usable ones. */
  static List<DeviceState> parse(String json) throws IOException {
    List<DeviceState> devices = new ArrayList<>();
    try {
      for (JsonNode device : JsonMapper.shared().readTree(json).path("devices")) {
        String id = device.path("id").asString("");
        if (id.matches("cpu|cuda:\\d{1,3}") && device.path("usable").asBoolean(true)) {
          JsonNode sensors = device.path("sensors");
          devices.add(
              new DeviceState(
                  id,
                  id.startsWith("cuda") ? "cuda" : "cpu",
                  number(sensors.path("utilization")),
                  number(sensors.path("memory_free_bytes")),
                  properties(device),
                  peaks(device.path("peaks"))));
        }
      }
    } catch (JacksonException e) {
      throw new IOException("flopmeter devices wrote invalid JSON", e);
    }
    if (devices.isEmpty()) {
      throw new IOException("flopmeter devices listed no device");
    }
    return devices;
  }

  private static Map<String, String> properties(JsonNode device) {
    return device.properties().stream()
        .filter(field -> field.getValue().isString() || field.getValue().isBoolean())
        .collect(Collectors.toMap(Map.Entry::getKey, field -> field.getValue().asString()));
  }

  private static List<Peak> peaks(JsonNode list) {
    List<Peak> peaks = new ArrayList<>();
    for (JsonNode peak : list) {
      String precision = peak.path("precision").asString("");
      Double rate =
          number(peak.path(precision.isEmpty() ? "bytes_per_second" : "flops_per_second"));
      if (rate != null) {
        peaks.add(new Peak(precision, peak.path("basis").asString(""), rate));
      }
    }
    return peaks;
  }

  private static @Nullable Double number(JsonNode node) {
    return node.isNumber() ? node.doubleValue() : null;
  }
}
