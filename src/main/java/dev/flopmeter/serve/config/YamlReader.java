package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.YamlNode.Entry;
import dev.flopmeter.serve.config.YamlNode.Mapping;
import dev.flopmeter.serve.config.YamlNode.Scalar;
import dev.flopmeter.serve.config.YamlNode.Sequence;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads YAML into {@link YamlNode}s. It reads tokens, because a bound object has no line numbers,
 * and leaves values as text, because {@code 10m} and {@code 4GiB} are parsed later.
 */
final class YamlReader {
  private static final int DEEPEST = 16;

  /** Parts of the library's messages, and their meaning for the author of the file. */
  private static final List<List<String>> ERRORS = Csv.rows(YamlReader.class, "yaml-errors.csv");

  private final YAMLParser parser;
  private final Problems problems;
  private boolean isUnderstood = true;

  private YamlReader(YAMLParser parser, Problems problems) {
    this.parser = parser;
    this.problems = problems;
  }

  /**
   * The file's top, an empty mapping for an empty file.
   *
   * @throws ConfigException if its structure cannot be read, so that checking its keys would report
   *     false errors
   */
  static Mapping read(String text, Problems problems) throws ConfigException {
    try (JsonParser parser = new YAMLFactory().createParser(ObjectReadContext.empty(), text)) {
      YamlReader reader = new YamlReader((YAMLParser) parser, problems);
      JsonToken first = parser.nextToken();
      if (first == null || first == JsonToken.VALUE_NULL) {
        return new Mapping(1, Map.of());
      }
      YamlNode top = reader.node(first, "", 0);
      if (!reader.isUnderstood) {
        problems.throwIfAny();
      }
      if (parser.nextToken() != null) {
        problems.add(reader.line(), "", "holds more than one document; keep one");
        problems.throwIfAny();
      }
      if (top instanceof Mapping mapping) {
        return mapping;
      }
      problems.add(top.line(), "", "is " + top.kind() + " at its top; expected keys such as http:");
    } catch (JacksonException e) {
      problems.add(brokenLine(e), "", "is not valid YAML: " + complaint(e));
    }
    problems.throwIfAny();
    return new Mapping(1, Map.of());
  }

  /** The line of the error; Jackson's own location is that of the token before. */
  private static int brokenLine(JacksonException e) {
    if (e.getCause() instanceof MarkedYamlEngineException marked
        && marked.getProblemMark().isPresent()) {
      return marked.getProblemMark().get().getLine() + 1;
    }
    return e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getLineNr());
  }

  private static String complaint(JacksonException e) {
    String said =
        e.getCause() instanceof MarkedYamlEngineException marked && marked.getProblem() != null
            ? marked.getProblem()
            : e.getOriginalMessage();
    return ERRORS.stream()
        .filter(words -> said.contains(words.get(0)))
        .map(words -> words.get(1))
        .findFirst()
        .orElse("its structure cannot be understood");
  }

  private YamlNode node(JsonToken token, String path, int depth) throws ConfigException {
    int line = line();
    if (depth > DEEPEST) {
      problems.add(line, path, "is nested deeper than " + DEEPEST + " levels");
      problems.throwIfAny();
    }
    if (parser.isCurrentAlias()) {
      isUnderstood = false;
      problems.add(line, path, "is a YAML alias; write the value out");
      return new Scalar(line, "", true);
    }
    return switch (token) {
      case START_OBJECT -> mapping(line, path, depth);
      case START_ARRAY -> sequence(line, path, depth);
      case VALUE_NULL -> new Scalar(line, "", true);
      default -> new Scalar(line, parser.getString(), parser.getString().equals("~"));
    };
  }

  private Mapping mapping(int line, String path, int depth) throws ConfigException {
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

  private Sequence sequence(int line, String path, int depth) throws ConfigException {
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
