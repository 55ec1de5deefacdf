package dev.flopmeter.cli;

import dev.flopmeter.cli.output.IoReason;
import dev.flopmeter.count.CostRule;
import dev.flopmeter.count.CostRules;
import dev.flopmeter.count.RuleExpression;
import dev.flopmeter.count.Work;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Cost rules from a YAML file, by operator:
 *
 * <pre>
 * com.example:MyOp:
 *   macs: out.elements * in[1].dim(1)
 *   flops: 2 * out.elements
 * </pre>
 *
 * <p>{@code flops} are those beyond the MACs; what is left out is 0.
 */
final class RuleFile {
  private static final Set<String> KEYS = Set.of("macs", "flops");

  /** A file of rules is written by hand; anything larger is a mistake. */
  private static final long MOST_BYTES = 1 << 20;

  private RuleFile() {}

  /**
   * The standard rules with those of the file.
   *
   * @throws ModelException if it is missing or malformed, all mistakes of one kind named
   */
  static CostRules read(String file) {
    try {
      Path path = Path.of(file);
      if (!Files.isRegularFile(path)) {
        throw new ModelException("there is no such file");
      }
      if (Files.size(path) > MOST_BYTES) {
        throw new ModelException("a file of rules has at most " + MOST_BYTES + " bytes");
      }
      return parse(Files.readString(path));
    } catch (ModelException e) {
      throw e.at(file);
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new ModelException(
          file + (line > 0 ? ":" + line : "") + ": " + e.getOriginalMessage(), e);
    } catch (IOException | InvalidPathException e) {
      throw new ModelException(file + ": cannot be read: " + IoReason.of(e), e);
    }
  }

  static CostRules parse(String yaml) {
    JsonNode tree = new YAMLMapper().readTree(yaml);
    CostRules rules = CostRules.standard();
    if (tree == null || tree.isMissingNode() || tree.isNull()) {
      return rules;
    }
    if (!tree.isObject()) {
      throw new ModelException("it must name operators, each with macs and flops");
    }
    for (Map.Entry<String, JsonNode> entry : tree.properties()) {
      try {
        rules = rules.with(entry.getKey(), rule(entry.getValue()));
      } catch (ModelException e) {
        throw e.at(entry.getKey());
      }
    }
    return rules;
  }

  private static CostRule rule(JsonNode node) {
    if (!node.isObject()) {
      throw new ModelException("an operator needs macs or flops, such as 'flops: out.elements'");
    }
    Set<String> unknown = new TreeSet<>(node.propertyNames());
    unknown.removeAll(KEYS);
    if (!unknown.isEmpty()) {
      throw new ModelException(
          "unknown key " + String.join(", ", unknown) + "; there are macs and flops");
    }
    ToLongFunction<Operands> macs = expression(node.get("macs"));
    ToLongFunction<Operands> flops = expression(node.get("flops"));
    return in -> new Work(macs.applyAsLong(in), flops.applyAsLong(in));
  }

  private static ToLongFunction<Operands> expression(@Nullable JsonNode node) {
    if (node == null) {
      return in -> 0;
    }
    if (!node.isValueNode() || node.isNull()) {
      throw new ModelException("macs and flops are expressions, such as 2 * out.elements");
    }
    return RuleExpression.parse(node.asString());
  }
}
