package dev.flopmeter.report.json;

import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.result.ProfileResult;

/** A comparison as JSON, {@code flopmeter.compare/1}; {@code compare-1.json} documents it. */
public final class ComparisonJson {
  private ComparisonJson() {}

  public static String write(ComparisonSet set) {
    return new JsonObject()
        .put("schema", "flopmeter.compare/1")
        .put("slower", set.isSlower())
        .put("verdict", set.verdict().label())
        .put("comparisons", set.comparisons().stream().map(ComparisonJson::json).toList())
        .put("unmatched", set.unmatched())
        .put("notes", set.notes())
        .indented();
  }

  private static JsonObject json(Comparison comparison) {
    ProfileResult next = comparison.next();
    JsonObject amounts = new JsonObject();
    for (Amount one : comparison.amounts()) {
      amounts.put(one.name(), new JsonObject().put("base", one.base()).put("new", one.next()));
    }
    return new JsonObject()
        .put("model", next.model().name())
        .put("device", next.device().name())
        .put("precision", next.run().precision().label())
        .put("batch", next.run().batch())
        .put("threshold", comparison.threshold())
        .put("differences", comparison.differences())
        .put("total", json(comparison.total()))
        .put("layers", comparison.layers().stream().map(ComparisonJson::json).toList())
        .put("amounts", amounts);
  }

  private static JsonObject json(Row row) {
    return new JsonObject()
        .put("name", row.name())
        .put("verdict", row.change().label())
        .put("base_seconds", row.baseSeconds())
        .put("new_seconds", row.nextSeconds())
        .put("relative_change", row.relative());
  }
}
