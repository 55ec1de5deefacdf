package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Operators of ONNX Runtime without CPU kernels there, on PyTorch and the emulated GPU, with
 * numbers that can be checked by hand.
 */
class DecomposedOperatorsTest {
  private static final Attributes NONE = Attributes.NONE;
  private static final List<Backend> BACKENDS = new ArrayList<>();

  @BeforeAll
  static void open(@TempDir Path cache) {
    BACKENDS.add(DjlBackend.open());
    BACKENDS.add(EmulatedGpu.open(cache));
  }

  @AfterAll
  static void close() {
    BACKENDS.forEach(Backend::close);
  }

  private static Tensor floats(Shape shape, double... values) {
    return DenseTensor.ofDoubles(new TensorType(DataType.FLOAT, shape), values);
  }

  private static Tensor integers(DataType type, Shape shape, long... values) {
    return DenseTensor.ofLongs(new TensorType(type, shape), values);
  }

  /**
   * Asserts the outputs of one node, all of whose inputs are fed, on every backend.
   *
   * @param op of ONNX Runtime's domain, or of the one in front of a colon
   */
  private static void assertOutputs(
      List<Backend> backends,
      String op,
      Attributes attributes,
      List<Tensor> inputs,
      double[]... expected) {
    GraphBuilder graph = new GraphBuilder("one", 21);
    Map<String, Tensor> fed = new LinkedHashMap<>();
    for (Tensor input : inputs) {
      String name = "in" + fed.size();
      graph.input(name, input.type());
      fed.put(name, input);
    }
    List<String> outputs = new ArrayList<>();
    for (int i = 0; i < expected.length; i++) {
      outputs.add("out" + i);
    }
    List<String> operands = List.copyOf(fed.keySet());
    int colon = op.indexOf(':');
    String domain = colon < 0 ? "com.microsoft" : op.substring(0, colon);
    String name = op.substring(colon + 1);
    graph.add(new Node("n", domain, name, 1, operands, outputs, attributes, Map.of()));
    for (Backend backend : backends) {
      try (Plan plan = backend.prepare(graph.build(outputs), RunOptions.DEFAULT)) {
        Map<String, Tensor> results = plan.run(fed);
        for (int i = 0; i < expected.length; i++) {
          assertThat(results.get(outputs.get(i)).toDoubles())
              .as(op + " on " + backend.name())
              .containsExactly(expected[i], within(1e-4));
        }
      }
    }
  }

  private static void assertOutput(
      String op, Attributes attributes, List<Tensor> inputs, double... expected) {
    assertOutputs(BACKENDS, op, attributes, inputs, expected);
  }

  /** One position of four channels in two groups: 1 and 3 have the mean 2 and the deviation 1. */
  @Test
  void groupsOfChannelsThatStandLast() {
    Tensor x = floats(Shape.of(1, 1, 1, 4), 1, 3, 10, 14);
    Tensor gamma = floats(Shape.of(4), 1, 1, 2, 2);
    Tensor beta = floats(Shape.of(4), 0, 0, 5, 5);
    Attributes plain = Attributes.of("groups", 2L, "epsilon", 0f, "activation", 0L);
    assertOutput("GroupNorm", plain, List.of(x, gamma, beta), -1, 1, 3, 7);
    Attributes activated = plain.with("activation", 1L);
    assertOutput(
        "GroupNorm", activated, List.of(x, gamma, beta), silu(-1), silu(1), silu(3), silu(7));
    Tensor skip = floats(Shape.of(1, 4), 1, 1, 0, 0);
    Tensor bias = floats(Shape.of(4), 0, 2, 0, 0);
    assertOutputs(
        BACKENDS,
        "SkipGroupNorm",
        plain,
        List.of(x, gamma, beta, skip, bias),
        new double[] {-1, 1, 3, 7},
        new double[] {2, 6, 10, 14});
  }

  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  @Test
  void biases() {
    Tensor x = floats(Shape.of(1, 1, 4), 1, 2, 3, -1000);
    Tensor bias = floats(Shape.of(4), 1, 1, 97, 0);
    assertOutput("BiasSplitGelu", NONE, List.of(x, bias), 2 * 100, 0);
    assertOutput("BiasAdd", NONE, List.of(x, bias, x), 3, 5, 103, -2000);
    assertOutputs(
        BACKENDS,
        "BiasDropout",
        NONE,
        List.of(x, bias, x),
        new double[] {3, 5, 103, -2000},
        new double[] {1, 1, 1, 1});
    Tensor rows = floats(Shape.of(2, 1, 2), 0, 1, 5, 5);
    double e = Math.E / (1 + Math.E);
    assertOutput(
        "BiasSoftmax",
        Attributes.of("axis", 1L, "is_inner_broadcast", 1L),
        List.of(rows, floats(Shape.of(1, 1, 2), 0, 0)),
        1 - e,
        e,
        0.5,
        0.5);
  }

  @Test
  void complexNumbers() {
    Tensor a = floats(Shape.of(1, 2), 1, 2);
    Tensor b = floats(Shape.of(1, 2), 3, 4);
    assertOutput("ComplexMul", NONE, List.of(a, b), 3 - 8, 4 + 6);
    assertOutput("ComplexMulConj", NONE, List.of(a, b), 3 + 8, 6 - 4);
  }

  @Test
  void integersTakeTheirZeroPoints() {
    DataType type = DataType.UINT8;
    Tensor a = integers(type, Shape.of(2), 10, 200);
    Tensor zero = integers(type, Shape.SCALAR, 100);
    Tensor b = integers(type, Shape.of(2), 3, 2);
    Tensor one = integers(type, Shape.SCALAR, 1);
    assertOutput("MulInteger", NONE, List.of(a, zero, b, one), -180, 100);
    assertOutput("ReduceSumInteger", Attributes.of("axes", new long[] {0}), List.of(a), 210);
    assertOutput(
        "QLinearReduceMean",
        Attributes.of("axes", new long[] {0}, "keepdims", 0L),
        List.of(a, floats(Shape.SCALAR, 0.5), zero, floats(Shape.SCALAR, 0.25), one),
        (-45 + 50) / 2.0 / 0.25 + 1);
  }

  /** 1 x 1 over two channels, with a bias, an addend and a rectifier. */
  @Test
  void convolutionsOfChannelsThatStandLast() {
    Tensor x = floats(Shape.of(1, 1, 2, 2), 1, 2, 3, 4);
    Tensor w = floats(Shape.of(1, 2, 1, 1), 10, 1);
    Tensor bias = floats(Shape.of(1), -20);
    assertOutput("NhwcConv", NONE, List.of(x, w, bias), -8, 14);
    Tensor addend = floats(Shape.of(1, 1, 2, 1), 1, 1);
    assertOutput(
        "NhwcFusedConv", Attributes.of("activation", "Relu"), List.of(x, w, bias, addend), 0, 15);
  }

  @Test
  void productsAndTheirActivations() {
    Tensor a = floats(Shape.of(1, 2), 1, 2);
    Tensor b = floats(Shape.of(2, 2), 1, 100, 2, -100);
    Attributes rectified = Attributes.of("activation", "Relu");
    assertOutput("FusedMatMulActivation", rectified, List.of(a, b), 5, 0);
    assertOutput("GemmFastGelu", NONE, List.of(a, b, floats(Shape.of(2), 95, 0)), 100, 0);
  }

  /** ONNX's experimental operators, for which the newest ONNX Runtime has no kernel. */
  @Test
  void operatorsWithoutADomain() {
    List<Tensor> x = List.of(floats(Shape.of(2), -1, 2));
    Attributes numbers = Attributes.of("alpha", 3f, "beta", 0.5f);
    assertOutput(":Affine", numbers, x, -2.5, 6.5);
    assertOutput(":ScaledTanh", numbers, x, 3 * Math.tanh(-0.5), 3 * Math.tanh(1));
    assertOutput(
        ":ParametricSoftplus", numbers, x, 3 * Math.log1p(Math.exp(-0.5)), 3 * Math.log1p(Math.E));

    List<Tensor> channels = List.of(floats(Shape.of(1, 2, 1, 2), 1, 2, 3, 4));
    Attributes scaling = Attributes.of("scale", 10f, "bias", List.of(0.5f, -1f));
    assertOutput(":ImageScaler", scaling, channels, 10.5, 20.5, 29, 39);

    List<Tensor> image =
        List.of(floats(Shape.of(1, 1, 3, 4), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    Attributes border = Attributes.of("border", List.of(1L, 0L, 2L, 1L));
    assertOutput(":Crop", border, image, 2, 6);
    assertOutput(":Crop", border.with("scale", List.of(2L, 3L)), image, 2, 3, 4, 6, 7, 8);
  }

  @Test
  void selections() {
    Tensor table = floats(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    Tensor at = integers(DataType.INT64, Shape.of(2), 2, 0);
    assertOutput("TorchEmbedding", NONE, List.of(table, at), 5, 6, 1, 2);
    Tensor odd = floats(Shape.of(3), 1, Double.NaN, 2);
    assertOutput("IsAllFinite", NONE, List.of(odd, table), 0);
    assertOutput("IsAllFinite", Attributes.of("isinf_only", 1L), List.of(odd, table), 1);
    assertOutputs(
        BACKENDS.subList(0, 1), // their number depends on data
        "Unique",
        NONE,
        List.of(floats(Shape.of(4), 2, 1, 2, 5)),
        new double[] {2, 1, 5},
        new double[] {0, 1, 0, 2},
        new double[] {2, 1, 1});
  }

  @Test
  void halfOfTheSpectrumOfRealNumbers() {
    Tensor x = floats(Shape.of(1, 4), 1, 2, 3, 4);
    Attributes attributes = Attributes.of("signal_ndim", 1L, "normalized", 0L, "onesided", 1L);
    assertOutputs(BACKENDS, "Rfft", attributes, List.of(x), new double[] {10, 0, -2, 2, -2, 0});
    Tensor half = floats(Shape.of(1, 3, 2), 10, 0, -2, 2, -2, 0);
    assertOutputs(BACKENDS, "Irfft", attributes, List.of(half), new double[] {1, 2, 3, 4});
  }

  @Test
  void inverses() {
    assertOutputs(
        BACKENDS,
        "Inverse",
        NONE,
        List.of(floats(Shape.of(2, 2), 2, 0, 0, 4)),
        new double[] {0.5, 0, 0, 0.25});
  }

  /** Bigrams 1 2 and 2 3, adjacent or with one token in between; the unigram 3. */
  @Test
  void ngramsAreCountedWithGaps() {
    Attributes pool =
        Attributes.of(
            "mode",
            "TFIDF",
            "min_gram_length",
            1L,
            "max_gram_length",
            2L,
            "max_skip_count",
            1L,
            "pool_int64s",
            new long[] {3, 1, 2, 2, 3},
            "ngram_counts",
            new long[] {0, 1});
    pool = pool.with("ngram_indexes", new long[] {2, 0, 1}).with("weights", List.of(1f, 10f, 1f));
    Tensor tokens = integers(DataType.INT64, Shape.of(5), 1, 3, 2, 3, 3);
    // 1 _ 2; 2 3 and 2 _ 3; three times 3.
    assertOutput(":TfIdfVectorizer", pool, List.of(tokens), 10, 2, 3);
  }

  /** With the rate 0.5 and the gradient 2 + 0.5 x 4 = 4. */
  @Test
  void optimisersTakeTheirSteps() {
    Tensor rate = floats(Shape.SCALAR, 0.5);
    Tensor count = integers(DataType.INT64, Shape.SCALAR, 1);
    Tensor x = floats(Shape.of(1), 4);
    Tensor gradient = floats(Shape.of(1), 2);
    Tensor state = floats(Shape.of(1), 9);
    Attributes regular = Attributes.of("norm_coefficient", 0.5f, "decay_factor", 1f);
    assertOutputs(
        BACKENDS,
        "ai.onnx.preview.training:Adagrad",
        regular.with("epsilon", 0f),
        List.of(rate, count, x, gradient, state),
        new double[] {4 - 0.5 / (1 + 1) * 4 / 5},
        new double[] {9 + 4 * 4});
    assertOutputs(
        BACKENDS,
        "ai.onnx.preview.training:Momentum",
        regular.with("alpha", 0.1f).with("beta", 2f).with("mode", "standard"),
        List.of(rate, count, x, gradient, state),
        new double[] {4 - 0.5 * (0.9 + 2 * 4)},
        new double[] {0.9 + 2 * 4});
  }

  /**
   * Scores of 1 and 3 become -1 and -3, shares are halved: the second half of the sum of values.
   */
  @Test
  void attentionIsModifiedByGraphs() {
    Attributes modified =
        Attributes.of("scale", 1f, "score_mod", modifier("Neg"), "prob_mod", modifier("Neg"));
    Tensor q = floats(Shape.of(1, 1, 1, 1), 1);
    Tensor k = floats(Shape.of(1, 1, 2, 1), 1, 3);
    Tensor v = floats(Shape.of(1, 1, 2, 1), 10, 20);
    double share = 1 / (1 + Math.exp(-2));
    assertOutput(
        "ai.onnx.preview:FlexAttention",
        modified,
        List.of(q, k, v),
        -(10 * share + 20 * (1 - share)));
    assertThatThrownBy(
            () ->
                assertOutput(
                    "ai.onnx.preview:FlexAttention",
                    modified.with("prob_mod", modifier("Nonsense")),
                    List.of(q, k, v),
                    0))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("'prob_mod'");
  }

  private static GraphTemplate modifier(String op) {
    ValueInfo in = new ValueInfo("x", null, null);
    ValueInfo out = new ValueInfo("y", null, null);
    Node node = new Node("m", "", op, 21, List.of("x"), List.of("y"), NONE, Map.of());
    return new GraphTemplate("m", List.of(in), List.of(out), Map.of(), List.of(node), Map.of());
  }
}
