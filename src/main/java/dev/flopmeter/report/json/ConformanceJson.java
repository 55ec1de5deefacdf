package dev.flopmeter.report.json;

import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.Conformance.Tally;

/**
 * Conformance as JSON, {@code flopmeter.conformance/1}: the totals, the tally of each operator, and
 * the outcome of every case.
 */
public final class ConformanceJson {
  private ConformanceJson() {}

  public static String write(Conformance conformance) {
    JsonObject operators = new JsonObject();
    conformance.byOperator().forEach((operator, tally) -> operators.put(operator, json(tally)));
    return new JsonObject()
        .put("schema", "flopmeter.conformance/1")
        .put("backend", conformance.backend())
        .put("totals", json(conformance.total()))
        .put("operators", operators)
        .put("cases", conformance.results().stream().map(ConformanceJson::json).toList())
        .line();
  }

  private static JsonObject json(CaseResult result) {
    return new JsonObject()
        .put("name", result.name())
        .put("operator", result.operator())
        .put("outcome", result.outcome().label())
        .put("reason", result.reason().isEmpty() ? null : result.reason());
  }

  private static JsonObject json(Tally tally) {
    return new JsonObject()
        .put("passed", tally.passed())
        .put("failed", tally.failed())
        .put("unsupported", tally.unsupported())
        .put("invalid", tally.invalid());
  }
}
