package dev.flopmeter.model;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What operators are by nature, as sets of qualified names such as {@code Conv} or {@code
 * com.microsoft:Gelu}. Rules ask for a trait and do not list operators themselves. Which inputs
 * hold weights or indices is in {@link InputRoles}.
 */
public enum OperatorTrait {
  /** Another shape for the same elements in the same order. */
  RESHAPING("Flatten", "Reshape", "Squeeze", "Unsqueeze"),

  /** The output is the first input's buffer under another name or shape. */
  VIEW(List.of(RESHAPING), "Dropout", "Identity"),

  /** The output has the elements of the first input in the same order, maybe of another type. */
  SAME_ORDER(List.of(RESHAPING), "Cast", "CastLike", "Identity"),

  /** The outputs hold nothing but elements of the first input. */
  FROM_FIRST(
      List.of(SAME_ORDER),
      "Abs",
      "Ceil",
      "Clip",
      "Compress",
      "DepthToSpace",
      "Expand",
      "Floor",
      "Gather",
      "GatherElements",
      "GatherND",
      "Mod",
      "Pad",
      "ReduceMax",
      "ReduceMin",
      "ReverseSequence",
      "Round",
      "Slice",
      "SpaceToDepth",
      "Split",
      "Tile",
      "TopK",
      "Transpose",
      "Trilu",
      "Unique"),

  /** The output holds nothing but elements of its inputs, of any of them. */
  FROM_ANY("Concat", "Max", "Min", "Where"),

  /** Takes elements of every type and does not compute with them. */
  ANY_TYPE(
      List.of(SAME_ORDER),
      "BitCast",
      "DequantizeLinear",
      "DynamicQuantizeLinear",
      "Expand",
      "QuantizeLinear",
      "Transpose"),

  /** One input, each element on its own. */
  UNARY(
      "Abs",
      "Acos",
      "Acosh",
      "Asin",
      "Asinh",
      "Atan",
      "Atanh",
      "BitwiseNot",
      "Ceil",
      "Celu",
      "Clip",
      "Cos",
      "Cosh",
      "Elu",
      "Erf",
      "Exp",
      "Floor",
      "Gelu",
      "HardSigmoid",
      "HardSwish",
      "IsInf",
      "IsNaN",
      "LeakyRelu",
      "Log",
      "Mish",
      "Neg",
      "Not",
      "Reciprocal",
      "Relu",
      "Round",
      "Selu",
      "Shrink",
      "Sigmoid",
      "Sign",
      "Sin",
      "Sinh",
      "Softplus",
      "Softsign",
      "Sqrt",
      "Swish",
      "Tan",
      "Tanh",
      "ThresholdedRelu",
      "com.microsoft:FastGelu",
      "com.microsoft:Gelu",
      "com.microsoft:QuickGelu"),

  /** Compares two inputs of one type, with broadcasting; gives booleans. */
  COMPARISON("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),

  /** Two inputs, element by element with broadcasting. */
  BINARY(
      List.of(COMPARISON),
      "Add",
      "And",
      "BitShift",
      "BitwiseAnd",
      "BitwiseOr",
      "BitwiseXor",
      "Div",
      "Mod",
      "Mul",
      "Or",
      "PRelu",
      "Pow",
      "Sub",
      "SwiGLU",
      "Xor",
      "com.microsoft:BiasGelu"),

  /** Adds its inputs, element by element with broadcasting. */
  ADDITION("Add", "Sum"),

  /** Any number of inputs, element by element with broadcasting. */
  VARIADIC("Max", "Mean", "Min", "Sum"),

  /** Each element of the output depends on one element of each input. */
  ELEMENTWISE(List.of(UNARY, BINARY, VARIADIC), "Where"),

  /** Touches every element once, so that it could be joined to the operator before it. */
  ONE_PASS(List.of(ELEMENTWISE), "BatchNormalization", "Cast", "Dropout", "Identity"),

  /** The output has the leading dimensions of its inputs, all but the last two at least. */
  KEEPS_LEADING_AXES(
      List.of(ELEMENTWISE),
      "Cast",
      "CastLike",
      "Dropout",
      "Identity",
      "LayerNormalization",
      "MatMul",
      "Softmax"),

  /** Replaces numbers by the nearest on a grid, as quantisation does. */
  ROUNDING(
      "Ceil",
      "DynamicQuantizeLinear",
      "Floor",
      "QuantizeLinear",
      "Round",
      "com.microsoft:QuantizeLinear"),

  /** Computes on integers of few bits that stand for real numbers, or makes them. */
  QUANTIZED(
      "ConvInteger",
      "DequantizeLinear",
      "DynamicQuantizeLinear",
      "MatMulInteger",
      "QLinearConv",
      "QLinearMatMul",
      "QuantizeLinear",
      "com.microsoft:DequantizeLinear",
      "com.microsoft:DynamicQuantizeLSTM",
      "com.microsoft:DynamicQuantizeMatMul",
      "com.microsoft:MatMulIntegerToFloat",
      "com.microsoft:QAttention",
      "com.microsoft:QGemm",
      "com.microsoft:QLinearConv",
      "com.microsoft:QuantizeLinear"),

  /** Draws random numbers, so that two runs differ. */
  RANDOM(
      "Bernoulli",
      "Multinomial",
      "RandomNormal",
      "RandomNormalLike",
      "RandomUniform",
      "RandomUniformLike"),

  /** Stores its output: an attribute holds it. */
  STORING("Constant"),

  /** Fills its output with one number. */
  FILLING("ConstantOfShape"),

  /** Runs bodies: graphs in its attributes. */
  CONTROL_FLOW("If", "Loop", "Scan", "SequenceMap"),

  /** Reads the elements that it picks of its first input, not all. */
  PICKING(
      "Compress",
      "Gather",
      "GatherElements",
      "GatherND",
      "Slice",
      "com.microsoft:GatherBlockQuantized"),

  /** Sends each token through some of its experts. */
  ROUTED("com.microsoft:MoE", "com.microsoft:QMoE"),

  /** Asks for the shape of its input and reads none of its elements. */
  SHAPE_QUERY("Shape", "Size"),

  /**
   * One step after the other along the first axis of its first input, unless {@code layout} is 1.
   */
  RECURRENT("GRU", "LSTM", "RNN", "com.microsoft:DynamicQuantizeLSTM");

  @SuppressWarnings("ImmutableEnumChecker") // an unmodifiable set of its own
  private final Set<String> operators;

  OperatorTrait(String... operators) {
    this(List.of(), operators);
  }

  OperatorTrait(List<OperatorTrait> parts, String... operators) {
    Set<String> all = new TreeSet<>(List.of(operators));
    parts.forEach(part -> all.addAll(part.operators));
    this.operators = Collections.unmodifiableSet(all);
  }

  /** Whether {@code node}'s operator has this trait. */
  public boolean of(Node node) {
    return has(node.qualifiedOp());
  }

  /** Whether the operator of this qualified name has this trait. */
  public boolean has(String qualifiedOp) {
    return operators.contains(qualifiedOp);
  }

  /** All operators with this trait by qualified name, sorted. */
  public Set<String> operators() {
    return operators;
  }
}
