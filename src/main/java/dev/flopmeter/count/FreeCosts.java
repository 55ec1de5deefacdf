package dev.flopmeter.count;

import dev.flopmeter.model.OperatorTrait;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Operators without arithmetic: they move, make, pick or ask about data, or decide by logic. */
final class FreeCosts {
  private FreeCosts() {}

  private static final List<String> MOVE =
      List.of(
          "CenterCropPad",
          "Col2Im",
          "Compress",
          "Concat",
          "DepthToSpace",
          "Expand",
          "Gather",
          "GatherElements",
          "GatherND",
          "MaxUnpool",
          "OneHot",
          "Pad",
          "ReverseSequence",
          "Slice",
          "SpaceToDepth",
          "Split",
          "TensorScatter",
          "Tile",
          "Transpose",
          "Trilu",
          "Where");

  private static final List<String> MAKE =
      List.of(
          "Bernoulli",
          "BlackmanWindow",
          "Constant",
          "ConstantOfShape",
          "EyeLike",
          "HammingWindow",
          "HannWindow",
          "MelWeightMatrix",
          "Multinomial",
          "RandomNormal",
          "RandomNormalLike",
          "RandomUniform",
          "RandomUniformLike",
          "Range");

  private static final List<String> ASK = List.of("IsInf", "IsNaN", "NonZero", "Shape", "Size");

  private static final List<String> LOGIC =
      List.of(
          "And",
          "BitCast",
          "BitShift",
          "BitwiseAnd",
          "BitwiseNot",
          "BitwiseOr",
          "BitwiseXor",
          "Cast",
          "CastLike",
          "Not",
          "Or",
          "Xor");

  private static final List<String> OTHER_DATA =
      List.of(
          "ConcatFromSequence",
          "ImageDecoder",
          "LabelEncoder",
          "Optional",
          "OptionalGetElement",
          "OptionalHasElement",
          "RegexFullMatch",
          "SequenceAt",
          "SequenceConstruct",
          "SequenceEmpty",
          "SequenceErase",
          "SequenceInsert",
          "SequenceLength",
          "SplitToSequence",
          "StringConcat",
          "StringNormalizer",
          "StringSplit",
          "TfIdfVectorizer");

  static void addTo(Map<String, CostRule> rules) {
    add(rules, MOVE, "moves data");
    add(rules, OperatorTrait.VIEW.operators(), "another view of the same data; moves nothing");
    add(rules, MAKE, "makes data");
    add(rules, ASK, "asks about data");
    add(rules, LOGIC, "logic on bits, or another encoding of the same values");
    add(rules, OTHER_DATA, "handles sequences, optional values, texts or pictures");
    add(rules, List.of("Dropout"), "passes its input on when a network is used");
  }

  private static void add(Map<String, CostRule> rules, Collection<String> operators, String why) {
    CostRule rule = CostRule.described("0: " + why, in -> Work.NONE);
    for (String op : operators) {
      rules.put(op, rule);
    }
  }
}
