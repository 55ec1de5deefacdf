package dev.flopmeter.report.json;

import java.io.StringWriter;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * A JSON object with its fields in the order they were put. Written without data binding, whose
 * setup takes longer than a short command.
 */
final class JsonObject {
  private static final ObjectWriteContext INDENTED =
      new ObjectWriteContext.Base() {
        @Override
        public PrettyPrinter getPrettyPrinter() {
          return new DefaultPrettyPrinter();
        }
      };

  private final Map<String, Object> fields = new LinkedHashMap<>();

  /**
   * Adds a field; nothing if the value is null.
   *
   * @param value a text, a number, a truth value, an object or a collection of these
   */
  JsonObject put(String name, @Nullable Object value) {
    if (value != null) {
      fields.put(name, value);
    }
    return this;
  }

  /** The text on several lines. */
  String indented() {
    return text(INDENTED);
  }

  String line() {
    return text(ObjectWriteContext.empty());
  }

  private String text(ObjectWriteContext context) {
    StringWriter text = new StringWriter(1 << 14);
    try (JsonGenerator json = new JsonFactory().createGenerator(context, text)) {
      write(json, this);
    }
    return text.append('\n').toString();
  }

  private static void write(JsonGenerator json, Object value) {
    if (value instanceof JsonObject object) {
      json.writeStartObject();
      object.fields.forEach(
          (name, field) -> {
            json.writeName(name);
            write(json, field);
          });
      json.writeEndObject();
    } else if (value instanceof Collection<?> values) {
      json.writeStartArray();
      values.forEach(one -> write(json, one));
      json.writeEndArray();
    } else if (value instanceof Double number) {
      json.writeNumber(number);
    } else if (value instanceof Number number) {
      json.writeNumber(number.longValue());
    } else if (value instanceof Boolean isTrue) {
      json.writeBoolean(isTrue);
    } else {
      json.writeString(value.toString());
    }
  }
}
