package dev.flopmeter.result;

import dev.flopmeter.text.Resource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
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
 * {@code dev/flopmeter/schema/profile-1.json}. Null fields are omitted; numbers are written the
 * same in every locale.
 *
 * <p>The JSON follows the records field by field in snake case, except for what {@link
 * ProfileTypes} lists. Reading streams: a result of thousands of layers fits a small heap. The
 * input is not trusted.
 */
public final class ProfileJson {
  private static final Pattern LEADING_MARK = Pattern.compile("(?md)^\uFEFF+");

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
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .addModule(new ProfileTypes())
          .build();

  private static final JsonNode RULES =
      MAPPER.readTree(Resource.text(ProfileJson.class, "/dev/flopmeter/schema/profile-1.json"));

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
    requireFitting(MAPPER.treeAsTokens(tree));
    return tree;
  }

  /**
   * Reads a result.
   *
   * @throws ResultFormatException if the text is not such JSON; the message says what and where
   */
  public static ProfileResult read(String json) {
    try (JsonParser in = MAPPER.createParser(json)) {
      requireFitting(in);
      return MAPPER.readValue(json, ProfileResult.class);
    } catch (JacksonException e) {
      throw refused(e);
    }
  }

  /** The result; nothing if another version wrote it in a form that this version cannot read. */
  public static Optional<ProfileResult> find(String json) {
    try {
      return Optional.of(read(json));
    } catch (ResultFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * Reads one line of a worker's output.
   *
   * @throws ResultFormatException if it is neither a result nor an event
   */
  public static ProfileLine readLine(String json) {
    try (JsonParser in = MAPPER.createParser(json)) {
      in.nextToken();
      if (!"event".equals(in.nextName())) {
        return new ProfileLine.Result(read(json));
      }
      boolean isProgress = "progress".equals(in.nextStringValue());
      in.skipChildren();
      return isProgress ? MAPPER.readValue(json, ProfileLine.Progress.class) : ProfileLine.OTHER;
    } catch (JacksonException e) {
      throw refused(e);
    }
  }

  /** Refuses figures that are missing, negative or not finite before anything uses them. */
  private static void requireFitting(JsonParser in) {
    in.nextToken();
    new SchemaCheck(RULES, in).value(RULES, "");
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
          requireFitting(MAPPER.treeAsTokens(node));
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

  /** Ignores byte order marks in front of a line, which editors and {@code cat} can leave there. */
  private static String withoutMarks(String text) {
    return text.indexOf('\uFEFF') < 0 ? text : LEADING_MARK.matcher(text).replaceAll("");
  }

  private static ResultFormatException refused(JacksonException e) {
    return new ResultFormatException(e.getOriginalMessage() + where(e), e);
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
