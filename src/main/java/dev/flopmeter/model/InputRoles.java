package dev.flopmeter.model;

import java.util.Set;

/**
 * The roles of an operator's inputs: learned data, or arguments.
 *
 * <p>Three kinds of operators: those with weight slots, where a stored tensor was learned, of any
 * type and size; those that pass data on from some inputs while the others are arguments (axes,
 * bounds, quantisation scales); and all others, where any stored floating-point tensor of more than
 * one element counts as learned, since a single number is a setting (epsilon, slope) far more often
 * than a learned value.
 */
public final class InputRoles {
  private InputRoles() {}

  /** Whether {@code node} multiplies and has a bias to add. */
  public static boolean hasBias(Node node) {
    return OperatorTrait.BIASED.of(node) && node.hasInput(2);
  }

  /** Whether input {@code index} of {@code node} is a slot for weights. */
  public static boolean isWeight(Node node, int index) {
    return OperatorRow.of(node.qualifiedOp()).weights().contains(index);
  }

  /** Whether input {@code index} of {@code node} is data rather than an argument. */
  public static boolean isData(Node node, int index) {
    Set<Integer> slots = OperatorRow.of(node.qualifiedOp()).data();
    return slots == null || slots.contains(index);
  }

  /** Whether a selecting operator reads only the selected elements of input {@code index}. */
  public static boolean isPicked(Node node, int index) {
    boolean hasScales = node.qualifiedOp().equals("com.microsoft:GatherBlockQuantized");
    return index == 0 || (hasScales && index > 1);
  }

  /** The number of values in input {@code index}: several per element if bytes hold narrow ones. */
  public static long values(Operands in, int index) {
    long elements = in.type(index).elements();
    if (in.type(index).type() != DataType.UINT8 || !isWeight(in.node(), index)) {
      return elements;
    }
    return switch (in.node().qualifiedOp()) {
      case "com.microsoft:MatMulNBits", "com.microsoft:MatMulBnb4" ->
          Sizes.multiply(in.attributes().integer("N"), in.attributes().integer("K"));
      case "com.microsoft:MatMulFpQ4" -> Sizes.product(in.requireLongs(2));
      case "com.microsoft:GatherBlockQuantized",
          "com.microsoft:MatMulNBitsMlp",
          "com.microsoft:MatMulNBitsQkv" ->
          Sizes.multiply(elements, 8 / in.attributes().integer("bits", 4));
      case "com.microsoft:QMoE" ->
          Sizes.multiply(elements, 8 / in.attributes().integer("expert_weight_bits", 4));
      default -> elements;
    };
  }
}
