package dev.flopmeter.serve.config;

import dev.flopmeter.text.NearestName;
import dev.flopmeter.units.Durations;
import dev.flopmeter.units.Sizes;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The type of a value in the file. A value with a unit is never a bare number whose unit one would
 * have to look up.
 *
 * @param name for the reference, such as {@code duration}
 * @param parse parses a text; throws IllegalArgumentException with what is allowed
 */
record ValueType(String name, Function<String, Object> parse) {
  /** For a key whose every value is rejected, because it has no equivalent here. */
  static final String REFUSED = "refused";

  private static final Pattern PERCENTAGE = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)\\s*%");

  /** A type as a table of keys writes it: its name, then its least and most, or its choices. */
  static ValueType of(String specification) {
    List<String> words = List.of(specification.split(" "));
    String name = words.get(0);
    List<String> bounds = words.subList(1, words.size());
    return switch (name) {
      case "text" -> new ValueType(name, ValueType::text);
      case "path" -> new ValueType("text", ValueType::path);
      case "flag" -> new ValueType("true or false", ValueType::flag);
      case "device" ->
          pattern(name, "auto|all|cpu|cuda:\\d{1,3}", "expected auto, all, cpu or cuda:N");
      case "uuid" ->
          pattern(
              "uuid of a GPU or MIG instance",
              "(GPU|MIG)-[0-9A-Za-z/-]{1,90}",
              "expected GPU-... or MIG-... as nvidia-smi -L shows it");
      case REFUSED -> new ValueType(name, text -> text);
      case "address" -> new ValueType(name, ListenAddress::parse);
      case "integer" ->
          range(name, Long::parseLong, bounds, span("a whole number", bounds), "a whole number");
      case "number" ->
          range(name, ValueType::decimal, bounds, span("a number", bounds), "a number");
      case "duration" ->
          range(name, Durations::parse, bounds, "a duration such as 15s, 10m or 30d", "a duration");
      case "size" -> range(name, Sizes::parse, bounds, "a size such as 512MiB or 4GiB", "a size");
      case "percentage" ->
          range(name, ValueType::share, bounds, span("a percentage", bounds), "a percentage");
      case "choice" -> new ValueType(String.join(", ", bounds), text -> choice(text, bounds));
      default -> throw new IllegalArgumentException(specification);
    };
  }

  private static String span(String what, List<String> bounds) {
    return what + " from " + bounds.get(0) + " to " + bounds.get(1);
  }

  private static <T extends Comparable<T>> ValueType range(
      String name, Function<String, T> parser, List<String> bounds, String form, String what) {
    return new ValueType(
        name,
        text -> {
          T value;
          try {
            value = parser.apply(text);
          } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("expected " + form, e);
          }
          require(
              value.compareTo(parser.apply(bounds.get(0))) >= 0
                  && value.compareTo(parser.apply(bounds.get(1))) <= 0,
              "expected " + span(what, bounds));
          return value;
        });
  }

  private static double decimal(String text) {
    return new BigDecimal(text).doubleValue();
  }

  /** {@code 10%} as 0.1. */
  private static double share(String text) {
    Matcher parts = PERCENTAGE.matcher(text);
    require(parts.matches(), "not a percentage");
    return Double.parseDouble(parts.group(1)) / 100;
  }

  private static String text(String text) {
    require(!text.isBlank(), "must not be empty");
    require(text.chars().noneMatch(Character::isISOControl), "contains a control character");
    require(StandardCharsets.UTF_8.newEncoder().canEncode(text), "is not Unicode text");
    return text;
  }

  private static String path(String text) {
    require(!text.startsWith("~"), "~ is not expanded; write out the path of the home directory");
    return text(text);
  }

  private static Boolean flag(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("expected true or false");
    };
  }

  private static ValueType pattern(String name, String pattern, String message) {
    return new ValueType(
        name,
        text -> {
          require(text.matches(pattern), message);
          return text;
        });
  }

  private static String choice(String text, List<String> all) {
    String near = NearestName.of(text, all).map(name -> "; did you mean " + name + "?").orElse("");
    require(all.contains(text), "expected one of " + String.join(", ", all) + near);
    return text;
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
