package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.text.Csv;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The inputs of operators, from {@code signatures.csv}: their number and types. */
public final class Signatures {
  private static final Map<String, String> LINES =
      Csv.linesByWord(Signatures.class, "signatures.csv");

  /** The lines that were used so far. */
  private static final Map<String, Signature> READ = new ConcurrentHashMap<>();

  /** Sizes and steps; native libraries and kernels use them as 32-bit numbers, unchecked. */
  private static final Set<String> SIZES =
      Set.of("kernel_shape", "strides", "dilations", "pads", "block_size", "size", "step");

  private Signatures() {}

  /**
   * Rejects inputs that no version of the operator accepts. Unknown types pass.
   *
   * @throws ModelException naming the input or attribute
   */
  public static void require(Operands in) {
    String op = in.node().qualifiedOp();
    String line = LINES.get(op);
    if (line != null) {
      Signature read = READ.get(op);
      if (read == null) {
        read = Signature.of(line);
        READ.put(op, read);
      }
      read.require(in);
    }
  }

  /**
   * One operator.
   *
   * @param row of the table
   * @param least the minimum number of inputs
   * @param types letters of the types that each input accepts; the last applies to all further ones
   * @param groups by input, in the same way, a name that all inputs with the same type share
   */
  private record Signature(List<String> row, int least, List<String> types, List<String> groups) {
    static Signature of(String line) {
      List<String> row = Csv.split(line);
      List<String> types = row.get(3).isEmpty() ? List.of() : List.of(row.get(3).split(" ", -1));
      List<String> groups = List.of(row.get(4).split(" ", -1));
      return new Signature(row, Integer.parseInt(row.get(1)), types, groups);
    }

    void require(Operands in) {
      int count = in.inputCount();
      if (count < least || in.has(Integer.parseInt(row.get(2)))) {
        throw new ModelException("it has %s inputs, but takes %s".formatted(count, row.get(7)));
      }
      if (in.hasOutput(Integer.parseInt(row.get(6)))) {
        throw new ModelException("it has more outputs than " + row.get(6));
      }
      Map<String, DataType> first = new HashMap<>();
      for (int i = 0; i < count && !types.isEmpty(); i++) {
        requireType(in, i, first);
      }
      for (Map.Entry<String, Object> attribute : in.attributes().asMap().entrySet()) {
        requireSize(attribute.getKey(), attribute.getValue());
      }
      requireChoice(in);
    }

    /**
     * @param first the type of the first input of each group
     */
    private void requireType(Operands in, int index, Map<String, DataType> first) {
      String letters = at(types, index);
      if (index < least && !in.has(index) && !letters.endsWith("?")) {
        throw new ModelException("input %s is missing".formatted(index));
      }
      TensorType known = in.knownType(index).orElse(null);
      if (known != null) {
        DataType type = known.type();
        String group = at(groups, index);
        DataType other = group.equals("-") ? type : first.getOrDefault(group, type);
        first.put(group, other);
        boolean isTaken = letters.indexOf('a' + type.code() - 1) >= 0 || letters.startsWith("*");
        if (other != type || !isTaken) {
          String reason = other == type ? "which it does not take there" : "not " + other.label();
          throw new ModelException(
              "input %s, '%s', is %s, %s"
                  .formatted(index, in.node().inputs().get(index), type.label(), reason));
        }
      }
    }

    private static String at(List<String> list, int index) {
      return list.get(Math.min(index, list.size() - 1));
    }

    private static void requireSize(String name, Object sizes) {
      if (SIZES.contains(name)) {
        for (Object size : sizes instanceof List<?> list ? list : Collections.singleton(sizes)) {
          if (size instanceof Long value && value != value.intValue()) {
            throw new ModelException("'%s' has %s, which is too large".formatted(name, value));
          }
        }
      }
    }

    private void requireChoice(Operands in) {
      if (!row.get(5).isEmpty()) {
        String[] choices = row.get(5).split("=", 2);
        String value = in.attributes().text(choices[0], "");
        if (in.attributes().has(choices[0])
            && !List.of(choices[1].split("\\|", -1)).contains(value)) {
          throw new ModelException("'%s' is '%s', not %s".formatted(choices[0], value, choices[1]));
        }
      }
    }
  }
}
