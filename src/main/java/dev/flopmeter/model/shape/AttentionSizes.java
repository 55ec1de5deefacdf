package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Dialect;
import java.util.Map;
import java.util.Objects;

/**
 * The sizes of an attention: ONNX's own, or one of ONNX Runtime's (its ContribOperators.md); the
 * equations of {@code attention.txt} compute them.
 *
 * @param batch sequences
 * @param heads of queries
 * @param keyHeads of keys and values; each serves {@code heads / keyHeads} heads of queries
 * @param queries of each sequence
 * @param fresh keys of each sequence that are not from the past
 * @param total keys that a query is compared with, those of the past included
 * @param present keys in the outputs that hold them for the next step; at least {@code total}
 * @param depth of a query's and a key's head
 * @param valueDepth of a value's head
 */
public record AttentionSizes(
    long batch,
    long heads,
    long keyHeads,
    long queries,
    long fresh,
    long total,
    long present,
    long depth,
    long valueDepth) {

  static final Map<String, Definition> EQUATIONS =
      Definition.read(
          AttentionSizes.class, new Dialect("attention.txt", NodeFunctions::find, name -> false));

  /**
   * The sizes of {@code in}'s node.
   *
   * @throws dev.flopmeter.model.ModelException if its inputs and attributes do not fit
   */
  public static AttentionSizes of(Operands in) {
    Definition sizes = Objects.requireNonNull(EQUATIONS.get("sizes"));
    long[] all = Attributes.longs(new TypeEquations(in).results(sizes));
    return new AttentionSizes(
        all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7], all[8]);
  }

  /** All sizes under the names that equations have for them. */
  Map<String, Object> byName() {
    return Map.of(
        "batch", batch,
        "heads", heads,
        "key_heads", keyHeads,
        "queries", queries,
        "fresh", fresh,
        "total", total,
        "past", total - fresh,
        "present", present,
        "depth", depth,
        "value_depth", valueDepth);
  }
}
