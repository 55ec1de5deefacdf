package dev.flopmeter.result;

import dev.flopmeter.device.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A profile as JSON, {@code flopmeter.profile/1}, and back. The form is documented by the schema
 * {@code dev/flopmeter/schema/profile-1.json}. What is null is left out; numbers are written the
 * same under every locale.
 *
 * <p>The JSON follows the records field by field in snake case, but for what {@link ProfileTypes}
 * lists and one place here: {@code peak_activation_bytes} stands among the costs.
 */
public final class ProfileJson {
  private static final String PEAK = "peak_activation_bytes";
  private static final Pattern LEADING_MARK = Pattern.compile("(?md)^\uFEFF+");

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(new SnakeCase())
          .changeDefaultPropertyInclusion(
              inclusion ->
                  inclusion.withValueInclusion(
                      com.fasterxml.jackson.annotation.JsonInclude.Include.NON_NULL))
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .addModule(new ProfileTypes())
          .build();

  private ProfileJson() {}

  /** The result on several indented lines. */
  public static String write(ProfileResult result) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(tree(result));
  }

  /** The result on one line, as in JSON Lines. */
  public static String writeLine(ProfileResult result) {
    return MAPPER.writeValueAsString(tree(result));
  }

  /** A progress event on one line. */
  public static String writeProgress(String phase, double done, String detail) {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    event.put("event", "progress").put("phase", phase);
    event.put("done", Math.round(Math.max(0, Math.min(1, done)) * 1000) / 1000.0);
    event.put("detail", detail);
    return MAPPER.writeValueAsString(event);
  }

  /** A device as it stands in a result. */
  public static ObjectNode device(Device device) {
    return ProfileTypes.device(device);
  }

  private static ObjectNode tree(ProfileResult result) {
    ObjectNode fields = MAPPER.valueToTree(result);
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("schema", ProfileResult.SCHEMA);
    JsonNode peak = fields.remove(PEAK);
    tree.setAll(fields);
    ((ObjectNode) tree.get("cost")).set(PEAK, peak);
    requireFinite("", tree);
    return tree;
  }

  /** JSON has no NaN; one here is a mistake of ours that must not reach a reader as text. */
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
    try {
      return read(MAPPER.readTree(json));
    } catch (JacksonException e) {
      throw new ResultFormatException(e.getOriginalMessage() + where(e), e);
    }
  }

  private static ProfileResult read(JsonNode tree) {
    try {
      if (!(tree instanceof ObjectNode fields)) {
        throw new ResultFormatException("not a JSON object");
      }
      String schema = fields.path("schema").asString("");
      if (!schema.equals(ProfileResult.SCHEMA)) {
        throw new ResultFormatException(
            schema.isEmpty()
                ? "no profile: the field 'schema' is missing"
                : "'schema' is '" + schema + "', not '" + ProfileResult.SCHEMA + "'");
      }
      fields.remove("schema");
      if (fields.get("cost") instanceof ObjectNode cost && cost.has(PEAK)) {
        fields.set(PEAK, cost.remove(PEAK));
      }
      return MAPPER.treeToValue(fields, ProfileResult.class);
    } catch (JacksonException e) {
      throw new ResultFormatException(e.getOriginalMessage() + where(e), e);
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
        if (!node.has("event")) {
          results.add(read(node));
        }
      }
    } catch (JacksonException e) {
      throw new ResultFormatException(e.getOriginalMessage() + where(e), e);
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
