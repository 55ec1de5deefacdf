package dev.flopmeter.serve.config;

import dev.flopmeter.text.NearestName;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * The type of a value in the file.
 *
 * @param name for the reference, such as {@code duration}
 * @param parse parses a text; throws IllegalArgumentException with what is allowed
 */
record ValueType<T>(String name, Function<String, T> parse) {

  static final ValueType<String> TEXT =
      new ValueType<>(
          "text",
          text -> {
            require(!text.isBlank(), "must not be empty");
            require(
                text.chars().noneMatch(Character::isISOControl), "contains a control character");
            return text;
          });

  static final ValueType<Boolean> FLAG =
      new ValueType<>(
          "true or false",
          text ->
              switch (text.toLowerCase(Locale.ROOT)) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new IllegalArgumentException("expected true or false");
              });

  static final ValueType<String> DEVICE =
      new ValueType<>(
          "device",
          text -> {
            require(
                text.matches("auto|all|cpu|cuda:\\d{1,3}"), "expected auto, all, cpu or cuda:N");
            return text;
          });

  static ValueType<Long> integer(long least, long most) {
    return new ValueType<>(
        "integer",
        text -> {
          String allowed = "expected a whole number from " + least + " to " + most;
          try {
            long value = Long.parseLong(text);
            require(least <= value && value <= most, allowed);
            return value;
          } catch (NumberFormatException e) {
            throw new IllegalArgumentException(allowed, e);
          }
        });
  }

  static ValueType<String> choice(String... allowed) {
    List<String> all = List.of(allowed);
    return new ValueType<>(
        String.join(", ", all),
        text -> {
          require(
              all.contains(text),
              "expected one of "
                  + String.join(", ", all)
                  + NearestName.of(text, all)
                      .map(near -> "; did you mean " + near + "?")
                      .orElse(""));
          return text;
        });
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
