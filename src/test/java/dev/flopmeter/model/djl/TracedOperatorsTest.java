package dev.flopmeter.model.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.LambdaBlock;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The traced graph of a method of DJL's arrays computes what PyTorch computes: the operator and its
 * attributes are right.
 */
class TracedOperatorsTest {
  private static DjlBackend backend;
  private static NDManager torch;

  @BeforeAll
  static void open() {
    backend = DjlBackend.open();
    torch = NDManager.newBaseManager("PyTorch");
  }

  @AfterAll
  static void close() {
    torch.close();
    backend.close();
  }

  private static Arguments unary(String name, UnaryOperator<NDArray> method, long... shape) {
    return lists(name, list -> new NDList(method.apply(list.head())), new Shape(shape));
  }

  private static Arguments lists(String name, UnaryOperator<NDList> method, Shape... shapes) {
    return arguments(name, method, List.of(shapes));
  }

  static Stream<Arguments> elementwise() {
    return Stream.of(
        unary("add a number", x -> x.add(2), 2, 3),
        unary("subtract", x -> x.sub(x.mul(0.5f)), 2, 3),
        unary("divide by itself", x -> x.div(x.add(3)), 2, 3),
        unary("modulo", x -> x.mod(0.3f), 2, 3),
        unary("power", x -> x.abs().pow(1.5f), 2, 3),
        unary("in place", x -> x.duplicate().addi(1).muli(2).subi(x), 2, 3),
        unary("maximum", x -> x.maximum(0.25f).minimum(0.5f), 2, 3),
        unary("clip", x -> x.clip(-0.2f, 0.3f), 2, 3),
        unary("square root", x -> x.abs().sqrt(), 2, 3),
        unary("logarithms", x -> x.abs().add(1).log().add(x.exp()), 2, 3),
        unary("log2", x -> x.abs().add(1).log2(), 2, 3),
        unary("trigonometry", x -> x.sin().add(x.cos()).mul(x.tan()), 2, 3),
        unary("compare", x -> x.gt(0).toType(DataType.FLOAT32, false), 2, 3),
        unary("not equal", x -> x.neq(x.abs()).toType(DataType.FLOAT32, false), 2, 3),
        unary("logic", x -> x.gt(0).logicalAnd(x.lt(0.5f)).toType(DataType.INT32, false), 2, 3),
        unary("erf", x -> x.erf(), 2, 3),
        unary("where", x -> NDArrays.where(x.gt(0), x, x.mul(-2)), 2, 3),
        unary("integers divide", x -> x.mul(10).toType(DataType.INT32, false).div(4), 2, 3),
        unary("reverse", x -> NDArrays.div(1, x.add(3)), 2, 3),
        lists(
            "two",
            list -> new NDList(list.get(0).mul(list.get(1))),
            new Shape(2, 3),
            new Shape(3)));
  }

  static Stream<Arguments> layouts() {
    return Stream.of(
        unary("reshape", x -> x.reshape(4, -1), 2, 6),
        unary("flatten", x -> x.flatten(), 2, 3, 4),
        unary("flatten some", x -> x.flatten(1, 2), 2, 3, 4, 5),
        unary("expand", x -> x.expandDims(1).squeeze(1).expandDims(0), 2, 3),
        unary("squeeze all", x -> x.squeeze(), 1, 3, 1, 2),
        unary("transpose", x -> x.transpose(), 2, 3, 4),
        unary("permute", x -> x.transpose(2, 0, 1), 2, 3, 4),
        unary("swap", x -> x.swapAxes(0, 2), 2, 3, 4),
        unary("flip", x -> x.flip(1), 2, 3),
        unary("broadcast", x -> x.broadcast(4, 2, 3), 2, 3),
        unary("tile", x -> x.tile(new long[] {2, 3}), 2, 3),
        unary("repeat", x -> x.repeat(1, 3), 2, 3),
        unary("pad", x -> x.pad(new Shape(1, 2, 3, 0), 0.5), 2, 3),
        unary("slice", x -> x.get("1:, :2"), 3, 4),
        unary("fixed", x -> x.get(1), 3, 4),
        unary("last", x -> x.get(new NDIndex("..., -1")), 3, 4),
        unary("steps", x -> x.get("::2"), 5, 2),
        unary("split", x -> x.split(3, 1).get(1), 2, 6),
        lists("cuts", list -> list.head().split(new long[] {1, 4}, 1), new Shape(2, 6)),
        unary("stack", x -> NDArrays.stack(new NDList(x, x.mul(2)), 1), 2, 3),
        unary("concat", x -> NDArrays.concat(new NDList(x, x.mul(2)), 1), 2, 3),
        unary("take", x -> x.take(x.getManager().create(new long[] {3, 0})), 2, 3),
        unary(
            "gather", x -> x.gather(x.getManager().create(new long[][] {{0, 2}, {1, 1}}), 1), 2, 3),
        unary(
            "gather points",
            x -> x.gatherNd(x.getManager().create(new long[][] {{0, 1, 1}, {2, 0, 1}})),
            2,
            3),
        unary("range", x -> x.add(x.getManager().arange(3)), 2, 3),
        unary("one hot", x -> x.argMax(1).oneHot(3), 4, 3));
  }

  static Stream<Arguments> reductions() {
    return Stream.of(
        unary("sum", x -> x.sum(), 2, 3),
        unary("sum axis", x -> x.sum(new int[] {1}), 2, 3),
        unary("mean kept", x -> x.mean(new int[] {-1}, true), 2, 3, 4),
        unary("max", x -> x.max(new int[] {0}), 2, 3),
        unary("min", x -> x.min(), 2, 3),
        unary("product", x -> x.prod(), 2, 3),
        unary("norm", x -> x.norm(), 2, 3),
        unary("normalize", x -> x.normalize(), 2, 3),
        unary("arg max", x -> x.argMax(1), 2, 3),
        unary("top k", x -> x.topK(2, 1).get(0), 2, 5),
        unary("sort", x -> x.sort(1), 2, 5),
        unary("arg sort", x -> x.argSort(1, false), 2, 5),
        unary("softmax", x -> x.softmax(-1), 2, 5),
        unary("log softmax", x -> x.logSoftmax(1), 2, 5),
        unary("running sum", x -> x.cumSum(1), 2, 5),
        unary("matrices", x -> x.matMul(x.transpose(0, 2, 1)), 2, 3, 4),
        unary("dot", x -> x.dot(x.transpose()), 3, 4));
  }

  static Stream<Arguments> layers() {
    return Stream.of(
        layer("relu", x -> x.getNDArrayInternal().relu()),
        layer("leaky", x -> x.getNDArrayInternal().leakyRelu(0.1f)),
        layer("elu", x -> x.getNDArrayInternal().elu(0.7f)),
        layer("selu", x -> x.getNDArrayInternal().selu()),
        layer("gelu", x -> x.getNDArrayInternal().gelu()),
        layer("swish", x -> x.getNDArrayInternal().swish(1)),
        layer("swish of 2", x -> x.getNDArrayInternal().swish(2)),
        layer("mish", x -> x.getNDArrayInternal().mish()),
        layer("soft plus", x -> x.getNDArrayInternal().softPlus()),
        layer("soft sign", x -> x.getNDArrayInternal().softSign()),
        layer("sigmoid", x -> x.getNDArrayInternal().sigmoid()),
        layer("max pool", x -> pool(x, false)),
        layer("max pool, up", x -> pool(x, true)),
        // DJL 0.36's PyTorch engine still divides by the whole window if it is false.
        layer("average", x -> average(x)),
        layer("global", x -> x.getNDArrayInternal().globalAvgPool()),
        layer("global max", x -> x.getNDArrayInternal().globalMaxPool()),
        layer("standardize", x -> standardized(x)));
  }

  private static Arguments layer(String name, UnaryOperator<NDArray> method) {
    return unary(name, method, 2, 3, 8, 8);
  }

  private static NDArray pool(NDArray x, boolean up) {
    return x.getNDArrayInternal().maxPool(new Shape(3, 3), new Shape(2, 2), new Shape(1, 1), up);
  }

  private static NDArray average(NDArray x) {
    Shape two = new Shape(2, 2);
    return x.getNDArrayInternal().avgPool(new Shape(3, 3), two, new Shape(1, 1), false, true);
  }

  private static NDArray standardized(NDArray x) {
    return x.getNDArrayInternal().normalize(new float[] {0.1f, 0.2f, 0.3f}, new float[] {1, 2, 3});
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"elementwise", "layouts", "reductions", "layers"})
  void computesWhatPyTorchDoes(String name, UnaryOperator<NDList> method, List<Shape> shapes) {
    Graph graph = DjlGraphs.trace(new LambdaBlock(method), shapes.toArray(Shape[]::new));
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    try (NDManager manager = torch.newSubManager();
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      NDList real = new NDList();
      for (int i = 0; i < shapes.size(); i++) {
        TensorType type = DjlTypes.type(shapes.get(i), DataType.FLOAT32);
        Tensor values = new RandomTensor(type, 7 + i, -1, 1);
        inputs.put(graph.inputs().get(i), values);
        real.add(manager.create(values.toFloats(), shapes.get(i)));
      }
      NDList expected = method.apply(real);
      Map<String, Tensor> computed = plan.run(inputs);
      List<Tensor> outputs = new ArrayList<>();
      graph.outputs().forEach(output -> outputs.add(computed.get(output)));
      assertThat(outputs).hasSameSizeAs(expected);
      for (int i = 0; i < expected.size(); i++) {
        TensorType type = graph.requireType(graph.outputs().get(i));
        assertThat(DjlTypes.shape(type.shape())).as("shape").isEqualTo(expected.get(i).getShape());
        assertThat(outputs.get(i).toDoubles())
            .containsExactly(doubles(expected.get(i)), within(1e-4));
      }
    }
  }

  private static double[] doubles(NDArray array) {
    return array.toType(DataType.FLOAT64, false).toDoubleArray();
  }
}
