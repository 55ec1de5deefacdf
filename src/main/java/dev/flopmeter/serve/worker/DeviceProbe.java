package dev.flopmeter.serve.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Lists the devices of this host and their load, in a child process like everything that touches a
 * device: {@code flopmeter devices --format json}.
 */
public final class DeviceProbe {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final JsonFactory JSON = new JsonFactory();

  private final WorkerCommand command;

  public DeviceProbe(WorkerCommand command) {
    this.command = command;
  }

  /**
   * The devices.
   *
   * @throws IOException if the child fails or lists nothing; the message is one line
   */
  public List<DeviceState> read() throws IOException, InterruptedException {
    return parse(new WorkerQuestion(command, TIMEOUT).ask("devices", "--format", "json"));
  }

  /** The usable ones of the array of devices, which is at the top or under {@code devices}. */
  static List<DeviceState> parse(String json) throws IOException {
    List<DeviceState> devices = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      JsonToken token = parser.nextToken();
      while (token != null && token != JsonToken.START_ARRAY) {
        token = parser.nextToken();
      }
      token = parser.nextToken();
      while (token == JsonToken.START_OBJECT) {
        DeviceState device = device(parser);
        if (device != null) {
          devices.add(device);
        }
        token = parser.nextToken();
      }
    } catch (JacksonException e) {
      throw new IOException("flopmeter devices wrote invalid JSON", e);
    }
    if (devices.isEmpty()) {
      throw new IOException("flopmeter devices listed no device");
    }
    return devices;
  }

  private static @Nullable DeviceState device(JsonParser parser) {
    String id = null;
    Double utilization = null;
    Double free = null;
    boolean isUsable = true;
    int depth = 1;
    while (depth > 0) {
      JsonToken token = parser.nextToken();
      if (token == null) {
        return null;
      }
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      } else if (token == JsonToken.VALUE_STRING
          && depth == 1
          && "id".equals(parser.currentName())) {
        id = parser.getString();
      } else if (token == JsonToken.VALUE_FALSE && "usable".equals(parser.currentName())) {
        isUsable = false;
      } else if (token.isNumeric() && "utilization".equals(parser.currentName())) {
        utilization = parser.getDoubleValue();
      } else if (token.isNumeric() && "memory_free_bytes".equals(parser.currentName())) {
        free = parser.getDoubleValue();
      }
    }
    if (id == null || !isUsable || !id.matches("cpu|cuda:\\d{1,3}")) {
      return null;
    }
    return new DeviceState(id, id.startsWith("cuda") ? "cuda" : "cpu", utilization, free);
  }
}
