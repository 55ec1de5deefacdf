package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.YamlNode.Entry;
import dev.flopmeter.serve.config.YamlNode.Mapping;
import dev.flopmeter.serve.config.YamlNode.Scalar;
import dev.flopmeter.serve.config.YamlNode.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads YAML into {@link YamlNode}s. Streaming, because a bound object has forgotten its lines; and
 * values stay text, because {@code 10m} and {@code 4GiB} are for us to understand.
 */
final class YamlReader {
  private static final int DEEPEST = 16;

  private final YAMLParser parser;
  private final Problems problems;

  private YamlReader(YAMLParser parser, Problems problems) {
    this.parser = parser;
    this.problems = problems;
  }

  /** The file's top, an empty mapping for an empty file. */
  static Mapping read(String text, Problems problems) {
    try (JsonParser parser = new YAMLFactory().createParser(ObjectReadContext.empty(), text)) {
      YamlReader reader = new YamlReader((YAMLParser) parser, problems);
      JsonToken first = parser.nextToken();
      if (first == null || first == JsonToken.VALUE_NULL) {
        return new Mapping(1, Map.of());
      }
      YamlNode top = reader.node(first, "", 0);
      if (parser.nextToken() != null) {
        problems.add(reader.line(), "", "holds more than one document; keep one");
      }
      if (top instanceof Mapping mapping) {
        return mapping;
      }
      problems.add(top.line(), "", "is " + top.kind() + " at its top; expected keys such as http:");
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getLineNr());
      problems.add(
          line, "", "is no valid YAML: " + e.getOriginalMessage().lines().findFirst().orElse(""));
    }
    return new Mapping(1, Map.of());
  }

  private YamlNode node(JsonToken token, String path, int depth) {
    int line = line();
    if (depth > DEEPEST) {
      problems.add(line, path, "is nested deeper than " + DEEPEST + " levels");
      parser.skipChildren();
      return new Scalar(line, "", true);
    }
    if (parser.isCurrentAlias()) {
      problems.add(line, path, "is a YAML alias; write the value out");
      return new Scalar(line, "", true);
    }
    return switch (token) {
      case START_OBJECT -> mapping(line, path, depth);
      case START_ARRAY -> sequence(line, path, depth);
      case VALUE_NULL -> new Scalar(line, "", true);
      default -> new Scalar(line, parser.getString(), false);
    };
  }

  private Mapping mapping(int line, String path, int depth) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    JsonToken token = parser.nextToken();
    while (token != null && token != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      int keyLine = line();
      String child = path.isEmpty() ? key : path + "." + key;
      Entry entry = new Entry(keyLine, node(parser.nextToken(), child, depth + 1));
      Entry before = entries.putIfAbsent(key, entry);
      if (before != null) {
        problems.add(keyLine, child, "is already given in line " + before.line());
      }
      token = parser.nextToken();
    }
    return new Mapping(line, entries);
  }

  private Sequence sequence(int line, String path, int depth) {
    List<YamlNode> items = new ArrayList<>();
    JsonToken token = parser.nextToken();
    while (token != null && token != JsonToken.END_ARRAY) {
      items.add(node(token, path, depth + 1));
      token = parser.nextToken();
    }
    return new Sequence(line, items);
  }

  private int line() {
    return parser.currentTokenLocation().getLineNr();
  }
}
