package dev.flopmeter.count.convention;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.OwnConvention;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All conventions, by name. Those of tools are rows of {@code conventions.csv} and {@code
 * prices.csv}, which are read when one is asked for.
 */
public final class Conventions {
  private static final List<Convention> OWN = List.of(OwnConvention.FLOPS, OwnConvention.MACS);

  private Conventions() {}

  /**
   * The convention of this name; {@code thop-0.1.1} is another name of {@code thop}.
   *
   * @throws ModelException if there is none; the message suggests the nearest name
   */
  public static Convention named(String name) {
    String wanted = name.equals("thop-0.1.1") ? "thop" : name;
    Convention own = find(OWN, wanted);
    Convention found = own == null ? find(tools(), wanted) : own;
    if (found == null) {
      throw unknown(name);
    }
    return found;
  }

  private static @Nullable Convention find(List<Convention> among, String name) {
    for (Convention one : among) {
      if (one.name().equals(name)) {
        return one;
      }
    }
    return null;
  }

  private static ModelException unknown(String name) {
    List<String> names = new ArrayList<>();
    all().forEach(one -> names.add(one.name()));
    all().forEach(one -> one.companions().forEach(other -> names.remove(other.name())));
    return new ModelException(
        "there is no convention '%s'%sall of them: %s, all"
            .formatted(name, NearestName.question(name, names), String.join(", ", names)));
  }

  /** Every convention, each followed by its companions, in the order they are listed. */
  public static List<Convention> all() {
    List<Convention> all = new ArrayList<>(OWN);
    all.addAll(tools());
    return all;
  }

  private static List<Convention> tools() {
    Map<String, Map<String, Definition>> prices = new HashMap<>();
    for (List<String> row : Csv.rows(Conventions.class, "prices.csv")) {
      Definition price = Quantities.price(row.get(2));
      for (String convention : row.get(0).split(" ", -1)) {
        for (String name : row.get(1).split(" ", -1)) {
          prices.computeIfAbsent(convention, any -> new HashMap<>()).put(name, price);
        }
      }
    }
    List<List<String>> rows = Csv.rows(Conventions.class, "conventions.csv");
    List<Convention> tools = new ArrayList<>();
    Map<String, List<Convention>> companions = new HashMap<>();
    for (int i = rows.size() - 1; i >= 0; i--) { // a companion is created before its tool
      List<String> row = rows.get(i);
      Convention tool =
          new ToolConvention(
              row.get(0),
              row.get(1),
              Integer.parseInt(row.get(2)),
              row.get(3),
              row.get(5).equals("yes"),
              companions.getOrDefault(row.get(0), List.of()),
              row.get(6),
              row.get(7),
              prices.getOrDefault(row.get(0), Map.of()));
      companions.computeIfAbsent(row.get(4), name -> new ArrayList<>()).add(0, tool);
      tools.add(0, tool);
    }
    return tools;
  }
}
