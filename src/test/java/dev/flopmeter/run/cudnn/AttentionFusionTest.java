package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention as one fused cuDNN graph, and the steps that run if there is no engine for it. */
class AttentionFusionTest {
  @RegisterExtension static final BothBackends backends = new BothBackends();

  private final GraphBuilder graph = new GraphBuilder("attention", 23);
  private final Map<String, Tensor> fed = new LinkedHashMap<>();

  private String input(String name, long... dims) {
    TensorType type = TensorType.of(DataType.FLOAT, dims);
    fed.put(name, new RandomTensor(type, fed.size() + 1, -1, 1));
    return graph.input(name, type);
  }

  private String op(String op, String name, Attributes attributes, String... inputs) {
    return graph.add(op, name, attributes, inputs);
  }

  /** Scores of 2 x 3 heads, 5 queries and 7 keys. */
  private String scores(long width) {
    String k = input("k", 2, 3, 7, width);
    Attributes turn = Attributes.of("perm", new long[] {0, 1, 3, 2});
    String keys = op("Transpose", "keys", turn, k);
    return op("MatMul", "scores", Attributes.NONE, input("q", 2, 3, 5, width), keys);
  }

  private String attended(String scores, long width) {
    String shares = op("Softmax", "softmax", Attributes.of("axis", -1), scores);
    return op("MatMul", "values", Attributes.NONE, shares, input("v", 2, 3, 7, width));
  }

  private String scaled(String scores) {
    graph.constant("factor", Tensor.ofFloats(Shape.SCALAR, 2.5f));
    return op("Div", "scaled", Attributes.NONE, scores, "factor");
  }

  private String masked(String scores, long... dims) {
    return op("Add", "masked", Attributes.NONE, scores, input("mask", dims));
  }

  private List<Step> steps(String output, RunOptions options) {
    Graph built = graph.build(List.of(output));
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(built, RunOptions.DEFAULT)) {
      expected = plan.run(fed);
    }
    try (Plan plan = backends.gpu().prepare(built, options)) {
      assertThat(Comparison.relativeL2(expected, plan.run(fed)))
          .isLessThan(Comparison.limit(options.precision()));
      return plan.steps();
    }
  }

  private static String algorithm(Step step) {
    return Objects.requireNonNull(step.kernel()).algorithm();
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP16", "BF16"})
  void isOneStepIn16Bits(Precision precision) {
    String y = attended(masked(scaled(scores(16)), 5, 7), 8);
    List<Step> steps = steps(y, RunOptions.DEFAULT.withPrecision(precision));
    assertThat(steps).hasSize(1);
    assertThat(steps.get(0).nodes())
        .containsExactlyInAnyOrder("scores", "keys", "scaled", "masked", "softmax", "values");
    assertThat(algorithm(steps.get(0))).startsWith("graph attention");
  }

  @ParameterizedTest
  @CsvSource({"5x7", "1x7", "2x1x1x7", "1x3x5x7", "3x5x7"})
  void takesAnyMaskThatFits(String mask) {
    long[] dims = java.util.Arrays.stream(mask.split("x")).mapToLong(Long::parseLong).toArray();
    String y = attended(masked(scores(8), dims), 8);
    List<Step> steps = steps(y, RunOptions.DEFAULT.withPrecision(Precision.FP16));
    assertThat(steps).hasSize(1);
    assertThat(algorithm(steps.get(0))).startsWith("graph attention");
  }

  @ParameterizedTest
  @CsvSource({"12, 8", "8, 4", "264, 8"})
  void runsStepByStepInHeadsThatCudnnDoesNotFuse(long width, long valueWidth) {
    String y = attended(scaled(scores(width)), valueWidth);
    List<Step> steps = steps(y, RunOptions.DEFAULT.withPrecision(Precision.FP16));
    assertThat(steps).hasSize(1);
    assertThat(algorithm(steps.get(0))).contains("graph matmul").contains("ptx:softmax_rows");
    assertThat(steps.get(0).kernel()).extracting(KernelInfo::math).isEqualTo("tensor_op");
  }

  /** A fully hidden row has shares of NaN, which PyTorch's exports replace by 0. */
  private String guarded(float... mask) {
    graph.constant("mask", Tensor.ofFloats(Shape.of(mask.length / 7, 7), mask));
    graph.constant("zero", Tensor.ofFloats(Shape.SCALAR, 0));
    String masked = op("Add", "masked", Attributes.NONE, scores(8), "mask");
    String shares = op("Softmax", "softmax", Attributes.of("axis", -1), masked);
    String test = op("IsNaN", "test", Attributes.NONE, shares);
    String safe = op("Where", "safe", Attributes.NONE, test, "zero", shares);
    return op("MatMul", "values", Attributes.NONE, safe, input("v", 2, 3, 7, 8));
  }

  @Test
  void leavesOutAGuardAgainstTheImpossible() {
    float hidden = Float.NEGATIVE_INFINITY;
    String y = guarded(0, hidden, 0, 0, hidden, 0, 0);
    List<Step> steps = steps(y, RunOptions.DEFAULT.withPrecision(Precision.FP16));
    assertThat(steps).hasSize(1);
    assertThat(algorithm(steps.get(0))).startsWith("graph attention");
    assertThat(steps.get(0).nodes()).contains("test", "safe");
  }

  @Test
  void keepsAGuardThatIsNeeded() {
    float[] mask = new float[35];
    java.util.Arrays.fill(mask, 7, 14, Float.NEGATIVE_INFINITY);
    String y = guarded(mask);
    List<Step> steps = steps(y, RunOptions.DEFAULT.withPrecision(Precision.FP16));
    assertThat(steps).extracting(Step::op).contains("Where");
  }

  private List<Step> attentionOperator(Attributes attributes, String... inputs) {
    String y = op("Attention", "attention", attributes, inputs);
    return steps(y, RunOptions.DEFAULT.withPrecision(Precision.FP16));
  }

  @Test
  void fusesTheOperatorToo() {
    String q = input("q", 2, 5, 24);
    String k = input("k", 2, 7, 24);
    String v = input("v", 2, 7, 24);
    Attributes heads = Attributes.of("q_num_heads", 3, "kv_num_heads", 3);
    List<Step> steps = attentionOperator(heads, q, k, v, input("mask", 5, 7));
    assertThat(algorithm(steps.get(0))).contains("graph attention");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void fusesHeadsThatShareKeys(int keyHeads) {
    String q = input("q", 2, 5, 6 * 8);
    String k = input("k", 2, 7, keyHeads * 8);
    String v = input("v", 2, 7, keyHeads * 8);
    Attributes heads = Attributes.of("q_num_heads", 6, "kv_num_heads", keyHeads);
    List<Step> steps = attentionOperator(heads, q, k, v);
    assertThat(algorithm(steps.get(0))).startsWith("graph attention");
  }

  @ParameterizedTest
  @CsvSource({"7, 0", "5, 0", "5, 3", "1, 6"})
  void fusesACausalMaskBehindThePast(int queries, int past) {
    String q = input("q", 2, 3, queries, 8);
    String k = input("k", 2, 3, 7, 8);
    String v = input("v", 2, 3, 7, 8);
    Attributes causal = Attributes.of("is_causal", 1);
    List<Step> steps =
        past == 0
            ? attentionOperator(causal, q, k, v)
            : attentionOperator(
                causal, q, k, v, "", input("pk", 2, 3, past, 8), input("pv", 2, 3, past, 8));
    assertThat(algorithm(steps.get(0))).contains("graph attention");
  }

  @Test
  void fusesAMaskOfBooleans() {
    String q = input("q", 2, 3, 5, 8);
    String k = input("k", 2, 3, 7, 8);
    String v = input("v", 2, 3, 7, 8);
    float[] seen = new float[35];
    java.util.Arrays.fill(seen, 1);
    seen[3] = 0;
    seen[30] = 0;
    graph.constant("floats", Tensor.ofFloats(Shape.of(5, 7), seen));
    String mask = op("Cast", "mask", Attributes.of("to", DataType.BOOL.code()), "floats");
    List<Step> steps = attentionOperator(Attributes.NONE, q, k, v, mask);
    assertThat(algorithm(steps.get(steps.size() - 1))).contains("graph attention");
  }

  @Test
  void saysWhyItIsNotFused() {
    String q = input("q", 2, 3, 5, 8);
    String k = input("k", 2, 3, 7, 8);
    String v = input("v", 2, 3, 7, 8);
    List<Step> steps = attentionOperator(Attributes.of("softcap", 2f), q, k, v);
    assertThat(algorithm(steps.get(0)))
        .startsWith("not fused (the scores are capped): graph matmul");
  }

  @Test
  void keepsItsPartsInFloat32() {
    String y = attended(scaled(scores(8)), 8);
    assertThat(steps(y, RunOptions.DEFAULT)).hasSizeGreaterThan(3);
  }

  @Test
  void keepsItsPartsWhereNothingIsToBeFused() {
    String y = attended(scores(8), 8);
    RunOptions options = RunOptions.DEFAULT.withPrecision(Precision.FP16).withFuse(false);
    assertThat(steps(y, options)).hasSizeGreaterThan(3);
  }

  @Test
  void keepsAScaleThatChangesTheShape() {
    String scores = scores(8);
    graph.constant("factor", Tensor.ofFloats(Shape.of(1, 1, 1, 1, 1), 2));
    String scaled = op("Mul", "scaled", Attributes.NONE, scores, "factor");
    List<Step> steps = steps(attended(scaled, 8), RunOptions.DEFAULT.withPrecision(Precision.FP16));
    assertThat(steps).extracting(Step::op).contains("Softmax");
  }

  @Test
  void takesTheScaleOfTheQueriesIn() {
    graph.constant("factor", Tensor.ofFloats(Shape.SCALAR, 0.25f));
    String keys =
        op(
            "Transpose",
            "keys",
            Attributes.of("perm", new long[] {0, 1, 3, 2}),
            input("k", 2, 3, 7, 8));
    String queries = op("Mul", "scaled", Attributes.NONE, "factor", input("q", 2, 3, 5, 8));
    String y = attended(op("MatMul", "scores", Attributes.NONE, queries, keys), 8);
    List<Step> steps = steps(y, RunOptions.DEFAULT.withPrecision(Precision.FP16));
    assertThat(steps).hasSize(1);
    assertThat(steps.get(0).nodes()).contains("scaled");
  }

  @Test
  void keepsScoresThatSomethingElseReads() {
    String scores = scores(8);
    String y = attended(scores, 8);
    String other = op("Relu", "other", Attributes.NONE, scores);
    Graph built = graph.build(List.of(y, other));
    RunOptions options = RunOptions.DEFAULT.withPrecision(Precision.FP16);
    try (Plan plan = backends.gpu().prepare(built, options)) {
      assertThat(plan.steps()).extracting(Step::op).contains("Softmax");
    }
  }
}
