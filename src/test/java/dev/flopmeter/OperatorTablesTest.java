package dev.flopmeter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.CostRules;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.model.shape.ShapeRules;
import dev.flopmeter.text.Csv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Operators are data: their names are in tables, one for each kind of knowledge. A list of names
 * anywhere else would be overlooked when an operator is added.
 */
class OperatorTablesTest {
  private static final Path MAIN = Path.of("src", "main", "java", "dev", "flopmeter");

  /** The tables, and the code that builds graphs out of operators. */
  private static final List<String> TABLES =
      List.of(
          "model/InputRoles.java",
          "model/bind/EarlyVersions.java",
          "run/cudnn/operator/QuantizedValues.java",
          "run/conformance/Tolerance.java", // also names that only a runtime has
          "run/trace/NodeJoin.java");

  private static final Set<String> OPERATORS = operators();

  /** {@code Set.of("A", "B")} and similar calls, and one switch label with several strings. */
  private static final Pattern LIST =
      Pattern.compile(
          "(?:\\b(?:Set|List|Stream|Map|Arrays)\\.(?:of|asList)\\(([^()]*)\\))"
              + "|case ((?:\"[^\"]*\",\\s*)+\"[^\"]*\")");

  private static final Pattern TEXT = Pattern.compile("\"([^\"]*)\"");

  private static Set<String> operators() {
    Set<String> all = new HashSet<>(ShapeRules.operators());
    all.addAll(Decompositions.operators());
    all.addAll(CostRules.standard().operators());
    all.addAll(OperatorTrait.CONTROL_FLOW.operators());
    return all;
  }

  @Test
  void everyOperatorMadeOfOthersHasACost() {
    assertThat(CostRules.standard().operators()).containsAll(Decompositions.operators());
  }

  @Test
  void noListOfOperatorsStandsOutsideTheTables() throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(MAIN)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String name = MAIN.relativize(file).toString().replace('\\', '/');
        if (TABLES.stream().noneMatch(table -> name.matches(table + ".*"))) {
          lists(Files.readString(file)).forEach(list -> found.add(name + ": " + list));
        }
      }
    }
    assertThat(found).as("give the operators a trait in OperatorTrait and ask for that").isEmpty();
  }

  @Test
  void seesTheListsThatItRefuses() {
    assertThat(lists("Set.of(\"Relu\", \"Clip\")")).containsExactly("Relu, Clip");
    assertThat(lists("List.of(\n  \"Loop\",\n  \"com.microsoft:Gelu\")"))
        .containsExactly("Loop, com.microsoft:Gelu");
    assertThat(lists("case \"Conv\", \"Gemm\" -> 2;")).containsExactly("Conv, Gemm");
    assertThat(lists("\"Conv|Gemm|MatMul\"")).containsExactly("Conv, Gemm, MatMul");
    assertThat(lists("List.of(\"Conv\", \"layout\"); case \"Conv\" -> 1;")).isEmpty();
  }

  private static List<String> lists(String source) {
    List<String> lists = new ArrayList<>();
    Matcher list = LIST.matcher(source);
    while (list.find()) {
      List<String> named =
          TEXT.matcher(list.group())
              .results()
              .map(text -> text.group(1))
              .filter(OPERATORS::contains)
              .toList();
      if (named.size() > 1) {
        lists.add(String.join(", ", named));
      }
    }
    Matcher text = TEXT.matcher(source);
    while (text.find()) {
      List<String> named =
          Stream.of(text.group(1).split("[ |,]")).filter(OPERATORS::contains).toList();
      if (named.size() > 2) {
        lists.add(String.join(", ", named));
      }
    }
    return lists;
  }

  /** Whether it occurs as a string, as the first word of a table's row, or in the first column. */
  private static final Pattern CELU =
      Pattern.compile("\"Celu\"|(?m)^ *Celu |(?m)^[^,]*\\bCelu\\b[^,]*,");

  /**
   * The change that CONTRIBUTING shows: the trait gives the shape; then a cost and a kernel per
   * backend.
   */
  @Test
  void anElementwiseOperatorHasOneEntryInEachTable() throws IOException {
    Set<String> files = new HashSet<>();
    for (Path root : List.of(MAIN, Path.of("src", "main", "resources", "dev", "flopmeter"))) {
      try (Stream<Path> sources = Files.walk(root)) {
        for (Path file :
            sources.filter(path -> path.toString().matches(".*\\.(java|csv|txt)")).toList()) {
          if (CELU.matcher(Files.readString(file)).find()) {
            files.add(root.relativize(file).toString().replace('\\', '/'));
          }
        }
      }
    }
    assertThat(files)
        .containsExactlyInAnyOrder(
            "model/operators.csv",
            "model/shape/signatures.csv",
            "count/work.csv",
            "run/djl/kernel/kernels.txt",
            "run/cudnn/operator/plans.txt");
  }

  @Test
  void everyTraitOfTheTableIsOneThatRulesCanAskFor() {
    Set<String> traits = new HashSet<>();
    for (List<String> row : Csv.rows(OperatorTrait.class, "operators.csv")) {
      traits.addAll(List.of(row.get(1).split(" ")));
    }
    traits.remove("");
    assertThat(Stream.of(OperatorTrait.values()).map(Enum::name)).containsAll(traits);
  }
}
