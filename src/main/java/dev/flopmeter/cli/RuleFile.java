package dev.flopmeter.cli;

import dev.flopmeter.count.CostRule;
import dev.flopmeter.count.CostRules;
import dev.flopmeter.count.RuleExpression;
import dev.flopmeter.count.Work;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Cost rules from a YAML file, by operator:
 *
 * <pre>
 * com.example:MyOp:
 *   macs: out.elements * in[1].dim(1)
 *   flops: 2 * out.elements
 *   outputs:
 *     - {shape: [in.dim(0), attr.N], type: float32}
 *     - in[1]
 * </pre>
 *
 * <p>{@code flops} are in addition to the MACs; omitted fields are 0. An output is like an input,
 * or has a shape and a type, by default that of the first input.
 *
 * @param types of outputs, by operator
 */
record RuleFile(CostRules costs, Map<String, Function<Operands, List<TensorType>>> types) {
  private static final Set<String> KEYS = Set.of("macs", "flops", "outputs");

  /** The standard rules alone. */
  static final RuleFile NONE = new RuleFile(CostRules.standard(), Map.of());

  /** Rule files are written by hand, so anything larger is a mistake. */
  private static final long MOST_BYTES = 1 << 20;

  /**
   * The standard rules with those of the file.
   *
   * @throws ModelException if it is missing or malformed, all mistakes of one kind named
   */
  static RuleFile read(String file) {
    try {
      Path path = Path.of(file);
      if (!Files.isRegularFile(path)) {
        throw new ModelException("the file does not exist");
      }
      if (Files.size(path) > MOST_BYTES) {
        throw new ModelException("a rule file has at most " + MOST_BYTES + " bytes");
      }
      return parse(Files.readString(path));
    } catch (ModelException e) {
      throw e.at(file);
    } catch (MismatchedInputException e) {
      throw new ModelException(file + ": contains more than one document; keep one", e);
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new ModelException(
          file + (line > 0 ? ":" + line : "") + ": " + e.getOriginalMessage(), e);
    } catch (IOException | InvalidPathException e) {
      throw new ModelException(file + ": cannot be read: " + IoReason.of(e), e);
    }
  }

  static RuleFile parse(String yaml) {
    // Not a constant, because counting without such a file would then load all of Jackson.
    YAMLFactory strict =
        YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    JsonNode tree = new YAMLMapper(strict).readTree(yaml);
    CostRules rules = CostRules.standard();
    Map<String, Function<Operands, List<TensorType>>> types = new HashMap<>();
    if (tree == null || tree.isMissingNode() || tree.isNull()) {
      return NONE;
    }
    if (!tree.isObject()) {
      throw new ModelException("must list operators, each with macs and flops");
    }
    for (Map.Entry<String, JsonNode> entry : tree.properties()) {
      try {
        JsonNode node = entry.getValue();
        requireKeys(node);
        if (node.has("outputs")) {
          types.put(entry.getKey(), outputs(node.get("outputs")));
        }
        if (node.has("macs") || node.has("flops") || !node.has("outputs")) {
          rules = rules.with(entry.getKey(), rule(node));
        }
      } catch (ModelException e) {
        throw e.at(entry.getKey());
      }
    }
    return new RuleFile(rules, types);
  }

  private static void requireKeys(JsonNode node) {
    if (!node.isObject()) {
      throw new ModelException("an operator requires macs or flops, such as 'flops: out.elements'");
    }
    Set<String> unknown = new TreeSet<>(node.propertyNames());
    unknown.removeAll(KEYS);
    if (!unknown.isEmpty()) {
      throw new ModelException(
          "unknown key " + String.join(", ", unknown) + "; valid keys are macs, flops and outputs");
    }
  }

  private static CostRule rule(JsonNode node) {
    ToLongFunction<Operands> macs = expression(node.get("macs"));
    ToLongFunction<Operands> flops = expression(node.get("flops"));
    return in -> new Work(macs.applyAsLong(in), flops.applyAsLong(in));
  }

  private static ToLongFunction<Operands> expression(@Nullable JsonNode node) {
    if (node == null) {
      return in -> 0;
    }
    if (!node.isValueNode() || node.isNull()) {
      throw new ModelException("macs and flops must be expressions, such as 2 * out.elements");
    }
    return RuleExpression.parse(node.asString());
  }

  private static Function<Operands, List<TensorType>> outputs(@Nullable JsonNode node) {
    if (node == null || !node.isArray() || node.isEmpty()) {
      throw new ModelException("outputs must be a list, such as '[in[0]]'");
    }
    List<Function<Operands, TensorType>> outputs = new ArrayList<>();
    node.forEach(each -> outputs.add(output(each)));
    return in -> outputs.stream().map(output -> output.apply(in)).toList();
  }

  /** Like an input, or with a shape: that of an input, or an expression per dimension. */
  private static Function<Operands, TensorType> output(JsonNode node) {
    if (!node.isObject()) {
      int like = input(node.asString(""));
      return in -> in.type(like);
    }
    JsonNode shape = node.get("shape");
    JsonNode type = node.get("type");
    if (shape == null || node.size() != (type == null ? 1 : 2)) {
      throw new ModelException("an output must have a shape and a type, or be an input: in[0]");
    }
    Function<Operands, Shape> sizes;
    if (shape.isArray()) {
      List<ToLongFunction<Operands>> dims = new ArrayList<>();
      shape.forEach(each -> dims.add(expression(each)));
      sizes = in -> Shape.of(dims.stream().mapToLong(dim -> dim.applyAsLong(in)).toArray());
    } else {
      int like = input(shape.asString(""));
      sizes = in -> in.shape(like);
    }
    String named = type == null ? "in" : type.asString("");
    for (DataType each : DataType.values()) {
      if (each.label().equals(named)) {
        return in -> new TensorType(each, sizes.apply(in));
      }
    }
    int like = input(named);
    return in -> in.type(like).withShape(sizes.apply(in));
  }

  private static int input(String text) {
    Matcher input = Pattern.compile("in(?:\\[(\\d{1,3})])?").matcher(text);
    if (!input.matches()) {
      throw new ModelException(
          "'" + text + "' is not an input, such as in[0], or a type, such as float32");
    }
    return input.group(1) == null ? 0 : Integer.parseInt(input.group(1));
  }
}
