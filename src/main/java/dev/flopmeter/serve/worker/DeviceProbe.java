package dev.flopmeter.serve.worker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Asks which devices are here and how busy they are, in a child process like every other touch of a
 * device: {@code flopmeter devices --format json}.
 */
public final class DeviceProbe {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int LONGEST = 1 << 20;
  private static final JsonFactory JSON = new JsonFactory();

  private final WorkerCommand command;

  public DeviceProbe(WorkerCommand command) {
    this.command = command;
  }

  /**
   * The devices.
   *
   * @throws IOException if the child failed or did not tell; the message is one line
   */
  public List<DeviceState> read() throws IOException, InterruptedException {
    Process process = command.process(List.of("devices", "--format", "json")).start();
    ProcessTree tree = new ProcessTree(process);
    ErrorTail errors = new ErrorTail();
    StringBuilder out = new StringBuilder();
    Thread reader = new Thread(() -> collect(process, out), "probe-output");
    Thread drain = new Thread(() -> drain(process, errors), "probe-errors");
    reader.setDaemon(true);
    drain.setDaemon(true);
    reader.start();
    drain.start();
    try {
      if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("flopmeter devices took longer than " + TIMEOUT.toSeconds() + " s");
      }
      reader.join(1000);
      if (process.exitValue() != 0) {
        throw new IOException(
            "flopmeter devices: exit code " + process.exitValue() + ": " + errors.lastLine());
      }
    } finally {
      tree.kill();
    }
    synchronized (out) {
      return parse(out.toString());
    }
  }

  private static void collect(Process process, StringBuilder out) {
    try {
      byte[] bytes = process.getInputStream().readNBytes(LONGEST);
      synchronized (out) {
        out.append(new String(bytes, StandardCharsets.UTF_8));
      }
    } catch (IOException ignored) {
      // the process was ended; what came is judged by its reader
    }
  }

  private static void drain(Process process, ErrorTail errors) {
    try {
      errors.drain(process.getErrorStream());
    } catch (IOException ignored) {
      // the process was ended; its exit code tells
    }
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
      throw new IOException("flopmeter devices gave no valid JSON", e);
    }
    if (devices.isEmpty()) {
      throw new IOException("flopmeter devices named no device");
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
