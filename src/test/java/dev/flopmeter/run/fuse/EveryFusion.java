package dev.flopmeter.run.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.conformance.Tolerance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Libraries accept some combinations of a convolution or product with its followers and reject
 * others at run time. Every kind runs here with every follower, and is compared with the same nodes
 * unfused.
 */
abstract class EveryFusion {
  private static final int CHANNELS = 8;
  private static final Attributes NONE = Attributes.NONE;

  abstract Backend backend();

  /** Writes an activation of a value, in one node or several. */
  private interface Follower {
    /** Returns the name of the output, which begins with {@code name}. */
    String write(GraphBuilder graph, String name, String input);

    static Follower of(String op, Object... attributes) {
      return (graph, name, input) ->
          graph.add(op, name + "/" + op, Attributes.of(attributes), input);
    }

    static Follower clip(float... bounds) {
      return (graph, name, input) -> {
        List<String> inputs = new ArrayList<>(List.of(input));
        for (float bound : bounds) {
          inputs.add(scalar(graph, name, bound));
        }
        return graph.add("Clip", name + "/Clip", NONE, inputs.toArray(String[]::new));
      };
    }

    static Follower gated(String op, Object... attributes) {
      return (graph, name, input) ->
          graph.add("Mul", name, NONE, input, of(op, attributes).write(graph, name, input));
    }

    /** A Gelu with its error function. */
    static Follower erf(boolean divides, Halving halving) {
      return (graph, name, x) -> {
        String root = scalar(graph, name, (float) Math.sqrt(divides ? 2 : 0.5));
        String half = scalar(graph, name, 0.5f);
        graph.add(divides ? "Div" : "Mul", name + "/scaled", NONE, x, root);
        graph.add("Erf", name + "/erf", NONE, name + "/scaled");
        String sum =
            graph.add("Add", name + "/shifted", NONE, name + "/erf", scalar(graph, name, 1));
        return switch (halving) {
          case LAST -> graph.add("Mul", name, NONE, product(graph, name, x, sum), half);
          case SUM -> graph.add("Mul", name, NONE, product(graph, name, sum, half), x);
          case FIRST -> graph.add("Mul", name, NONE, product(graph, name, half, x), sum);
        };
      };
    }

    private static String product(GraphBuilder graph, String name, String one, String other) {
      return graph.add("Mul", name + "/product", NONE, one, other);
    }

    private static String scalar(GraphBuilder graph, String name, float value) {
      return graph.constant(name + "/" + value, Tensor.ofFloats(Shape.SCALAR, value));
    }
  }

  /** The value that a Gelu of several nodes halves. */
  private enum Halving {
    FIRST,
    SUM,
    LAST
  }

  /** All followers that any fusion supports, and similar ones that it might support. */
  private static final Map<String, Follower> FOLLOWERS = new LinkedHashMap<>();

  static {
    FOLLOWERS.put("relu", Follower.of("Relu"));
    FOLLOWERS.put("sigmoid", Follower.of("Sigmoid"));
    FOLLOWERS.put("tanh", Follower.of("Tanh"));
    FOLLOWERS.put("hardswish", Follower.of("HardSwish"));
    FOLLOWERS.put("hardsigmoid", Follower.of("HardSigmoid"));
    FOLLOWERS.put("leaky", Follower.of("LeakyRelu", "alpha", 0.3));
    FOLLOWERS.put("leakyNegative", Follower.of("LeakyRelu", "alpha", -2.0));
    FOLLOWERS.put("gelu", Follower.of("Gelu"));
    FOLLOWERS.put("geluTanh", Follower.of("Gelu", "approximate", "tanh"));
    FOLLOWERS.put("elu", Follower.of("Elu"));
    FOLLOWERS.put("swish", Follower.gated("Sigmoid"));
    FOLLOWERS.put("hardSwishInParts", Follower.gated("HardSigmoid", "alpha", 1 / 6.0, "beta", 0.5));
    FOLLOWERS.put("hardGate", Follower.gated("HardSigmoid"));
    FOLLOWERS.put("tanhGate", Follower.gated("Tanh"));
    for (Halving halving : Halving.values()) {
      FOLLOWERS.put("erfDivided" + halving, Follower.erf(true, halving));
      FOLLOWERS.put("erfMultiplied" + halving, Follower.erf(false, halving));
    }
    FOLLOWERS.put("clip", Follower.clip(-0.25f, 0.5f));
    FOLLOWERS.put("clipCrossed", Follower.clip(0.5f, -0.25f));
    FOLLOWERS.put("clipBelow", Follower.clip(0));
  }

  /** A convolution or product, and how to write one of its outputs into a graph. */
  private record Kind(String name, TensorType input, Writer writer) {
    interface Writer {
      /** Adds a node that computes {@code output} from {@code x}. */
      void write(GraphBuilder graph, String output);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static TensorType floats(long... dims) {
    return TensorType.of(DataType.FLOAT, dims);
  }

  private static String weight(GraphBuilder graph, String output, String name, long... dims) {
    String value = output + "/" + name;
    graph.constant(value, new RandomTensor(floats(dims), value.hashCode(), -0.5, 0.5));
    return value;
  }

  private static Kind conv(String name, int axes, long group, long kernel, Attributes attributes) {
    return convolution(
        "Conv",
        name,
        axes,
        new long[] {CHANNELS, CHANNELS / group},
        kernel,
        attributes.with("group", group));
  }

  private static Kind convolution(
      String op, String name, int axes, long[] channels, long kernel, Attributes attributes) {
    long[] data = new long[axes + 2];
    Arrays.fill(data, 7);
    data[0] = 2;
    data[1] = CHANNELS;
    long[] weights = new long[axes + 2];
    Arrays.fill(weights, kernel);
    weights[0] = channels[0];
    weights[1] = channels[1];
    return new Kind(
        op + " " + name,
        floats(data),
        (graph, output) ->
            graph.add(
                op,
                output,
                attributes,
                "x",
                weight(graph, output, "w", weights),
                weight(graph, output, "b", CHANNELS)));
  }

  private static Kind normalised(Kind kind) {
    return new Kind(
        kind.name() + " and BatchNormalization",
        kind.input(),
        (graph, output) -> {
          kind.writer().write(graph, output + "/conv");
          graph.constant(
              output + "/var", new RandomTensor(floats(CHANNELS), output.hashCode(), 0.5, 2));
          graph.add(
              "BatchNormalization",
              output,
              NONE,
              output + "/conv",
              weight(graph, output, "scale", CHANNELS),
              weight(graph, output, "shift", CHANNELS),
              weight(graph, output, "mean", CHANNELS),
              output + "/var");
        });
  }

  private static Attributes list(String name, long... values) {
    return Attributes.of(name, values);
  }

  static Stream<Kind> convolutions() {
    Kind plain = conv("2-D", 2, 1, 3, list("pads", 1, 1, 1, 1));
    return Stream.of(
        plain,
        normalised(plain),
        conv("1-D", 1, 1, 3, NONE),
        conv("3-D", 3, 1, 3, NONE),
        conv("1-D depthwise", 1, CHANNELS, 3, list("pads", 1, 1)),
        conv("3-D grouped", 3, 2, 2, NONE),
        conv("grouped", 2, 2, 3, NONE),
        conv("depthwise", 2, CHANNELS, 3, NONE),
        normalised(conv("depthwise", 2, CHANNELS, 3, NONE)),
        conv("pointwise", 2, 1, 1, NONE),
        conv("strided", 2, 1, 3, list("strides", 2, 2)),
        conv("dilated", 2, 1, 3, list("dilations", 2, 2)),
        conv("padded on one side", 2, 1, 3, list("pads", 0, 1, 1, 2)),
        conv("SAME_UPPER", 2, 1, 2, Attributes.of("auto_pad", "SAME_UPPER")),
        conv("SAME_LOWER", 2, 1, 3, Attributes.of("auto_pad", "SAME_LOWER")),
        convolution(
            "ConvTranspose", "2-D", 2, new long[] {CHANNELS, CHANNELS}, 3, list("strides", 2, 2)),
        convolution("ConvTranspose", "1-D", 1, new long[] {CHANNELS, CHANNELS}, 3, NONE));
  }

  private static Kind product(
      String op,
      String name,
      TensorType input,
      Attributes attributes,
      long[] weights,
      long @org.jspecify.annotations.Nullable [] bias) {
    return new Kind(
        op + " " + name,
        input,
        (graph, output) -> {
          List<String> inputs = new ArrayList<>(List.of("x", weight(graph, output, "w", weights)));
          if (bias != null) {
            inputs.add(weight(graph, output, "c", bias));
          }
          String domain = op.startsWith("Fused") ? "com.microsoft" : "";
          graph.add(
              new Node(
                  output,
                  domain,
                  op,
                  domain.isEmpty() ? 20 : 1,
                  inputs,
                  List.of(output),
                  attributes,
                  Map.of()));
        });
  }

  private static Kind biased(Kind kind, long... bias) {
    return new Kind(
        kind.name() + " and Add of " + Shape.of(bias),
        kind.input(),
        (graph, output) -> {
          kind.writer().write(graph, output + "/product");
          graph.add("Add", output, NONE, weight(graph, output, "bias", bias), output + "/product");
        });
  }

  static Stream<Kind> products() {
    TensorType matrix = floats(3, 4);
    long[] weights = {4, 5};
    Kind plain = product("MatMul", "2-D", matrix, NONE, weights, null);
    Kind deep = product("MatMul", "4-D", floats(2, 2, 3, 4), NONE, weights, null);
    return Stream.of(
        plain,
        biased(plain, 5),
        biased(plain, 1, 5),
        biased(plain, 3, 1),
        biased(plain),
        product("MatMul", "of a vector", floats(4), NONE, weights, null),
        biased(product("MatMul", "of a vector", floats(4), NONE, weights, null), 5),
        product("MatMul", "by a vector", matrix, NONE, new long[] {4}, null),
        product("MatMul", "by a batch", matrix, NONE, new long[] {2, 4, 5}, null),
        deep,
        biased(deep, 5),
        biased(deep, 2, 1, 1, 5),
        product("Gemm", "without C", matrix, NONE, weights, null),
        product("Gemm", "with C", matrix, NONE, weights, new long[] {5}),
        biased(product("Gemm", "with C", matrix, NONE, weights, new long[] {3, 1}), 5),
        product(
            "Gemm",
            "turned and scaled",
            floats(4, 3),
            Attributes.of("transA", 1, "transB", 1, "alpha", 0.5, "beta", 2.0),
            new long[] {5, 4},
            new long[] {5}),
        product(
            "FusedMatMul",
            "turned and scaled",
            matrix,
            Attributes.of("transB", 1, "alpha", 0.5),
            new long[] {5, 4},
            null),
        biased(
            product(
                "FusedMatMul",
                "turned",
                matrix,
                Attributes.of("transB", 1),
                new long[] {5, 4},
                null),
            5),
        product(
            "FusedGemm",
            "with an activation",
            matrix,
            Attributes.of("activation", "Tanh"),
            weights,
            new long[] {5}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"convolutions", "products"})
  void everyFollowerGivesWhatTheNodesGiveAlone(Kind kind) {
    Graph graph = withFollowers(kind);
    Map<String, Tensor> inputs = RandomInputs.of(graph, 1);
    try (Plan fused = backend().prepare(graph, RunOptions.DEFAULT);
        Plan single = backend().prepare(graph, RunOptions.DEFAULT.withFuse(false))) {
      Map<String, Tensor> expected = single.run(inputs);
      Map<String, Tensor> actual = fused.run(inputs);
      Tolerance tolerance = new Tolerance(1e-4, 1e-5, 0);
      assertThat(actual).containsOnlyKeys(expected.keySet());
      actual.forEach(
          (output, values) ->
              assertThat(tolerance.difference(expected.get(output), values)).as(output).isEmpty());
    }
  }

  /** One output per follower, directly after the kind's node and after a residual sum. */
  private static Graph withFollowers(Kind kind) {
    GraphBuilder graph = new GraphBuilder("kind", 20);
    graph.input("x", kind.input());
    List<String> outputs = new ArrayList<>();
    kind.writer().write(graph, "alone");
    outputs.add("alone");
    kind.writer().write(graph, "other");
    FOLLOWERS.forEach(
        (name, follower) -> {
          kind.writer().write(graph, name + "/plain");
          outputs.add(follower.write(graph, name, name + "/plain"));
          kind.writer().write(graph, name + "/kept/own");
          graph.add("Sum", name + "/kept/sum", NONE, "other", name + "/kept/own");
          outputs.add(follower.write(graph, name + "/kept", name + "/kept/sum"));
          // This residual has no other reader, so the sum may use its memory.
          kind.writer().write(graph, name + "/spent/shortcut");
          kind.writer().write(graph, name + "/spent/own");
          graph.add(
              "Add", name + "/spent/sum", NONE, name + "/spent/own", name + "/spent/shortcut");
          outputs.add(follower.write(graph, name + "/spent", name + "/spent/sum"));
        });
    return graph.build(outputs);
  }
}
