package dev.flopmeter.model.decompose;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;
import static dev.flopmeter.model.equation.Terms.real;
import static dev.flopmeter.model.shape.NodeFunctions.input;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.shape.NodeFunctions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/** The functions of {@code bodies.txt} besides ONNX's operators. */
final class BodyFunctions {
  private BodyFunctions() {}

  static final Dialect DIALECT =
      new Dialect.Of(
          "bodies.txt", BodyFunctions::find, name -> Decompositions.typeRule(name).isPresent());

  private static @Nullable BuiltIn find(String name) {
    return switch (name) {
      case "is_operator" -> of(1, (b, a) -> Decompositions.typeRule((String) a.get(0)).isPresent());
      case "depends_on" ->
          of(
              1,
              (b, a) -> {
                throw new DataDependentException(((Value) a.get(0)).name());
              });
      case "modified" -> of(2, (b, a) -> b.written((String) a.get(0), (Value) a.get(1)));
      case "scalar" -> of(1, (b, a) -> b.constant(Tensor.ofLong(integer(a, 0))));
      case "filled" ->
          of(
              3,
              (b, a) ->
                  b.constant(
                      FilledTensor.of(
                          TensorType.of((DataType) a.get(0), dims(a.get(1))), real(a.get(2)))));
      case "floats" ->
          of(
              2,
              (b, a) -> {
                List<?> given = list(a.get(1));
                return b.constant(
                    DenseTensor.ofFloats(Shape.of(dims(a.get(0))), i -> real(given.get(i))));
              });
      case "range" ->
          new BuiltIn(
              1, 2, (host, a) -> ((Body) host).constant(range(dims(a.size() == 1 ? a.get(0) : a))));
      case "windows" ->
          of(
              3,
              (b, a) -> {
                long size = integer(a, 1);
                long step = integer(a, 2);
                return b.constant(longs(i -> i / size * step + i % size, integer(a, 0), size));
              });
      case "later_keys" -> of(3, (b, a) -> b.constant(laterKeys(dims(a))));
      case "distance_buckets" -> of(5, (b, a) -> b.constant(distanceBuckets(a)));
      case "block_weights" -> of(0, (b, a) -> b.constant(PackedWeights.ofBlocks(b.in())));
      case "table_weights" -> of(0, (b, a) -> b.constant(PackedWeights.ofTable(b.in())));
      case "blob_weights" -> of(0, (b, a) -> b.constant(PackedWeights.ofBlob(b.in())));
      case "gathered_weights" -> of(0, (b, a) -> b.constant(PackedWeights.ofGathered(b.in())));
      case "expert_weights" ->
          of(
              3,
              (b, a) ->
                  b.constant(
                      PackedWeights.ofExperts(b.in(), input(a, 0), input(a, 1), integer(a, 2))));
      case "block_size" -> of(0, (b, a) -> BlockedWeights.block(b.in()));
      case "blocked_weights" ->
          of(
              0,
              (b, a) -> {
                BlockedWeights found = BlockedWeights.of(b.in());
                return Map.of(
                    "is_depthwise", found.isDepthwise(),
                    "outputs", found.outputs(),
                    "inputs", found.inputs(),
                    "weights", b.constant(found.ordered()));
              });
      default -> NodeFunctions.find(name);
    };
  }

  private static BuiltIn of(int arguments, BuiltIn.Rule<Body> rule) {
    return BuiltIn.of(arguments, rule);
  }

  private static Tensor longs(IntToLongFunction each, long... dims) {
    long[] all = new long[Elements.count(TensorType.of(DataType.INT64, dims))];
    Arrays.setAll(all, each);
    return DenseTensor.ofLongs(Shape.of(dims), all);
  }

  /** 0, 1, ... in a shape. */
  private static Tensor range(long... dims) {
    return longs(i -> i, dims);
  }

  /**
   * A mask that hides the keys after each query except the last, as in ONNX Runtime.
   *
   * @param sizes queries, all keys, those before the first query
   */
  private static Tensor laterKeys(long... sizes) {
    long keys = sizes[1];
    return DenseTensor.ofFloats(
        Shape.of(sizes[0], keys),
        i -> i / keys + 1 < sizes[0] && i % keys > i / keys + sizes[2] ? -Float.MAX_VALUE : 0);
  }

  /**
   * The bucket of each query's distance to each key: the first half for single distances, the
   * others on a logarithmic scale (as T5 has them).
   *
   * @param a queries, keys, buckets, the largest distance, whether keys may be after a query
   */
  private static Tensor distanceBuckets(List<Object> a) {
    long keys = integer(a, 1);
    boolean isBothWays = (boolean) a.get(4);
    long count = isBothWays ? integer(a, 2) / 2 : integer(a, 2);
    long exact = count / 2;
    double most = Math.log((double) integer(a, 3) / exact);
    return longs(
        i -> {
          long distance = i % keys - i / keys;
          long first = isBothWays && distance > 0 ? count : 0;
          long far = isBothWays ? Math.abs(distance) : Math.max(0, -distance);
          double share = Math.log((double) far / exact) / most;
          long scaled = Math.min(count - 1, exact + (long) (share * (count - exact)));
          return first + (far < exact ? far : scaled);
        },
        integer(a, 0),
        keys);
  }
}
