package dev.flopmeter.report.json;

import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.result.ProfileResult;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A comparison as JSON, {@code flopmeter.compare/1}; {@code compare-1.json} documents it. */
public final class ComparisonJson {
  /** The version of the JSON form. */
  public static final String SCHEMA = "flopmeter.compare/1";

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private ComparisonJson() {}

  public static String write(ComparisonSet set) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("schema", SCHEMA);
    tree.put("slower", set.isSlower());
    tree.put("verdict", set.verdict().label());
    var comparisons = tree.putArray("comparisons");
    set.comparisons().forEach(comparison -> comparisons.add(tree(comparison)));
    var unmatched = tree.putArray("unmatched");
    set.unmatched().forEach(unmatched::add);
    var notes = tree.putArray("notes");
    set.notes().forEach(notes::add);
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(tree);
  }

  private static ObjectNode tree(Comparison comparison) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    ProfileResult next = comparison.next();
    tree.put("model", next.model().name());
    tree.put("device", next.device().name());
    tree.put("precision", next.run().precision().label());
    tree.put("batch", next.run().batch());
    tree.put("threshold", comparison.threshold());
    var differences = tree.putArray("differences");
    comparison.differences().forEach(differences::add);
    tree.set("total", tree(comparison.total()));
    var layers = tree.putArray("layers");
    comparison.layers().forEach(layer -> layers.add(tree(layer)));
    ObjectNode amounts = tree.putObject("amounts");
    for (Amount amount : comparison.amounts()) {
      amounts.putObject(amount.name()).put("base", amount.base()).put("new", amount.next());
    }
    return tree;
  }

  private static ObjectNode tree(Row row) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("name", row.name()).put("verdict", row.change().label());
    Double base = row.baseSeconds();
    Double next = row.nextSeconds();
    Double relative = row.relative();
    if (base != null) {
      tree.put("base_seconds", base);
    }
    if (next != null) {
      tree.put("new_seconds", next);
    }
    if (relative != null) {
      tree.put("relative_change", relative);
    }
    return tree;
  }
}
