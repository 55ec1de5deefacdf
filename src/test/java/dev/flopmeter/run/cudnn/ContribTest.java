package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators that ONNX Runtime's optimiser writes, on the emulated GPU, compared with PyTorch. */
class ContribTest {
  @RegisterExtension static final BothBackends backends = new BothBackends();

  private final GraphBuilder graph = new GraphBuilder("contrib", 17);
  private final List<String> inputs = new ArrayList<>();
  private final Map<String, Tensor> fed = new LinkedHashMap<>();
  private Attributes attributes = Attributes.NONE;

  private ContribTest data(Tensor tensor) {
    String name = "in" + inputs.size();
    graph.input(name, tensor.type());
    inputs.add(name);
    fed.put(name, tensor);
    return this;
  }

  private ContribTest floats(long... dims) {
    return data(new RandomTensor(TensorType.of(DataType.FLOAT, dims), inputs.size() + 1, -1, 1));
  }

  private ContribTest ints(long[] dims, long... values) {
    double[] numbers = java.util.Arrays.stream(values).asDoubleStream().toArray();
    return data(DenseTensor.ofDoubles(TensorType.of(DataType.INT32, dims), numbers));
  }

  private ContribTest weights(long... dims) {
    String name = "in" + inputs.size();
    TensorType type = TensorType.of(DataType.FLOAT, dims);
    graph.constant(name, new RandomTensor(type, inputs.size() + 1, -1, 1));
    inputs.add(name);
    return this;
  }

  private ContribTest nothing() {
    inputs.add("");
    return this;
  }

  private ContribTest with(String name, Object value) {
    attributes = attributes.with(name, value);
    return this;
  }

  private Graph graph(String op, String... outputs) {
    List<String> given = List.of(outputs);
    graph.add(new Node("n", "com.microsoft", op, 1, inputs, given, attributes, Map.of()));
    return graph.build(given.stream().filter(output -> !output.isEmpty()).toList());
  }

  private void agrees(String op, String... outputs) {
    Graph built = graph(op, outputs.length == 0 ? new String[] {"y"} : outputs);
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(built, RunOptions.DEFAULT)) {
      expected = plan.run(fed);
    }
    for (Precision precision : List.of(Precision.FP32, Precision.FP16)) {
      for (boolean fuse : new boolean[] {true, false}) {
        RunOptions options = RunOptions.DEFAULT.withPrecision(precision).withFuse(fuse);
        try (Plan plan = backends.gpu().prepare(built, options)) {
          assertThat(Comparison.relativeL2(expected, plan.run(fed)))
              .as("%s, fused: %s", precision, fuse)
              .isLessThan(Comparison.limit(precision));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip", "HardSigmoid"})
  void convolutionsWithAnActivation(String activation) {
    floats(2, 3, 7, 6).weights(4, 3, 3, 3).weights(4).with("pads", new long[] {1, 1, 1, 1});
    with("activation", activation).with("activation_params", List.of(0.2f, 0.4f));
    agrees("FusedConv");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Relu", "Tanh"})
  void convolutionsWithAnAddend(String activation) {
    floats(2, 3, 7, 6).weights(4, 3, 3, 3).weights(4).floats(2, 4, 5, 4);
    with("activation", activation);
    agrees("FusedConv");
  }

  @Test
  void groupedConvolutionsWithoutABias() {
    floats(1, 4, 6, 6).weights(4, 1, 3, 3).with("group", 4).with("activation", "Relu");
    agrees("FusedConv");
  }

  @Test
  void namesAnAddendThatDoesNotFit() {
    floats(1, 2, 3, 3).weights(2, 2, 1, 1).nothing().floats(1, 2, 1, 1);
    assertThatThrownBy(() -> graph("FusedConv", "y"))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("the addend 1x2x1x1 must have the shape of the result");
  }

  @Test
  void namesAnActivationThatItDoesNotKnow() {
    floats(1, 2, 3, 3).weights(2, 2, 1, 1).with("activation", "Frob");
    Graph built = graph("FusedConv", "y");
    assertThatThrownBy(() -> backends.gpu().prepare(built, RunOptions.DEFAULT))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("'Frob'");
  }

  @ParameterizedTest
  @CsvSource({"true, Relu", "false, Relu", "true, LeakyRelu", "false, ''"})
  void productsWithAnActivation(boolean isConstant, String activation) {
    floats(5, 6);
    (isConstant ? weights(4, 6) : floats(4, 6)).weights(4);
    with("transB", 1).with("alpha", 0.5f).with("activation", activation);
    with("activation_alpha", 0.3f);
    agrees("FusedGemm");
  }

  @ParameterizedTest
  @CsvSource({
    "2x3x4x5, 0, 0, 2x3x5x6, 0, 0",
    "2x3x5x4, 1, 0, 2x3x6x5, 1, 0",
    "4x2x3x5, 0, 1, 2x3x5x6, 0, 0",
    "4x2x3x5, 0, 1, 6x2x3x5, 1, 1",
    "5x2x3x4, 1, 1, 5x2x3x6, 0, 1",
    "4x5, 0, 0, 6x5, 1, 0",
    "5, 0, 0, 2x5x6, 0, 0",
    "2x4x5, 0, 0, 5, 0, 0",
  })
  void productsOfTurnedOperands(
      String a, int transA, int batchA, String b, int transB, int batchB) {
    floats(dims(a)).floats(dims(b)).with("alpha", 0.25f);
    with("transA", transA).with("transBatchA", batchA);
    with("transB", transB).with("transBatchB", batchB);
    agrees("FusedMatMul");
  }

  @ParameterizedTest
  @CsvSource({"5x6, 0", "6x5, 1"})
  void productsByTurnedWeights(String weights, int transB) {
    floats(2, 4, 5).weights(dims(weights)).with("transB", transB).with("alpha", 0.25f);
    agrees("FusedMatMul");
  }

  private static long[] dims(String text) {
    return java.util.Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"BiasGelu", "FastGelu"})
  void activationsWithABias(String op) {
    floats(2, 3, 8).weights(8);
    agrees(op);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Gelu", "QuickGelu", "FastGelu"})
  void activations(String op) {
    floats(2, 3, 8);
    agrees(op);
  }

  @Test
  void normalisesASum() {
    floats(2, 3, 8).floats(2, 3, 8).weights(8).weights(8).weights(8);
    agrees("SkipLayerNormalization", "y", "", "", "sum");
  }

  @Test
  void normalisesASumOfOneForAllBatches() {
    floats(2, 3, 8).floats(3, 8).weights(8);
    agrees("SkipLayerNormalization");
  }

  @Test
  void normalisesASumByItsMeanSquare() {
    floats(2, 3, 8).floats(2, 3, 8).weights(8).weights(8);
    agrees("SkipSimplifiedLayerNormalization", "y", "", "", "sum");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void embeds(boolean arePositionsGiven) {
    long[] tokens = {2, 3};
    ints(tokens, 4, 0, 6, 2, 2, 1).ints(tokens, 0, 1, 1, 0, 0, 1);
    weights(7, 8).weights(5, 8).weights(2, 8).weights(8).weights(8);
    if (arePositionsGiven) {
      nothing().ints(tokens, 4, 3, 2, 0, 1, 2);
    }
    agrees("EmbedLayerNormalization", "y", "lengths", "sum");
  }

  @Test
  void tellsHowManyTokensAMaskHas() {
    long[] tokens = {2, 3};
    ints(tokens, 4, 0, 6, 2, 2, 1).nothing().weights(7, 8).weights(5, 8).nothing();
    weights(8).weights(8).ints(tokens, 1, 1, 0, 1, 1, 1);
    agrees("EmbedLayerNormalization", "y", "lengths");
  }

  private ContribTest attention() {
    return floats(2, 3, 8).weights(8, 24).weights(24).with("num_heads", 2);
  }

  @Test
  void attendsToAll() {
    attention();
    agrees("Attention");
  }

  @Test
  void attendsToTheFirstKeys() {
    attention().ints(new long[] {2}, 2, 3);
    agrees("Attention");
  }

  @Test
  void attendsToChosenKeys() {
    attention().ints(new long[] {2, 3}, 1, 0, 1, 0, 1, 1);
    agrees("Attention");
  }

  @Test
  void attendsToChosenKeysForEachQuery() {
    attention().ints(new long[] {1, 3, 3}, 1, 0, 1, 0, 1, 1, 1, 1, 1);
    agrees("Attention");
  }

  @Test
  void attendsToThePast() {
    attention().nothing().floats(2, 2, 2, 5, 4).with("unidirectional", 1);
    agrees("Attention", "y", "present");
  }

  @Test
  void attendsWithWhatIsAdded() {
    attention().nothing().nothing().floats(1, 2, 3, 3);
    agrees("Attention");
  }

  @Test
  void attendsWithNarrowValues() {
    floats(1, 3, 8).weights(8, 20).weights(20).with("num_heads", 2);
    with("qkv_hidden_sizes", new long[] {8, 8, 4}).with("scale", 0.3f);
    agrees("Attention");
  }

  @ParameterizedTest
  @CsvSource({"2x5x2x3x4, ''", "2x5x8, 2x6x2x2x4", "2x5x8, 2x2x6x4"})
  void attendsToPackedOrSplitHeads(String query, String key) {
    floats(dims(query));
    if (!key.isEmpty()) {
      floats(dims(key));
    }
    if (key.equals("2x2x6x4")) {
      floats(dims(key));
    }
    with("num_heads", 2);
    agrees("MultiHeadAttention");
  }

  @Test
  void attendsWithinPackedSequences() {
    floats(7, 8).floats(7, 8).floats(7, 4).weights(20);
    ints(new long[] {3, 4}, new long[12]).ints(new long[] {4}, 0, 1, 3, 7).with("num_heads", 2);
    agrees("PackedMultiHeadAttention");
  }

  @Test
  void gatesABiasOfRelativePositions() {
    floats(2, 3, 8).weights(8).floats(1, 2, 3, 3).weights(4, 6).weights(6).weights(1, 2, 1, 1);
    with("num_heads", 2);
    agrees("GatedRelativePositionBias");
  }
}
