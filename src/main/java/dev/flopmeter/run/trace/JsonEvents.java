package dev.flopmeter.run.trace;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.Figures;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads a JSON file element by element, so that gigabytes of events take the memory of one. */
final class JsonEvents {
  private static final int NAME_LIMIT = 1 << 16;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxStringLength(1 << 20)
                          .maxNameLength(NAME_LIMIT)
                          .maxNumberLength(64)
                          .build())
                  .build())
          .build();

  private JsonEvents() {}

  /**
   * Reads the elements of the array at the top, or of the array {@code list} in the object there.
   *
   * @param repair makes the file's content JSON where it is not
   * @param events receives the elements in order
   * @param fields receives the other fields of the object, each as an object of one field
   * @return how many elements there were
   * @throws ModelException if the file is not such JSON, is cut off or goes on after its end
   */
  static long read(
      Path file,
      UnaryOperator<InputStream> repair,
      String list,
      Consumer<JsonNode> events,
      Consumer<JsonNode> fields) {
    long[] count = {0};
    Consumer<JsonNode> counted =
        event -> {
          count[0]++;
          events.accept(event);
        };
    try (InputStream in = open(file);
        JsonParser json = MAPPER.createParser(repair.apply(in))) {
      read(json, list, counted, fields);
      return count[0];
    } catch (ModelException e) {
      throw e.at(file.toString());
    } catch (JacksonException e) {
      boolean isCut = e.getOriginalMessage().contains("end-of-input");
      throw new ModelException(
          "%s: %s after %s events: %s"
              .formatted(
                  file,
                  isCut ? "cut off" : "no JSON",
                  count[0],
                  isCut ? "the file is truncated; record it again" : e.getOriginalMessage()),
          e);
    } catch (IOException e) {
      throw new ModelException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static void read(
      JsonParser json, String list, Consumer<JsonNode> events, Consumer<JsonNode> fields) {
    JsonToken first = json.nextToken();
    if (first == JsonToken.START_ARRAY) {
      elements(json, events);
    } else if (first == JsonToken.START_OBJECT) {
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        if (json.nextToken() == JsonToken.START_ARRAY && name.equals(list)) {
          elements(json, events);
        } else {
          JsonNode value = json.readValueAsTree();
          fields.accept(MAPPER.createObjectNode().set(name, value));
        }
      }
    } else {
      throw new ModelException("not a trace: neither a JSON array nor an object");
    }
    if (json.nextToken() != null) {
      throw new ModelException(
          "has content after its end: several traces in one file; use one file per trace");
    }
  }

  private static void elements(JsonParser json, Consumer<JsonNode> events) {
    while (json.nextToken() != JsonToken.END_ARRAY) {
      events.accept(json.readValueAsTree());
    }
  }

  /** The file's content, unpacked if it is a gzip file. */
  static InputStream open(Path file) throws IOException {
    InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    in.mark(2);
    boolean isPacked = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return isPacked ? new GZIPInputStream(in, 1 << 16) : in;
  }

  /** A number from 0 on: a time up to the year 2286, or a duration up to eleven days. */
  static double amount(JsonNode event, String field) {
    JsonNode value = event.path(field);
    double number = value.asDouble(Double.NaN);
    double most = field.equals("ts") ? 1e16 : field.equals("dur") ? 1e12 : 1e9; // milliseconds
    if (!(number >= 0 && number <= most)) {
      throw new ModelException(
          "the event '%s' has '%s' %s; it must be a number from 0 to %s"
              .formatted(
                  event.path("name").asString(""),
                  field,
                  value.isMissingNode() ? "missing" : value,
                  Figures.sortable(most)));
    }
    return number;
  }
}
