package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.convention.Conventions;
import dev.flopmeter.model.shape.ShapeRules;
import dev.flopmeter.text.Csv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The tables of docs/counting.md match the code. {@code -Ddocs.update=true} rewrites them. */
class CountingDocTest {
  private static final Path DOC = Path.of("docs", "counting.md");
  private static final String BEGIN = "<!-- tables: written by CountingDocTest -->\n";

  @Test
  void saysWhatTheCodeCounts() throws IOException {
    String doc = Files.readString(DOC);
    String prose = doc.substring(0, doc.indexOf(BEGIN) + BEGIN.length());
    String expected = prose + operators() + uncounted() + conventions();
    if (Boolean.getBoolean("docs.update")) {
      Files.writeString(DOC, expected);
    } else {
      assertThat(doc).isEqualTo(expected);
    }
  }

  /** If, Loop and Scan cost what their bodies cost; every other operator has a rule. */
  @Test
  void everyOperatorWithAShapeHasACost() {
    TreeSet<String> uncosted = new TreeSet<>(ShapeRules.operators());
    uncosted.removeAll(CostRules.standard().operators());

    assertThat(uncosted).isEmpty();
  }

  @Test
  void everyPriceBelongsToAConvention() {
    List<String> names = Conventions.all().stream().map(Convention::name).toList();
    for (List<String> price : Csv.rows(Conventions.class, "prices.csv")) {
      assertThat(names).contains(price.get(0).split(" "));
    }
  }

  /** The table of ONNX Runtime's operators that are not counted. */
  @Test
  void operatorsListedAsUncountedHaveNoRule() throws IOException {
    String doc = Files.readString(DOC);
    String table = doc.substring(doc.indexOf("| operators | reason |"));
    String rows = table.substring(0, table.indexOf("\n\n"));
    List<String> counted = new ArrayList<>();
    for (String row : rows.split("\n")) {
      for (String op : row.split("\\|")[1].trim().split(", ")) {
        for (String name : List.of(op, "com.microsoft:" + op)) {
          CostRules.standard().find(name).ifPresent(rule -> counted.add(name));
        }
      }
    }
    assertThat(rows).contains("Tokenizer");
    assertThat(counted).isEmpty();
  }

  private static String operators() {
    Map<String, List<String>> byFormula = new LinkedHashMap<>();
    for (String op : CostRules.standard().operators()) {
      String formula = CostRules.standard().find(op).orElseThrow().formula();
      byFormula.computeIfAbsent(formula, text -> new ArrayList<>()).add(op);
    }
    StringBuilder out =
        new StringBuilder("\n## Operators\n\n| operators | MACs and other FLOPs |\n");
    out.append("| --- | --- |\n");
    byFormula.forEach(
        (formula, ops) ->
            out.append("| ")
                .append(String.join(", ", ops))
                .append(" | ")
                .append(formula)
                .append(" |\n"));
    out.append("| If | its larger branch, or the one a constant condition takes |\n");
    out.append("| Loop | its body: times the iterations where they are constant, else once |\n");
    out.append("| Scan | its body, times the iterations |\n");
    out.append("| SequenceMap | its body, for one element |\n");
    return out.toString();
  }

  private static String uncounted() {
    Map<String, List<String>> byReason = new LinkedHashMap<>();
    new TreeMap<>(Uncounted.REASONS)
        .forEach(
            (op, row) -> byReason.computeIfAbsent(row.get(0), any -> new ArrayList<>()).add(op));
    StringBuilder out = new StringBuilder("\n## Operators without a rule\n\n");
    out.append("Named under `uncounted`, with this reason.\n\n");
    out.append("| operators | reason |\n| --- | --- |\n");
    byReason.forEach(
        (reason, ops) ->
            out.append("| ")
                .append(String.join(", ", ops))
                .append(" | ")
                .append(reason)
                .append(" |\n"));
    return out.toString();
  }

  private static String conventions() {
    StringBuilder out = new StringBuilder("\n## Conventions of other tools\n");
    List<List<String>> prices = Csv.rows(Conventions.class, "prices.csv");
    for (List<String> tool : Csv.rows(Conventions.class, "conventions.csv")) {
      String name = tool.get(0);
      out.append("\n### `").append(name).append("`\n\n").append(tool.get(6)).append(", by ");
      out.append(tool.get(3).equals("operator") ? "ONNX " : "PyTorch ").append(tool.get(3));
      out.append(". ").append(tool.get(7)).append(".\n\n| what | counts |\n| --- | --- |\n");
      for (List<String> price : prices) {
        if (List.of(price.get(0).split(" ")).contains(name)) {
          out.append("| ").append(price.get(1).replace(" ", ", "));
          out.append(" | ").append(price.get(2)).append(" |\n");
        }
      }
      out.append("| everything else | 0 |\n");
    }
    return out.toString();
  }
}
