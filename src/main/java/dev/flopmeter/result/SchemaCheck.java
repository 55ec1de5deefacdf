package dev.flopmeter.result;

import dev.flopmeter.text.Cut;
import java.util.HashSet;
import java.util.Set;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;

/**
 * Checks JSON against a schema as it streams by: required fields, types and ranges. Fields that the
 * schema does not list are of a later version and pass; null is as good as absent.
 */
record SchemaCheck(JsonNode schema, JsonParser in) {
  /** Checks the value at the parser, found at a path of the document, and goes to its end. */
  void value(JsonNode given, String place) {
    String reference = given.path("$ref").asString("");
    JsonNode rule = reference.isEmpty() ? given : schema.at(reference.substring(1));
    JsonToken token = in.currentToken();
    boolean fits =
        switch (rule.path("type").asString("")) {
          case "object" -> token == JsonToken.START_OBJECT;
          case "array" -> token == JsonToken.START_ARRAY;
          case "string" -> token == JsonToken.VALUE_STRING;
          case "boolean" -> token.isBoolean();
          case "integer" -> token == JsonToken.VALUE_NUMBER_INT && isInRange(rule, 1L << 61);
          case "number" -> token.isNumeric() && isInRange(rule, Double.MAX_VALUE);
          default -> !rule.has("const") || rule.path("const").asString().equals(in.getString());
        };
    if (!fits) {
      String least = rule.has("minimum") ? " from " + rule.path("minimum").asString() : "";
      throw new ResultFormatException(
          "%s must be %s%s, not %s"
              .formatted(
                  place.isEmpty() ? "a result" : place,
                  rule.has("const")
                      ? rule.path("const")
                      : "of type " + rule.path("type").asString(),
                  rule.has("exclusiveMinimum") ? " above 0" : least,
                  Cut.name(String.valueOf(in.getString()))));
    }
    for (int i = 0; token == JsonToken.START_ARRAY && in.nextToken() != JsonToken.END_ARRAY; i++) {
      value(rule.path("items"), place + "[" + i + "]");
    }
    if (token == JsonToken.START_OBJECT) {
      fields(rule, place.isEmpty() ? "" : place + ".");
    }
  }

  private void fields(JsonNode rule, String prefix) {
    JsonNode other = rule.path("additionalProperties");
    Set<String> found = new HashSet<>();
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = in.currentName();
      JsonNode wanted = rule.path("properties").optional(name).orElse(other);
      if (in.nextToken() != JsonToken.VALUE_NULL && wanted.isObject()) {
        found.add(name);
        value(wanted, prefix + name);
      }
      in.skipChildren();
    }
    for (JsonNode name : rule.path("required")) {
      if (!found.contains(name.asString())) {
        throw new ResultFormatException(prefix + name.asString() + " is missing");
      }
    }
  }

  /** Whole numbers stay so low that the sum of two does not overflow. */
  private boolean isInRange(JsonNode rule, double most) {
    double number = in.getDoubleValue();
    return number >= rule.path("minimum").asDouble(-most)
        && number > rule.path("exclusiveMinimum").asDouble(Double.NEGATIVE_INFINITY)
        && number <= rule.path("maximum").asDouble(most);
  }
}
