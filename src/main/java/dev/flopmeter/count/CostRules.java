package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The registry of cost rules by qualified operator name, such as {@code Conv} or {@code
 * com.microsoft:Gelu}; immutable.
 *
 * <p>{@code CostRules.standard().with("MyOp", node -> Work.flops(2 * node.output(0).elements()))}
 * adds or replaces one.
 */
public final class CostRules {
  private static final CostRules STANDARD = new CostRules(Map.of());
  private static final Map<String, String> WORK = Csv.linesByWord(CostRules.class, "work.csv");
  private static final Map<String, String> DECOMPOSED =
      Csv.linesByWord(CostRules.class, "decomposed.csv");

  /** The documented rules that were needed so far. */
  private static final Map<String, CostRule> READ = new ConcurrentHashMap<>();

  /** The rules that were added to the documented ones, or replace them. */
  private final Map<String, CostRule> own;

  private CostRules(Map<String, CostRule> own) {
    this.own = Map.copyOf(own);
  }

  /** The documented rules of every supported operator. */
  public static CostRules standard() {
    return STANDARD;
  }

  /** These rules, with one added or replaced. */
  public CostRules with(String qualifiedOp, CostRule rule) {
    Map<String, CostRule> changed = new HashMap<>(own);
    changed.put(qualifiedOp, rule);
    return new CostRules(changed);
  }

  public Optional<CostRule> find(String qualifiedOp) {
    CostRule rule = own.getOrDefault(qualifiedOp, READ.get(qualifiedOp));
    if (rule == null) {
      rule = documented(qualifiedOp);
      if (rule != null) {
        READ.put(qualifiedOp, rule);
      }
    }
    return Optional.ofNullable(rule);
  }

  /** All operators with a rule, sorted. */
  public SortedSet<String> operators() {
    SortedSet<String> operators = new TreeSet<>(own.keySet());
    operators.addAll(WORK.keySet());
    operators.addAll(DECOMPOSED.keySet());
    return operators;
  }

  /** An operator that is made up of others has their work, unless it has a rule of its own. */
  private static @Nullable CostRule documented(String qualifiedOp) {
    String work = WORK.get(qualifiedOp);
    String decomposed = DECOMPOSED.get(qualifiedOp);
    if (work != null) {
      List<String> row = Csv.split(work);
      return WorkEquations.rule(row.get(1), row.get(2), row.get(3));
    }
    return decomposed == null
        ? null
        : new CostRule.Described(Csv.split(decomposed).get(1), new Decomposed());
  }

  /** The work of the operators that another is made up of. */
  private record Decomposed() implements CostRule {
    @Override
    public Work work(Operands in) {
      Graph body = Decompositions.of(in).orElseThrow();
      Work work = Work.NONE;
      for (Node node : body.nodes()) {
        CostRule rule = STANDARD.find(node.qualifiedOp()).orElseThrow();
        work = work.plus(rule.work(Operands.of(body, node)));
      }
      return work;
    }
  }
}
