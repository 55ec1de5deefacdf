package dev.flopmeter.model;

import java.util.Set;
import java.util.TreeSet;

/**
 * The nature of operators, as sets of qualified names such as {@code Conv} or {@code
 * com.microsoft:Gelu}. Rules check a trait instead of listing operators, which only {@code
 * operators.csv} does.
 */
public enum OperatorTrait {
  /** Another shape for the same elements in the same order. */
  RESHAPING,

  /** The output is the first input's buffer under another name or shape. */
  VIEW(RESHAPING),

  /** The output has the elements of the first input in the same order, maybe of another type. */
  SAME_ORDER(RESHAPING),

  /** The outputs contain only elements of the first input. */
  FROM_FIRST(SAME_ORDER),

  /** The output contains only elements of its inputs, of any of them. */
  FROM_ANY,

  /** Accepts elements of every type and does not compute with them. */
  ANY_TYPE(SAME_ORDER),

  /** One input; each element is computed separately. */
  UNARY,

  /** Compares two inputs of one type, with broadcasting; the result is boolean. */
  COMPARISON,

  /** Two inputs, element by element with broadcasting. */
  BINARY(COMPARISON),

  /** The product of two matrices, the second transposed if {@code transB} is 1. */
  PRODUCT,

  /** Multiplies, and adds its third input to each output. */
  BIASED,

  /** Adds its inputs, element by element with broadcasting. */
  ADDITION,

  /** Any number of inputs, element by element with broadcasting. */
  VARIADIC,

  /** Each element of the output depends on one element of each input. */
  ELEMENTWISE(UNARY, BINARY, VARIADIC),

  /** Joins the elements along axes, all unless some are named. */
  REDUCTION,

  /** Reads every element once, so that it could be fused into the operator before it. */
  ONE_PASS(ELEMENTWISE),

  /** The output keeps the leading dimensions of its inputs, at least all but the last two. */
  KEEPS_LEADING_AXES(ELEMENTWISE),

  /** Replaces numbers by the nearest on a grid, as quantisation does. */
  ROUNDING,

  /** Computes with few-bit integers that represent real numbers, or creates them. */
  QUANTIZED,

  /** Draws random numbers, so that two runs differ. */
  RANDOM,

  /** An attribute holds its output. */
  STORING,

  /** Fills its output with one number. */
  FILLING,

  /** Runs bodies: graphs in its attributes. */
  CONTROL_FLOW,

  /** Reads only the selected elements of its first input. */
  PICKING,

  /** Its work depends on integers that it reads, such as the lengths of sequences. */
  COUNTED_BY_LENGTHS,

  /** Sends each token to some of its experts. */
  ROUTED,

  /** Queries the shape of its input and reads none of its elements. */
  SHAPE_QUERY,

  /** Runs step by step along the first axis of its first input, unless {@code layout} is 1. */
  RECURRENT;

  @SuppressWarnings("ImmutableEnumChecker") // never changed
  private final OperatorTrait[] parts;

  OperatorTrait(OperatorTrait... parts) {
    this.parts = parts;
  }

  /** Whether what has one of these traits has this one, too. */
  boolean hasPart(Set<OperatorTrait> traits) {
    for (OperatorTrait part : parts) {
      if (traits.contains(part)) {
        return true;
      }
    }
    return false;
  }

  /** Whether {@code node}'s operator has this trait. */
  public boolean of(Node node) {
    return has(node.qualifiedOp());
  }

  /** Whether the operator of this qualified name has this trait. */
  public boolean has(String qualifiedOp) {
    return OperatorRow.of(qualifiedOp).traits().contains(this);
  }

  /** All operators with this trait by qualified name, sorted. */
  public Set<String> operators() {
    Set<String> operators = new TreeSet<>();
    for (String each : OperatorRow.operators()) {
      if (has(each)) {
        operators.add(each);
      }
    }
    return operators;
  }
}
