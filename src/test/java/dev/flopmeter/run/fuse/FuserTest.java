package dev.flopmeter.run.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.fuse.Fused.Attention;
import dev.flopmeter.run.fuse.Fused.Chain;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The candidates that are offered to a backend, and the result. */
class FuserTest {
  private static final Set<String> MAINS = Set.of("Conv", "Gemm", "MatMul");

  private final GraphBuilder graph = new GraphBuilder("test", 21);

  private String input(String name, long... dims) {
    return graph.input(name, TensorType.of(DataType.FLOAT, dims));
  }

  private String weights(String name, long... dims) {
    return graph.constant(name, new RandomTensor(TensorType.of(DataType.FLOAT, dims), 1, 0.5, 1));
  }

  private String add(String op, String output, String... inputs) {
    return graph.add(op, output, Attributes.NONE, inputs);
  }

  private List<Fused> steps(Predicate<Fused> rules, String... outputs) {
    Graph built = graph.build(List.of(outputs));
    return Fuser.steps(GraphScope.of(built), new GraphLinks(built), rules);
  }

  private static List<String> ops(List<Fused> steps) {
    return steps.stream().map(Fused::op).toList();
  }

  /** Accepts every chain of a known main node, and every attention. */
  private static boolean all(Fused candidate) {
    return candidate instanceof Attention || MAINS.contains(candidate.main().op());
  }

  private static boolean attentions(Fused candidate) {
    return candidate instanceof Attention;
  }

  private void residualBlock() {
    input("x", 1, 4, 6, 6);
    input("r", 1, 4, 4, 4);
    add("Conv", "c", "x", weights("w", 4, 4, 3, 3));
    add(
        "BatchNormalization",
        "n",
        "c",
        weights("s", 4),
        weights("b", 4),
        weights("m", 4),
        weights("v", 4));
    add("Add", "a", weights("p", 4, 1, 1), "n");
    add("Sum", "t", "a", "r");
    add("Relu", "y", "t");
  }

  @Test
  void aChainHasItsPartsInOrder() {
    residualBlock();
    List<Fused> steps = steps(FuserTest::all, "y");
    assertThat(ops(steps)).containsExactly("Conv+BatchNormalization+Add+Sum+Relu");
    Chain chain = (Chain) steps.get(0);
    assertThat(chain.bias()).extracting(Fused.Operand::value).isEqualTo("p");
    assertThat(chain.residual()).extracting(Fused.Operand::value).isEqualTo("r");
    assertThat(chain.last().name()).isEqualTo("y");
  }

  @Test
  void aChainEndsWhereTheBackendEndsIt() {
    residualBlock();
    Predicate<Fused> withoutBias =
        candidate -> all(candidate) && !(candidate instanceof Chain c && c.bias() != null);
    assertThat(ops(steps(withoutBias, "y")))
        .containsExactly("Conv+BatchNormalization", "Add", "Sum", "Relu");
  }

  @Test
  void aValueWithAnotherReaderEndsAChain() {
    residualBlock();
    assertThat(ops(steps(FuserTest::all, "y", "a")))
        .containsExactly("Conv+BatchNormalization+Add", "Sum", "Relu");
  }

  @Test
  void aSumBelongsToOneOfTwoConvolutionsAndRunsBehindBoth() {
    input("x", 1, 4, 4, 4);
    add("Conv", "a", "x", weights("w", 4, 4, 1, 1));
    add("Conv", "b", "x", weights("v", 4, 4, 1, 1));
    add("Add", "y", "a", "b");
    List<Fused> steps = steps(FuserTest::all, "y");
    assertThat(ops(steps)).containsExactly("Conv", "Conv+Add");
    assertThat(steps.get(1).main().name()).isEqualTo("a");
  }

  private void attention(String scale, String mask) {
    input("q", 2, 3, 5, 8);
    input("k", 2, 3, 7, 8);
    input("v", 2, 3, 7, 4);
    graph.constant("half", Tensor.ofFloats(Shape.SCALAR, 0.5f));
    add("Mul", "h", "half", "q");
    graph.add("Transpose", "t", Attributes.of("perm", new long[] {0, 1, 3, 2}), "k");
    add("MatMul", "s", "h", "t");
    add(scale, "d", "s", "half");
    add("Add", "m", "d", mask);
    add("Softmax", "p", "m");
  }

  @Test
  void anAttentionHasItsScaleFromBothSidesOfTheProduct() {
    attention("Div", input("mask", 1, 1, 5, 7));
    add("MatMul", "y", "p", "v");
    List<Fused> steps = steps(FuserTest::attentions, "y");
    assertThat(steps).hasSize(1);
    Attention found = (Attention) steps.get(0);
    assertThat(found.scale()).isEqualTo(0.5 / 0.5);
    assertThat(found.queries()).isEqualTo("q");
    assertThat(found.mask()).isEqualTo("mask");
    assertThat(found.values()).isEqualTo("v");
    assertThat(found.turnedKeys()).isNotNull();
  }

  @Test
  void theTurnOfTheKeysIsLeftToABackendThatWantsItTurned() {
    attention("Mul", input("mask", 5, 7));
    add("MatMul", "y", "p", "v");
    List<Fused> steps =
        steps(each -> each instanceof Attention found && found.turnedKeys() == null, "y");
    assertThat(ops(steps)).containsExactly("Transpose", "MatMul+Mul+Mul+Add+Softmax+MatMul");
  }

  @Test
  void aGuardAgainstEmptyRowsIsRemovedOnlyIfNoRowIsEmpty() {
    graph.constant("zero", Tensor.ofFloats(Shape.SCALAR, 0));
    attention("Mul", input("mask", 5, 7));
    add("IsNaN", "e", "p");
    add("Where", "g", "e", "zero", "p");
    add("MatMul", "y", "g", "v");
    assertThat(ops(steps(FuserTest::attentions, "y"))).contains("IsNaN", "Where", "Softmax");
  }

  @Test
  void sharedHeadsAreNoAttentionOfThisKind() {
    input("q", 2, 3, 5, 8);
    input("k", 2, 1, 8, 7);
    input("v", 2, 1, 7, 4);
    add("MatMul", "s", "q", "k");
    add("Softmax", "p", "s");
    add("MatMul", "y", "p", "v");
    assertThat(ops(steps(FuserTest::attentions, "y")))
        .containsExactly("MatMul", "Softmax", "MatMul");
  }
}
