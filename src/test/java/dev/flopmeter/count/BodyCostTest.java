package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * How often a Loop's body counts, depending on what ends it. Its body is one Relu of 2 x 3
 * elements.
 */
class BodyCostTest {
  private static final long ONCE = 2 * 3;
  private static final Tensor TRUE = flag(1);
  private static final Tensor FALSE = flag(0);

  private static Tensor flag(long value) {
    return DenseTensor.ofLongs(new TensorType(DataType.BOOL, Shape.SCALAR), value);
  }

  private static Node node(String op, List<String> in, List<String> out, Attributes attributes) {
    return new Node("", "", op, 21, in, out, attributes, Map.of());
  }

  private static List<ValueInfo> open(String... names) {
    return List.of(names).stream().map(name -> new ValueInfo(name, null, null)).toList();
  }

  /** The count of a Loop with {@code limit} and {@code start}; "" omits them. */
  private static Counts count(String limit, String start, String goOn, Node... more) {
    List<Node> nodes =
        new java.util.ArrayList<>(
            List.of(node("Relu", List.of("v"), List.of("w"), Attributes.NONE)));
    nodes.addAll(List.of(more));
    GraphTemplate body =
        new GraphTemplate("body", open("i", "c", "v"), open(goOn, "w"), Map.of(), nodes, Map.of());
    Node loop = node("Loop", List.of(limit, start, "x"), List.of("y"), Attributes.of("body", body));
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", TensorType.of(DataType.FLOAT, 2, 3)),
                ValueInfo.of("fed", TensorType.of(DataType.BOOL))),
            open("y"),
            Map.of("five", Tensor.ofLong(5), "true", TRUE, "false", FALSE),
            List.of(loop),
            Map.of());
    Graph graph = new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE);
    return Counter.standard().count(graph);
  }

  private static Node yes() {
    return node("Constant", List.of(), List.of("t"), Attributes.of("value", TRUE));
  }

  @Test
  void aLoopWithoutAConditionIgnoresThatOfItsBody() {
    Node stop = node("Not", List.of("c"), List.of("n"), Attributes.NONE);
    assertThat(count("five", "", "n", stop).totals().flops()).isEqualTo(5 * ONCE);
  }

  @Test
  void aConditionThatStaysTrueDoesNotEndALoop() {
    Node keep = node("Identity", List.of("c"), List.of("k"), Attributes.NONE);
    assertThat(count("five", "true", "t", yes()).totals().flops()).isEqualTo(5 * ONCE);
    assertThat(count("five", "true", "c").totals().flops()).isEqualTo(5 * ONCE);
    assertThat(count("five", "true", "k", keep).totals().flops()).isEqualTo(5 * ONCE);
  }

  @Test
  void aLoopThatDoesNotStartCostsNothing() {
    assertThat(count("five", "false", "c").totals().flops()).isZero();
    assertThat(count("", "false", "c").totals().flops()).isZero();
  }

  @Test
  void anExactNumberOfIterationsIsANoteButNoApproximation() {
    Counts counts = count("five", "true", "c");
    assertThat(counts.notes()).singleElement().asString().contains("with its 5 iterations");
    assertThat(counts.approximations()).isEmpty();
  }

  @Test
  void dataDependentWorkCountsOnce() {
    Node stop = node("Not", List.of("c"), List.of("n"), Attributes.NONE);
    for (Counts counts :
        List.of(
            count("five", "fed", "t", yes()),
            count("five", "true", "n", stop),
            count("", "fed", "t", yes()))) {
      assertThat(counts.totals().flops()).isEqualTo(ONCE);
      assertThat(counts.notes()).singleElement().asString().contains("for one iteration");
      assertThat(counts.approximations()).isEqualTo(counts.notes());
    }
  }

  /** Twice as wide after each run: only the first run has the type that the loop started with. */
  @Test
  void valuesThatGrowWithEachRunAreNotCountedAsConstant() {
    Node twice = node("Concat", List.of("v", "v"), List.of("w"), Attributes.of("axis", 0L));
    Node square = node("Mul", List.of("v", "v"), List.of("s"), Attributes.NONE);
    GraphTemplate body =
        new GraphTemplate(
            "body",
            open("i", "c", "v"),
            open("c", "w", "s"),
            Map.of(),
            List.of(twice, square),
            Map.of());
    Node loop =
        node("Loop", List.of("five", "", "x"), List.of("y", "z"), Attributes.of("body", body));
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(ValueInfo.of("x", TensorType.of(DataType.FLOAT, 2, 3))),
            open("y", "z"),
            Map.of("five", Tensor.ofLong(5)),
            List.of(loop),
            Map.of());
    Counts counts =
        Counter.standard().count(new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE));
    assertThat(counts.uncounted())
        .extracting(Uncounted::op, Uncounted::reason)
        .contains(org.assertj.core.groups.Tuple.tuple("Mul", "its shapes depend on data"));
  }

  /** As exporters write them: weights are in the main graph, even if bodies read them. */
  @Test
  void weightsStoredAroundABodyCountOnce() {
    GraphTemplate branch =
        new GraphTemplate(
            "branch",
            List.of(),
            open("r"),
            Map.of("own", Tensor.ofFloats(Shape.of(2), 1, 2)),
            List.of(
                node("MatMul", List.of("x", "w"), List.of("m"), Attributes.NONE),
                node("Mul", List.of("m", "own"), List.of("r"), Attributes.NONE)),
            Map.of());
    Node choice =
        node(
            "If",
            List.of("fed"),
            List.of("y"),
            Attributes.of("then_branch", branch, "else_branch", branch));
    Node again = node("MatMul", List.of("x", "w"), List.of("z"), Attributes.NONE);
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", TensorType.of(DataType.FLOAT, 2, 3)),
                ValueInfo.of("fed", TensorType.of(DataType.BOOL))),
            open("y", "z"),
            Map.of("w", Tensor.ofFloats(Shape.of(3, 2), 1, 2, 3, 4, 5, 6)),
            List.of(choice, again),
            Map.of());
    Counts counts =
        Counter.standard().count(new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE));
    assertThat(counts.totals().params()).isEqualTo(3 * 2 + 2);
    assertThat(counts.layers().get(0).cost().params()).isEqualTo(3 * 2 + 2);
    assertThat(counts.layers().get(1).cost().params()).isEqualTo(3 * 2);
  }

  /** Layers of the same shape whose weights a Scan slices from one stacked constant. */
  @Test
  void weightsThatAScanTakesInSlicesAreParameters() {
    GraphTemplate body =
        new GraphTemplate(
            "body",
            open("state", "weights"),
            open("next"),
            Map.of(),
            List.of(node("MatMul", List.of("state", "weights"), List.of("next"), Attributes.NONE)),
            Map.of());
    Node scan =
        node(
            "Scan",
            List.of("start", "stacked"),
            List.of("y"),
            Attributes.of("body", body, "num_scan_inputs", 1));
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(),
            open("y"),
            Map.of(
                "start", new RandomTensor(TensorType.of(DataType.FLOAT, 2, 3), 1, -1, 1),
                "stacked", new RandomTensor(TensorType.of(DataType.FLOAT, 4, 3, 3), 2, -1, 1)),
            List.of(scan),
            Map.of());
    Counts counts =
        Counter.standard().count(new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE));
    assertThat(counts.totals().params()).isEqualTo(4 * 3 * 3);
    assertThat(counts.layers().get(0).cost().params()).isEqualTo(4 * 3 * 3);
  }

  private static Counts counted(List<Node> nodes) {
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", TensorType.of(DataType.FLOAT, 2, 3)),
                ValueInfo.of("fed", TensorType.of(DataType.BOOL))),
            open("y"),
            Map.of("five", Tensor.ofLong(5)),
            nodes,
            Map.of());
    return Counter.standard().count(new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE));
  }

  private static Node unknown(String name, String in, String out) {
    return new Node(
        name, "com.example", "My", 1, List.of(in), List.of(out), Attributes.NONE, Map.of());
  }

  private static String reason(Counts counts, String op) {
    return counts.uncounted().stream()
        .filter(one -> one.op().equals(op))
        .findFirst()
        .orElseThrow()
        .reason();
  }

  /** The unknown operator is in the body; the operators affected by it follow the loop. */
  @Test
  void anUnknownOperatorInABodyIsNamedOutside() {
    GraphTemplate body =
        new GraphTemplate(
            "body",
            open("i", "c", "v"),
            open("c", "w"),
            Map.of(),
            List.of(unknown("mine", "v", "w")),
            Map.of());
    Node loop =
        new Node(
            "loop",
            "",
            "Loop",
            21,
            List.of("five", "", "x"),
            List.of("l"),
            Attributes.of("body", body),
            Map.of());
    Counts counts =
        counted(List.of(loop, node("Erf", List.of("l"), List.of("y"), Attributes.NONE)));
    assertThat(reason(counts, "Erf"))
        .isEqualTo("behind node 'loop/mine' of the unknown operator com.example:My");
  }

  /**
   * The unknown operator is outside; the branch affected by it costs 0 and may be the larger one.
   */
  @Test
  void operatorsHiddenByABranchThatIsNotTakenAreNamed() {
    Node erf = node("Erf", List.of("a"), List.of("t"), Attributes.NONE);
    Node relu = node("Relu", List.of("x"), List.of("e"), Attributes.NONE);
    Attributes branches =
        Attributes.of(
                "then_branch",
                new GraphTemplate("then", List.of(), open("t"), Map.of(), List.of(erf), Map.of()))
            .with(
                "else_branch",
                new GraphTemplate("else", List.of(), open("e"), Map.of(), List.of(relu), Map.of()));
    Counts counts =
        counted(
            List.of(unknown("mine", "x", "a"), node("If", List.of("fed"), List.of("y"), branches)));
    assertThat(reason(counts, "Erf"))
        .isEqualTo("behind node 'mine' of the unknown operator com.example:My");
  }
}
