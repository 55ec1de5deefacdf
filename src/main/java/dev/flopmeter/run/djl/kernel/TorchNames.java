package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The names of PyTorch that the equations of kernels may use, from {@code torch-names.csv}. */
final class TorchNames {
  private static final Map<String, Set<String>> BY_ROLE = new HashMap<>();

  static {
    for (List<String> row : Csv.rows(TorchNames.class, "torch-names.csv")) {
      BY_ROLE.put(row.get(0), Set.of(row.get(1).split(" ", -1)));
    }
  }

  /** Functions whose result shares the memory of their operand. */
  static final Set<String> VIEWS = all("view");

  /** Functions that only prepare the operands or results of the one that does the work. */
  static final Set<String> PREPARING = all("view", "preparing");

  /** Functions that do the main work of a kernel. */
  static final Set<String> WORKING = all("working");

  static final Set<String> FUNCTIONS = all("view", "preparing", "working", "function");

  /** The content of quotes. */
  static final Set<String> WORDS = all("word");

  private TorchNames() {}

  private static Set<String> all(String... roles) {
    Set<String> all = new HashSet<>();
    for (String role : roles) {
      all.addAll(BY_ROLE.getOrDefault(role, Set.of()));
    }
    return Set.copyOf(all);
  }
}
