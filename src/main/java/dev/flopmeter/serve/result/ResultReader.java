package dev.flopmeter.serve.result;

import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads one line of a worker. Streaming: the daemon has a small heap and a result may have
 * thousands of layers. A worker is not trusted: anything may come.
 */
public final class ResultReader {
  private ResultReader() {}

  /** The JSON shape that is understood. */
  public static final String SCHEMA = "flopmeter.profile/1";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxStringLength(1 << 16)
                  .maxNumberLength(64)
                  .build())
          .build();

  /** What a line of a worker's output holds. */
  public sealed interface Line {}

  /** How far the worker has come. */
  public record ProgressLine(String phase, double done, String detail) implements Line {}

  /** A result. */
  public record ResultLine(Result result) implements Line {}

  /** Neither of them. */
  public record BadLine(String reason) implements Line {}

  /** Reads a line that a worker for {@code workload} wrote. */
  public static Line read(String workload, String json) {
    Fields fields = new Fields();
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return new BadLine("is not a JSON object");
      }
      object(parser, "", fields);
      if (parser.nextToken() != null) {
        return new BadLine("has trailing content after the JSON object");
      }
    } catch (JacksonException e) {
      return new BadLine("is not valid JSON");
    }
    if ("progress".equals(fields.texts.get("event"))) {
      return new ProgressLine(
          fields.texts.getOrDefault("phase", ""),
          Math.max(0, Math.min(1, fields.values.getOrDefault("done", 0.0))),
          fields.texts.getOrDefault("detail", ""));
    }
    if (fields.texts.containsKey("event")) {
      return new ProgressLine("", 0, "");
    }
    if (!SCHEMA.equals(fields.texts.get("schema"))) {
      return new BadLine("is neither an event nor a result of " + SCHEMA);
    }
    return result(workload, fields);
  }

  /** A result that was read before; null if this version does not understand it. */
  public static @Nullable Result restore(String workload, String json) {
    return read(workload, json) instanceof ResultLine line ? line.result() : null;
  }

  /** The text of a line, for a log. */
  public static String excerpt(String line) {
    return Cut.name(Printable.of(line));
  }

  private static Line result(String workload, Fields fields) {
    Double median = fields.values.get("latency.median");
    Double batch = fields.values.get("run.batch");
    Instant startedAt = instant(fields.texts.get("run.started_at"));
    for (String path : List.of("model.name", "device.id", "run.backend", "run.precision")) {
      String text = fields.texts.get(path);
      if (text == null || text.isEmpty() || text.length() > 256) {
        return new BadLine("has no usable " + path);
      }
    }
    if (median == null || !(median > 0)) {
      return new BadLine("has no positive latency.median");
    }
    if (batch == null || batch < 1 || batch != Math.rint(batch)) {
      return new BadLine("has no usable run.batch");
    }
    if (startedAt == null) {
      return new BadLine("has no usable run.started_at");
    }
    SeriesKey key =
        new SeriesKey(
            workload,
            fields.text("model.name"),
            fields.text("device.id"),
            fields.text("run.backend"),
            fields.text("run.precision"),
            batch.longValue());
    return new ResultLine(
        new Result(
            key,
            startedAt,
            fields.values,
            fields.texts,
            fields.throttleReasons,
            fields.warnings,
            fields.raw,
            fields.layers));
  }

  private static @Nullable Instant instant(@Nullable String text) {
    try {
      return text == null ? null : Instant.parse(text);
    } catch (DateTimeException e) {
      return null;
    }
  }

  /** Where scalars go while reading. */
  private static final class Fields {
    final Map<String, Double> values = new HashMap<>();
    final Map<String, String> texts = new HashMap<>();
    final List<String> throttleReasons = new ArrayList<>();
    final List<String> warnings = new ArrayList<>();
    final List<Double> raw = new ArrayList<>();
    final List<LayerRow> layers = new ArrayList<>();

    String text(String path) {
      return texts.getOrDefault(path, "");
    }
  }

  private static void object(JsonParser parser, String path, Fields fields) {
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      String child = path.isEmpty() ? name : path + "." + name;
      value(parser, parser.nextToken(), child, fields);
    }
  }

  private static void value(JsonParser parser, JsonToken token, String path, Fields fields) {
    switch (token) {
      case START_OBJECT -> object(parser, path, fields);
      case START_ARRAY -> array(parser, path, fields);
      case VALUE_STRING -> fields.texts.put(path, parser.getString());
      case VALUE_TRUE -> fields.values.put(path, 1.0);
      case VALUE_FALSE -> fields.values.put(path, 0.0);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        double number = parser.getDoubleValue();
        if (Double.isFinite(number)) {
          fields.values.put(path, number);
        }
      }
      default -> {
        // null is absent; nothing else can stand here
      }
    }
  }

  private static void array(JsonParser parser, String path, Fields fields) {
    JsonToken token = parser.nextToken();
    while (token != JsonToken.END_ARRAY) {
      if (token == JsonToken.START_OBJECT && path.equals("layers")) {
        Fields layer = new Fields();
        object(parser, "", layer);
        LayerRow row = layer(layer);
        if (row != null) {
          fields.layers.add(row);
        }
      } else if (token == JsonToken.START_OBJECT || token == JsonToken.START_ARRAY) {
        parser.skipChildren();
      } else if (token == JsonToken.VALUE_STRING && path.equals("sensors.throttle_reasons")) {
        fields.throttleReasons.add(parser.getString());
      } else if (token == JsonToken.VALUE_STRING && path.equals("warnings")) {
        fields.warnings.add(parser.getString());
      } else if (token.isNumeric() && path.equals("run.raw_seconds")) {
        fields.raw.add(parser.getDoubleValue());
      }
      token = parser.nextToken();
      if (token == null) {
        return;
      }
    }
  }

  private static @Nullable LayerRow layer(Fields layer) {
    String name = layer.texts.get("name");
    Double seconds = layer.values.get("time.median");
    if (name == null || seconds == null) {
      return null;
    }
    return new LayerRow(
        name,
        layer.text("op"),
        seconds,
        layer.values.getOrDefault("cost.flops", 0.0),
        layer.values.getOrDefault("cost.macs", 0.0),
        layer.values.get("roofline_efficiency"),
        layer.texts.get("bound"),
        layer.texts.get("kernel.algorithm"),
        layer.texts.get("kernel.layout"));
  }
}
