package dev.flopmeter.report.json;

import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.Conformance.Tally;
import java.io.StringWriter;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Conformance as JSON, {@code flopmeter.conformance/1}: the totals, the tally of each operator, and
 * the outcome of every case.
 */
public final class ConformanceJson {
  public static final String SCHEMA = "flopmeter.conformance/1";

  private ConformanceJson() {}

  public static String write(Conformance conformance) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      json.writeStringProperty("schema", SCHEMA);
      json.writeStringProperty("backend", conformance.backend());
      json.writeName("totals");
      tally(json, conformance.total());
      json.writeName("operators");
      json.writeStartObject();
      conformance
          .byOperator()
          .forEach(
              (operator, tally) -> {
                json.writeName(operator);
                tally(json, tally);
              });
      json.writeEndObject();
      json.writeName("cases");
      json.writeStartArray();
      for (CaseResult result : conformance.results()) {
        json.writeStartObject();
        json.writeStringProperty("name", result.name());
        json.writeStringProperty("operator", result.operator());
        json.writeStringProperty("outcome", result.outcome().label());
        if (!result.reason().isEmpty()) {
          json.writeStringProperty("reason", result.reason());
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return text.append('\n').toString();
  }

  private static void tally(JsonGenerator json, Tally tally) {
    json.writeStartObject();
    json.writeNumberProperty("passed", tally.passed());
    json.writeNumberProperty("failed", tally.failed());
    json.writeNumberProperty("unsupported", tally.unsupported());
    json.writeNumberProperty("invalid", tally.invalid());
    json.writeEndObject();
  }
}
