package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Graphs whose shapes, branches or trip counts depend on data, compared with PyTorch. */
class DataDependentTest {
  @RegisterExtension static final BothBackends backends = new BothBackends();

  private static final TensorType ROW = TensorType.of(DataType.FLOAT, 4);

  private static final Map<String, Tensor> CONSTANTS =
      Map.of(
          "yes", DenseTensor.ofLongs(new TensorType(DataType.BOOL, Shape.SCALAR), 1),
          "one", DenseTensor.ofLongs(Shape.of(1), 1),
          "three", Tensor.ofLong(3),
          "two", scalar(2),
          "zero", scalar(0),
          "limit", scalar(40),
          "column", Tensor.ofLong(2),
          "wide", Tensor.ofLongs(1, 4),
          "scoreShape", Tensor.ofLongs(1, 1, 4),
          "boxes",
              Tensor.ofFloats(
                  Shape.of(1, 4, 4), 0, 0, 1, 1, 0, 0, 1, 2, 5, 5, 6, 6, 0, 0, 1, 1.1f));

  private static Tensor scalar(float value) {
    return Tensor.ofFloats(Shape.SCALAR, value);
  }

  /** {@code Op in1 in2 -> out1 out2}. */
  private static Node node(String text, Attributes attributes) {
    String[] sides = text.split(" -> ", -1);
    List<String> in = new ArrayList<>(List.of(sides[0].split(" ", -1)));
    in.replaceAll(name -> name.equals("-") ? "" : name);
    List<String> out = List.of(sides[1].split(" ", -1));
    return new Node(
        out.get(0), "", in.get(0), 13, in.subList(1, in.size()), out, attributes, Map.of());
  }

  private static Node node(String text) {
    return node(text, Attributes.NONE);
  }

  private static final Attributes SCALAR = Attributes.of("keepdims", 0);

  private static List<ValueInfo> open(String names) {
    return Stream.of(names.split(" ", -1))
        .filter(name -> !name.isEmpty())
        .map(name -> new ValueInfo(name, null, null))
        .toList();
  }

  private static GraphTemplate body(String inputs, String outputs, Node... nodes) {
    return new GraphTemplate(
        "body", open(inputs), open(outputs), Map.of(), List.of(nodes), Map.of());
  }

  private static Graph graph(String outputs, TensorType type, Node... nodes) {
    List<ValueInfo> inputs = List.of(ValueInfo.of("x", type));
    GraphTemplate main =
        new GraphTemplate("main", inputs, open(outputs), CONSTANTS, List.of(nodes), Map.of());
    return new TemplateBinder(13, Map.of()).bind(main, Bindings.NONE);
  }

  private static Map<String, String> results(Backend backend, Graph graph, float... x) {
    Shape shape = graph.requireType("x").shape();
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      Map<String, String> results = new TreeMap<>();
      plan.run(Map.of("x", Tensor.ofFloats(shape, x)))
          .forEach((name, tensor) -> results.put(name, described(tensor)));
      return results;
    }
  }

  /** The type, and the values to five digits. */
  private static String described(Tensor tensor) {
    return tensor.type()
        + " "
        + DoubleStream.of(tensor.toDoubles()).mapToObj("%.5g"::formatted).toList();
  }

  private static void agree(Graph graph, float... x) {
    assertThat(results(backends.gpu(), graph, x))
        .isEqualTo(results(backends.reference(), graph, x));
  }

  private static final GraphTemplate ADDING =
      body(
          "i c s",
          "n t row",
          node("Identity c -> n"),
          node("Cast i -> f", Attributes.of("to", 1)),
          node("Add s f -> a"),
          node("Mul a x -> t"),
          node("ReduceSum t -> row", SCALAR));

  @Test
  void aLoopByConstantsIsUnrolledIntoOnePlan() {
    Graph graph =
        graph("y rows", ROW, node("Loop three yes x -> y rows", Attributes.of("body", ADDING)));
    agree(graph, 1, 2, -1, 0.5f);
    try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT)) {
      assertThat(plan.steps()).extracting(Step::op).containsOnly("Loop");
      assertThat(plan.steps().stream().flatMap(step -> step.nodes().stream())).containsExactly("y");
      assertThat(plan.notes()).isEmpty();
    }
  }

  @Test
  void theTripsOfALoopMayBeComputed() {
    Graph graph =
        graph(
            "y rows",
            ROW,
            node("ReduceMax x -> most", SCALAR),
            node("Cast most -> count", Attributes.of("to", 7)),
            node("Loop count yes x -> y rows", Attributes.of("body", ADDING)));
    agree(graph, 1, 4, -1, 0.5f);
    agree(graph, 1, 2, -1, 0.5f);
    agree(graph, 0, 0, -1, 0.5f);
  }

  @Test
  void theBodyOfALoopMayDecideAboutTheNextTrip() {
    GraphTemplate doubling =
        body(
            "i c s",
            "n t row",
            node("Mul s two -> t"),
            node("ReduceSum t -> sum", SCALAR),
            node("Less sum limit -> n"),
            node("Identity t -> row"));
    Graph graph =
        graph(
            "y rows",
            ROW,
            node("Loop - yes x -> last rows", Attributes.of("body", doubling)),
            node("Neg last -> y"));
    agree(graph, 1, 2, 3, 0.5f);
    try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT)) {
      plan.load(Map.of("x", Tensor.ofFloats(Shape.of(4), 1, 2, 3, 0.5f)));
      // 13, 26, 52: three trips, each of which waits for the decision of the previous one.
      assertThat(plan.notes())
          .contains(
              "shapes, branches or trip counts depend on data: the model ran in 4 parts; the times"
                  + " exclude reading back the deciding values");
      assertThat(plan.timeSteps()).hasSameSizeAs(plan.steps());
      assertThat(plan.steps().stream().flatMap(step -> step.nodes().stream()))
          .containsExactlyInAnyOrder("last", "y");
      assertThat(plan.memory().activations()).isPositive();
    }
  }

  @Test
  void bodiesMayContainBodiesThatReadOuterValues() {
    GraphTemplate twice = body("j d u", "e v", node("Add u a -> v"), node("Identity d -> e"));
    GraphTemplate then = body("", "p", node("Neg w -> p"));
    GraphTemplate otherwise = body("", "q", node("Mul w a -> q"));
    GraphTemplate outer =
        body(
            "i c s",
            "n t",
            node("Tanh s -> a"),
            node("Loop three yes a -> w", Attributes.of("body", twice)),
            node("ReduceSum w -> sum", SCALAR),
            node("Greater sum zero -> g"),
            node(
                "If g -> t",
                Attributes.NONE.with("then_branch", then).with("else_branch", otherwise)),
            node("Identity c -> n"));
    Graph graph = graph("y", ROW, node("Loop three yes x -> y", Attributes.of("body", outer)));
    agree(graph, 1, 2, -1, 0.5f);
    agree(graph, -1, -2, 1, -0.5f);
  }

  @Test
  void theBranchesOfAnIfMayDifferInShape() {
    GraphTemplate then = body("", "p", node("Relu x -> p"));
    GraphTemplate otherwise = body("", "q", node("Concat x x -> q", Attributes.of("axis", 0)));
    Graph graph =
        graph(
            "y",
            ROW,
            node("ReduceSum x -> sum", SCALAR),
            node("Greater sum zero -> g"),
            node(
                "If g -> b",
                Attributes.NONE.with("then_branch", then).with("else_branch", otherwise)),
            node("Exp b -> y"));
    agree(graph, 1, 2, -1, 0.5f);
    agree(graph, 1, -2, -1, 0.5f);
  }

  @Test
  void aScanIsUnrolledAlongItsAxesAndDirections() {
    GraphTemplate body = body("s part", "t row", node("Add s part -> t"), node("Tanh t -> row"));
    Attributes attributes =
        Attributes.of("body", body)
            .with("num_scan_inputs", 1)
            .with("scan_input_axes", List.of(1L))
            .with("scan_input_directions", List.of(1L))
            .with("scan_output_axes", List.of(1L))
            .with("scan_output_directions", List.of(1L));
    Graph graph =
        graph(
            "last rows",
            TensorType.of(DataType.FLOAT, 2, 3),
            node("ReduceSum x one -> start", SCALAR),
            node("Scan start x -> last rows", attributes));
    agree(graph, 1, 2, -1, 0.5f, 3, 0.25f);
  }

  /** Before opset 9 each sequence of a batch was scanned separately. */
  @Test
  void aScanOfABatchIsUnrolledSequenceBySequence() {
    GraphTemplate body = body("s part", "t row", node("Add s part -> t"), node("Tanh t -> row"));
    Attributes attributes =
        Attributes.of("body", body).with("num_scan_inputs", 1).with("directions", List.of(1L));
    Node scan = node("Scan - start x -> last rows", attributes);
    Graph graph =
        graph(
            "last rows",
            TensorType.of(DataType.FLOAT, 2, 3, 1),
            node("ReduceSum x one -> start", SCALAR),
            new Node("last", "", "Scan", 8, scan.inputs(), scan.outputs(), attributes, Map.of()));
    agree(graph, 1, 2, -1, 0.5f, 3, 0.25f);
  }

  @Test
  void differentElementsAreAsManyAsDataHas() {
    Graph graph =
        graph(
            "y places which counts",
            ROW,
            node("Ceil x -> whole"),
            node("Unique whole -> found places which counts"),
            node("Exp found -> y"));
    agree(graph, 1.5f, -2, 1.25f, 0);
    agree(graph, 1, 0.5f, 0.75f, 1);
  }

  @Test
  void shapesMayDependOnData() {
    Graph graph =
        graph(
            "y",
            ROW,
            node("Relu x -> r"),
            node("NonZero r -> places"),
            node("Transpose places -> rows", Attributes.of("perm", List.of(1L, 0L))),
            node("GatherND r rows -> found"),
            node("Exp found -> y"));
    agree(graph, 1, -2, 3, 0.5f);
    agree(graph, -1, -2, -3, 0.5f);
  }

  @Test
  void selectionsMayDependOnData() {
    Graph graph =
        graph(
            "kept cut",
            ROW,
            node("Greater x zero -> isPositive"),
            node("Compress x isPositive -> kept"),
            node("Reshape x wide -> row"),
            node("Compress row isPositive -> some", Attributes.of("axis", 1)),
            node("Exp some -> cut"));
    agree(graph, 1, -2, 3, 0.5f);
    agree(graph, -1, -2, -3, -0.5f);
  }

  @Test
  void boxesAreSelectedFromScoresThatAreComputed() {
    Graph graph =
        graph(
            "found picked",
            ROW,
            node("Reshape x scoreShape -> scores"),
            node("NonMaxSuppression boxes scores three -> found"),
            node("Gather found column -> index", Attributes.of("axis", 1)),
            node("Gather x index -> picked"));
    agree(graph, 1, -2, 3, 0.5f);
    agree(graph, -1, -2, -3, -0.5f);
  }

  /** If nothing is found, a product without rows and a sum of no products follow. */
  @Test
  void productsOfNothingAreEmptyOrZero() {
    Graph graph =
        graph(
            "rows sums",
            ROW,
            node("Relu x -> r"),
            node("NonZero r -> places"),
            node("Cast places -> row", Attributes.of("to", 1)),
            node("Transpose row -> upright", Attributes.of("perm", List.of(1L, 0L))),
            node("MatMul upright row -> rows"),
            node("MatMul row upright -> sums"));
    agree(graph, 1, -2, 3, 0.5f);
    agree(graph, -1, -2, -3, -0.5f);
  }

  @Test
  void anInputOfAnotherShapeIsRefused() {
    Graph graph = graph("y", ROW, node("NonZero x -> y"));
    try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT)) {
      assertThatThrownBy(() -> plan.run(Map.of("x", Tensor.ofFloats(Shape.of(2), 1, 2))))
          .isInstanceOf(ModelException.class)
          .hasMessage("the input 'x' must be float32[4], and is float32[2]");
    }
  }

  @Test
  void sequencesAreRejectedByName() {
    Graph graph = graph("y", ROW, node("SplitToSequence x -> c"), node("SequenceAt c three -> y"));
    assertThatThrownBy(() -> results(backends.gpu(), graph, 1, 2, 3, 4))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessage(
            "the backend 'cudnn' cannot run the operator SplitToSequence (node 'c': its shapes"
                + " depend on data)");
  }

  @Test
  void tooManyTripsAreRefusedByName() {
    GraphTemplate body = body("i c s", "n t", node("Identity c -> n"), node("Neg s -> t"));
    Graph graph =
        graph(
            "y",
            ROW,
            node("Constant -> many", Attributes.of("value", Tensor.ofLong(1 << 20))),
            node("Loop many yes x -> y", Attributes.of("body", body)));
    assertThatThrownBy(() -> backends.gpu().prepare(graph, RunOptions.DEFAULT))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("node 'y' (Loop): its bodies have too many nodes in all iterations");
  }
}
