package dev.flopmeter.model.range;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.shape.NodeFunctions;
import dev.flopmeter.model.shape.NodeHost;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** One node, whose indices the equations of {@code indices.csv} restrict. */
record IndexInputs(Operands in) implements NodeHost {
  private static final Dialect DIALECT =
      new Dialect.Of("indices.txt", IndexInputs::function, name -> false);

  static final Map<String, Definition> FUNCTIONS = Definition.read(IndexInputs.class, DIALECT);

  static final Map<String, List<IndexInput>> ALL = read();

  /**
   * One input that an operator reads as indices.
   *
   * @param input its index among the operator's inputs
   */
  record IndexInput(int input, Definition equation) {
    /**
     * The values accepted.
     *
     * @throws dev.flopmeter.model.DataDependentException if shapes are not known
     */
    Allowed allowed(Operands in) {
      return (Allowed) new IndexInputs(in).results(equation).get(0);
    }
  }

  /** The index inputs of an operator; empty for most. */
  static List<IndexInput> of(String qualifiedOp) {
    return ALL.getOrDefault(qualifiedOp, List.of());
  }

  private static Map<String, List<IndexInput>> read() {
    Map<String, List<IndexInput>> all = new HashMap<>();
    for (List<String> row : Csv.rows(IndexInputs.class, "indices.csv")) {
      Definition allowed = Definition.of(row.get(2), List.of(), DIALECT, FUNCTIONS);
      IndexInput input = new IndexInput(Integer.parseInt(row.get(1)), allowed);
      for (String op : row.get(0).split(" ", -1)) {
        all.computeIfAbsent(op, any -> new ArrayList<>()).add(input);
      }
    }
    return all;
  }

  private static @Nullable BuiltIn function(String name) {
    return switch (name) {
      case "between" ->
          NodeFunctions.function(2, (n, a) -> new Allowed.Range(integer(a, 0), integer(a, 1)));
      case "exactly" ->
          NodeFunctions.function(
              1, (n, a) -> new Allowed.Exactly(LongStream.of(dims(a.get(0))).boxed().toList()));
      case "unpooled" ->
          NodeFunctions.function(
              0, (n, a) -> n.in().knownOutput(0).orElseGet(() -> n.in().type(0)).elements());
      case "token_offsets" ->
          NodeFunctions.function(
              1,
              (n, a) ->
                  tokenOffsets(n.in().shape(NodeFunctions.input(a, 0)), n.in().shape(0).dim(0)));
      default -> NodeFunctions.find(name);
    };
  }

  /**
   * The padded positions (sequence x longest) of the packed tokens, then those of the padding, for
   * sequences as equal in length as the number of tokens allows.
   */
  private static List<Long> tokenOffsets(Shape padded, long tokens) {
    long sequences = padded.dim(0);
    long longest = padded.dim(1);
    Predicate<Long> isPadding =
        place -> {
          long own = place / longest;
          return place % longest >= (own + 1) * tokens / sequences - own * tokens / sequences;
        };
    return LongStream.range(0, sequences * longest)
        .boxed()
        .sorted(Comparator.comparing(isPadding::test))
        .toList();
  }
}
