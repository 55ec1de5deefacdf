package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * An Einsum's equation with the sizes of its indices. Axes that an ellipsis stands for get the
 * indices {@code "0"}, {@code "1"}, ... counted from the innermost.
 *
 * @param operands the indices of each operand's axes, in order
 * @param output the indices of the output's axes
 * @param sizes the size of each index; 1 broadcasts
 */
public record EinsumEquation(
    List<List<String>> operands, List<String> output, Map<String, Long> sizes) {

  /**
   * Reads the attribute {@code equation} and fits it to the operands.
   *
   * @throws ModelException if it is malformed or does not fit
   */
  public static EinsumEquation of(Operands in) {
    String equation = in.attributes().text("equation").replace(" ", "");
    int arrow = equation.indexOf("->");
    String[] terms = (arrow < 0 ? equation : equation.substring(0, arrow)).split(",", -1);
    if (terms.length != in.inputCount()) {
      throw new ModelException(
          "the equation '" + equation + "' is not for " + in.inputCount() + " operands");
    }
    List<List<String>> operands = new ArrayList<>();
    Map<String, Long> sizes = new LinkedHashMap<>();
    for (int i = 0; i < terms.length; i++) {
      Shape shape = in.shape(i);
      List<String> indices = indices(terms[i], shape.rank());
      if (indices.size() != shape.rank()) {
        throw new ModelException(
            "the term '" + terms[i] + "' of '" + equation + "' does not fit the shape " + shape);
      }
      for (int axis = 0; axis < indices.size(); axis++) {
        join(sizes, indices.get(axis), shape.dim(axis), equation);
      }
      operands.add(indices);
    }
    List<String> output =
        arrow < 0
            ? implicitOutput(operands, ellipsisRank(sizes))
            : expanded(equation.substring(arrow + 2), ellipsisRank(sizes));
    if (new LinkedHashSet<>(output).size() < output.size()) {
      throw new ModelException("the output of '" + equation + "' contains an index twice");
    }
    for (String index : output) {
      if (!sizes.containsKey(index)) {
        throw new ModelException(
            "the output index '" + index + "' of '" + equation + "' is in no operand");
      }
    }
    return new EinsumEquation(operands, output, sizes);
  }

  private static void join(Map<String, Long> sizes, String index, long size, String equation) {
    Long known = sizes.putIfAbsent(index, size);
    if (known != null && known != size) {
      if (known != 1 && size != 1) {
        throw new ModelException(
            "the index '" + index + "' of '" + equation + "' is both " + known + " and " + size);
      }
      sizes.put(index, Math.max(known, size));
    }
  }

  private static int ellipsisRank(Map<String, Long> sizes) {
    return (int) sizes.keySet().stream().filter(index -> !isLetter(index)).count();
  }

  private static List<String> indices(String term, int rank) {
    int letters = term.replace("...", "").length();
    return expanded(term, Math.max(0, rank - letters));
  }

  private static List<String> expanded(String term, int ellipsis) {
    List<String> indices = new ArrayList<>();
    for (int i = 0; i < term.length(); i++) {
      if (term.startsWith("...", i)) {
        ellipsis(ellipsis).forEach(indices::add);
        i += 2;
      } else if (Character.isLetter(term.charAt(i))) {
        indices.add(term.substring(i, i + 1));
      } else {
        throw new ModelException("the Einsum term '" + term + "' must contain only letters");
      }
    }
    return indices;
  }

  /** Without an arrow: the ellipsis, then the letters that occur once, in alphabetical order. */
  private static List<String> implicitOutput(List<List<String>> operands, int ellipsis) {
    List<String> all = operands.stream().flatMap(List::stream).toList();
    Stream<String> once =
        all.stream()
            .filter(index -> isLetter(index) && Collections.frequency(all, index) == 1)
            .sorted();
    return Stream.concat(ellipsis(ellipsis), once).toList();
  }

  private static boolean isLetter(String index) {
    return Character.isLetter(index.charAt(0));
  }

  /** The indices of the axes that an ellipsis stands for, outermost first. */
  private static Stream<String> ellipsis(int rank) {
    return IntStream.rangeClosed(1, rank).mapToObj(i -> Integer.toString(rank - i));
  }

  Shape outputShape() {
    return shape(output);
  }

  private Shape shape(Collection<String> indices) {
    return Shape.of(sizes(indices).toArray());
  }

  private LongStream sizes(Collection<String> indices) {
    return indices.stream().mapToLong(index -> sizes.getOrDefault(index, 1L));
  }

  /**
   * The number of elements read from an operand: the product of the sizes of its indices, each
   * once, since a repeated index reads only the diagonal.
   */
  public long read(int operand) {
    return shape(new LinkedHashSet<>(operands.get(operand))).elements();
  }

  /**
   * One product of two operands.
   *
   * @param size the product of the sizes of all indices that either has
   * @param isContraction whether an index is summed over
   */
  public record Join(long size, boolean isContraction) {}

  /** The products when operands are joined in pairs from the left. */
  public List<Join> joins() {
    List<Join> joins = new ArrayList<>();
    Set<String> left = new LinkedHashSet<>(operands.get(0));
    for (int i = 1; i < operands.size(); i++) {
      Set<String> met = new LinkedHashSet<>(left);
      met.addAll(operands.get(i));
      int later = i + 1;
      Set<String> kept = new LinkedHashSet<>(met);
      kept.removeIf(index -> !output.contains(index) && !isUsedFrom(later, index));
      joins.add(new Join(sizes(met).reduce(1, Sizes::multiply), kept.size() < met.size()));
      left = kept;
    }
    return joins;
  }

  private boolean isUsedFrom(int position, String index) {
    return operands.stream().skip(position).anyMatch(indices -> indices.contains(index));
  }
}
