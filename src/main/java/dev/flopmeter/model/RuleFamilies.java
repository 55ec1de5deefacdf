package dev.flopmeter.model;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Rules by qualified operator name, in families. A family is set up when an operator is looked for
 * that none before it has: setting all of them up takes a fifth of a short command's time.
 *
 * @param <R> the kind of rule
 */
public final class RuleFamilies<R> {
  private final List<Consumer<Map<String, R>>> families;
  private final Map<String, R> rules = new HashMap<>();
  private int loaded;

  /**
   * @param families each adds its rules to those of the families before it; the ones with the most
   *     common operators come first
   */
  public RuleFamilies(List<Consumer<Map<String, R>>> families) {
    this.families = List.copyOf(families);
  }

  /** The rule of an operator such as {@code Conv} or {@code com.microsoft:Gelu}. */
  public synchronized Optional<R> find(String qualifiedOp) {
    while (!rules.containsKey(qualifiedOp) && loaded < families.size()) {
      load();
    }
    return Optional.ofNullable(rules.get(qualifiedOp));
  }

  /** All operators with a rule. */
  public synchronized Set<String> operators() {
    while (loaded < families.size()) {
      load();
    }
    return Collections.unmodifiableSet(rules.keySet());
  }

  private void load() {
    Map<String, R> before = Map.copyOf(rules);
    families.get(loaded++).accept(rules);
    before.forEach(
        (op, rule) -> {
          if (rules.get(op) != rule) {
            throw new IllegalStateException(op + " has rules in two families");
          }
        });
  }
}
