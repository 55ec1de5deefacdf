package dev.flopmeter.result;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A profile as JSON, {@code flopmeter.profile/1}, and back. The form is documented by the schema
 * {@code dev/flopmeter/schema/profile-1.json}. What is null is left out; numbers are written the
 * same under every locale.
 *
 * <p>The JSON follows the records field by field in snake case, except for what {@link
 * ProfileTypes} lists. Reading streams: a result of thousands of layers fits a small heap. What is
 * read is not trusted.
 */
public final class ProfileJson {
  private static final Pattern LEADING_MARK = Pattern.compile("(?md)^\uFEFF+");

  private static final Pattern MISSING =
      Pattern.compile("Missing required creator property ('\\w+').*");

  /** Bounds for what is read, far above what is written. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxStringLength(1 << 16)
                  .maxNumberLength(64)
                  .build())
          .build();

  private static final JsonMapper MAPPER =
      JsonMapper.builder(FACTORY)
          .propertyNamingStrategy(new SnakeCase())
          .changeDefaultPropertyInclusion(
              inclusion ->
                  inclusion.withValueInclusion(
                      com.fasterxml.jackson.annotation.JsonInclude.Include.NON_NULL))
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .addModule(new ProfileTypes())
          .build();

  private ProfileJson() {}

  /** {@code energyJPerInference} as {@code energy_j_per_inference}: every capital starts a word. */
  private static final class SnakeCase extends PropertyNamingStrategies.NamingBase {
    private static final long serialVersionUID = 1L;

    @Override
    public String translate(String name) {
      return name.replaceAll("(?<!^)([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
  }

  /** The result on several indented lines. */
  public static String write(ProfileResult result) {
    return indented(document(result));
  }

  public static String indented(ObjectNode object) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(object);
  }

  /** The result on one line, as in JSON Lines. */
  public static String writeLine(ProfileResult result) {
    return MAPPER.writeValueAsString(document(result));
  }

  public static String writeProgress(String phase, double done, String detail) {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    event.put("event", "progress").put("phase", phase);
    event.put("done", Math.round(Math.max(0, Math.min(1, done)) * 1000) / 1000.0);
    event.put("detail", detail);
    return MAPPER.writeValueAsString(event);
  }

  /** A part of a result in its JSON form. */
  public static ObjectNode tree(Object part) {
    return MAPPER.valueToTree(part);
  }

  private static ObjectNode document(ProfileResult result) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("schema", ProfileResult.SCHEMA).setAll(tree(result));
    requireFinite("", tree);
    return tree;
  }

  /** JSON has no NaN; one here is a bug, which must not reach a reader as text. */
  private static void requireFinite(String path, JsonNode node) {
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      throw new IllegalStateException(path + " is " + node.doubleValue());
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      requireFinite(path + "/" + field.getKey(), field.getValue());
    }
    if (node.isArray()) {
      node.forEach(element -> requireFinite(path + "[]", element));
    }
  }

  /**
   * Reads a result.
   *
   * @throws ResultFormatException if the text is no such JSON; the message says what and where
   */
  public static ProfileResult read(String json) {
    requireSchema(head(json).get("schema"));
    return parsed(json, ProfileResult.class);
  }

  /** The result; nothing if another version wrote it in a form that this one cannot read. */
  public static Optional<ProfileResult> find(String json) {
    try {
      return Optional.of(read(json));
    } catch (ResultFormatException e) {
      return Optional.empty();
    }
  }

  private static <T> T parsed(String json, Class<T> type) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JacksonException e) {
      throw refused(e);
    }
  }

  /**
   * Reads one line of a worker's output.
   *
   * @throws ResultFormatException if it is neither a result nor an event
   */
  public static ProfileLine readLine(String json) {
    Map<String, String> head = head(json);
    if (!head.containsKey("event")) {
      return new ProfileLine.Result(read(json));
    }
    boolean isProgress = "progress".equals(head.get("event"));
    return isProgress ? parsed(json, ProfileLine.Progress.class) : ProfileLine.OTHER;
  }

  /** The texts at the top level up to the one that says what the object is. */
  private static Map<String, String> head(String json) {
    Map<String, String> head = new HashMap<>();
    try (JsonParser in = FACTORY.createParser(ObjectReadContext.empty(), json)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new ResultFormatException("not a JSON object");
      }
      while (head.isEmpty() && in.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = in.currentName();
        in.nextToken();
        if (name.equals("schema") || name.equals("event")) {
          head.put(name, in.getString());
        }
        in.skipChildren();
      }
      return head;
    } catch (JacksonException e) {
      throw refused(e);
    }
  }

  private static void requireSchema(@Nullable String schema) {
    if (!ProfileResult.SCHEMA.equals(schema)) {
      throw new ResultFormatException(
          schema == null
              ? "no profile: the field 'schema' is missing"
              : "'schema' is '" + schema + "', not '" + ProfileResult.SCHEMA + "'");
    }
  }

  /**
   * Reads all results of a text: one JSON object, or JSON Lines with events between the results.
   *
   * @throws ResultFormatException if there are none, or one cannot be read
   */
  public static List<ProfileResult> readAll(String text) {
    List<ProfileResult> results = new ArrayList<>();
    try (MappingIterator<JsonNode> nodes =
        MAPPER.readerFor(JsonNode.class).readValues(withoutMarks(text))) {
      while (nodes.hasNext()) {
        JsonNode node = nodes.next();
        if (!node.isObject()) {
          throw new ResultFormatException("not a JSON object");
        }
        if (!node.has("event")) {
          requireSchema(node.path("schema").asString(null));
          results.add(MAPPER.treeToValue(node, ProfileResult.class));
        }
      }
    } catch (JacksonException e) {
      throw refused(e);
    }
    if (results.isEmpty()) {
      throw new ResultFormatException("contains no profile result");
    }
    return results;
  }

  /** Byte order marks, as editors and {@code cat} leave them in front of a line, say nothing. */
  private static String withoutMarks(String text) {
    return text.indexOf('\uFEFF') < 0 ? text : LEADING_MARK.matcher(text).replaceAll("");
  }

  private static ResultFormatException refused(JacksonException e) {
    String said = MISSING.matcher(e.getOriginalMessage()).replaceFirst("$1 is missing");
    return new ResultFormatException(said + where(e), e);
  }

  private static String where(JacksonException e) {
    String path = e.getPathReference();
    if (path != null && !path.isEmpty() && !path.equals("UNKNOWN")) {
      return " (at " + path.replaceAll("[a-zA-Z_.$]+(\\$[a-zA-Z]+)?\\[", "[") + ")";
    }
    return e.getLocation() == null || e.getLocation().getLineNr() < 1
        ? ""
        : " (line " + e.getLocation().getLineNr() + ")";
  }
}
