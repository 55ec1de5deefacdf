package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.text.Csv;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What operators take, by {@code signatures.csv}: how many inputs, of which types. */
public final class Signatures {
  private static final Map<String, String> LINES =
      Csv.linesByName(Signatures.class, "signatures.csv");

  /** Sizes and steps; native libraries and kernels take them as numbers of 32 bits, unseen. */
  private static final List<String> SIZES =
      List.of("kernel_shape", "strides", "dilations", "pads", "block_size", "size", "step");

  private Signatures() {}

  /**
   * Refuses what no version of the operator takes. Types that are not known pass.
   *
   * @throws ModelException naming the input or attribute
   */
  public static void require(Operands in) {
    String line = LINES.get(in.node().qualifiedOp());
    if (line == null) {
      return;
    }
    List<String> row = Csv.split(line);
    int count = in.inputCount();
    int least = Integer.parseInt(row.get(1));
    if (count < least || in.has(Integer.parseInt(row.get(2)))) {
      throw new ModelException("it has %s inputs, but takes %s".formatted(count, row.get(7)));
    }
    if (in.hasOutput(Integer.parseInt(row.get(6)))) {
      throw new ModelException("it has more outputs than " + row.get(6));
    }
    Map<String, String> first = new HashMap<>();
    for (int i = 0; i < count && !row.get(3).isEmpty(); i++) {
      String letters = repeated(row.get(3), i);
      if (i < least && !in.has(i) && !letters.endsWith("?")) {
        throw new ModelException("input %s is missing".formatted(i));
      }
      if (in.knownType(i).isPresent()) {
        String type = in.type(i).type().label();
        String group = repeated(row.get(4), i);
        String other = group.equals("-") ? type : first.getOrDefault(group, type);
        first.put(group, other);
        if (!other.equals(type)
            || (letters.indexOf('a' + in.type(i).type().code() - 1) < 0
                && !letters.startsWith("*"))) {
          String reason = other.equals(type) ? "which it does not take there" : "not " + other;
          throw new ModelException(
              "input %s, '%s', is %s, %s".formatted(i, in.node().inputs().get(i), type, reason));
        }
      }
    }
    for (String name : SIZES) {
      Object sizes = in.attributes().asMap().get(name);
      for (Object size : sizes instanceof List<?> list ? list : Collections.singleton(sizes)) {
        if (size instanceof Long value && value != value.intValue()) {
          throw new ModelException("'%s' has %s, which is too large".formatted(name, value));
        }
      }
    }
    if (!row.get(5).isEmpty()) {
      String[] choice = row.get(5).split("=", 2);
      String value = in.attributes().text(choice[0], "");
      if (in.attributes().has(choice[0]) && !List.of(choice[1].split("\\|", -1)).contains(value)) {
        throw new ModelException("'%s' is '%s', not %s".formatted(choice[0], value, choice[1]));
      }
    }
  }

  private static String repeated(String list, int index) {
    int from = 0;
    for (int i = 0; i < index && list.indexOf(' ', from) >= 0; i++) {
      from = list.indexOf(' ', from) + 1;
    }
    int end = list.indexOf(' ', from);
    return end < 0 ? list.substring(from) : list.substring(from, end);
  }
}
