package dev.flopmeter.report.finding;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.model.Sizes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Layers grouped by the parts of their names, which frameworks separate with points or slashes. */
public final class CountTree {
  /**
   * A group of layers, or a layer.
   *
   * @param name the last part of its path
   * @param level 0 for the outermost
   * @param layers its number of layers
   */
  public record Row(
      String path, String name, int level, int layers, String op, Cost cost, long activations) {
    public static Row of(LayerCost layer) {
      return new Row(
          layer.name(), layer.name(), 0, 1, layer.op(), layer.cost(), layer.activations());
    }
  }

  private final Map<String, CountTree> children = new LinkedHashMap<>();
  private Cost cost = Cost.ZERO;
  private long activations;
  private int layers;
  private String op = "";

  /** The groups down to {@code depth} levels, each before its contents. */
  public static List<Row> of(Counts counts, int depth) {
    CountTree root = new CountTree();
    for (LayerCost layer : counts.layers()) {
      root.add(parts(layer.name()), 0, depth, layer);
    }
    List<Row> rows = new ArrayList<>();
    root.list("", 0, rows);
    return rows;
  }

  private static String[] parts(String name) {
    String trimmed = name.startsWith("/") ? name.substring(1) : name;
    return trimmed.split("[./]");
  }

  private void add(String[] parts, int level, int depth, LayerCost layer) {
    cost = cost.plus(layer.cost());
    activations = Sizes.add(activations, layer.activations());
    layers++;
    op = layers == 1 ? layer.op() : "";
    if (level < depth && level < parts.length) {
      children
          .computeIfAbsent(parts[level], part -> new CountTree())
          .add(parts, level + 1, depth, layer);
    }
  }

  private void list(String path, int level, List<Row> rows) {
    children.forEach(
        (name, child) -> {
          String full = path.isEmpty() ? name : path + "." + name;
          rows.add(
              new Row(full, name, level, child.layers, child.op, child.cost, child.activations));
          child.list(full, level + 1, rows);
        });
  }
}
