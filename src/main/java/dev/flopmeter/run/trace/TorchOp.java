package dev.flopmeter.run.trace;

import dev.flopmeter.result.Precision;
import dev.flopmeter.run.trace.TorchTrace.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One operator in a trace of PyTorch's profiler. Operators nest in time: {@code aten::conv2d} calls
 * {@code aten::convolution}, which calls {@code aten::cudnn_convolution}, which launches kernels.
 * The order of their arguments is that of PyTorch's {@code native_functions.yaml}.
 *
 * @param start in microseconds of the trace's clock
 * @param micros how long it ran on its thread
 * @param macs multiply-accumulates by the shapes of its arguments; 0 if the trace does not tell
 * @param type of the first argument of a product; null for others, and if the trace does not tell
 * @param children those that it calls, in order
 * @param kernels those that it launched itself
 */
record TorchOp(
    String name,
    double start,
    double micros,
    boolean isProduct,
    double macs,
    @Nullable Precision type,
    List<TorchOp> children,
    List<Kernel> kernels) {
  /** Stands for all kernels of one launch of a CUDA graph, which no operator launches. */
  static final String CUDA_GRAPH = "CUDA graph";

  /** Operators that multiply and accumulate. */
  private static final Pattern PRODUCT =
      Pattern.compile(
          "_?conv(_transpose)?\\dd|.*convolution.*|.*linear(_.*)?|addmm|_?addmm_.*|mm|bmm|baddbmm|addbmm"
              + "|matmul|mv|addmv|einsum|.*attention.*|lstm|gru|rnn_.*|mkldnn_rnn.*|_cudnn_rnn.*|bilinear|triton_tem_.*|cuda"
              + " graph");

  /** The positions of stride, padding and dilation among the arguments. */
  private static final Map<String, int[]> WINDOW =
      Map.of(
          "cudnn_convolution", new int[] {3, 2, 4},
          "mkldnn_convolution", new int[] {4, 3, 5},
          "_convolution_pointwise", new int[] {4, 3, 5});

  private static final Set<String> FIRST_TWO = Set.of("mm", "bmm", "matmul", "mv");
  private static final Set<String> BEHIND_A_SUM = Set.of("addmm", "baddbmm", "addbmm", "addmv");
  private static final Pattern NUMBER = Pattern.compile("-?\\d+");

  /**
   * An operator of a trace.
   *
   * @param facts its arguments
   */
  static TorchOp of(String name, double start, double micros, JsonNode facts) {
    String plain = plain(name);
    boolean isProduct = PRODUCT.matcher(plain).matches();
    double macs =
        isProduct ? macs(plain, facts.path("Input Dims"), facts.path("Concrete Inputs")) : 0;
    String first = facts.path("Input type").path(0).asString("");
    Precision type = isProduct ? Trace.PRECISIONS.get(first) : null;
    return new TorchOp(
        name, start, micros, isProduct, macs, type, new ArrayList<>(0), new ArrayList<>(0));
  }

  /** The name without its library: {@code conv2d} of {@code aten::conv2d}. */
  static String plain(String name) {
    return name.substring(name.lastIndexOf(':') + 1).toLowerCase(Locale.ROOT);
  }

  double end() {
    return start + micros;
  }

  /** Time of its kernels and those of all operators in it, in microseconds. */
  double deviceMicros() {
    return kernels.stream().mapToDouble(Kernel::micros).reduce(0, Double::sum)
        + children.stream().mapToDouble(TorchOp::deviceMicros).sum();
  }

  /** Its kernels and those of all operators in it. */
  Stream<Kernel> launched() {
    return Stream.concat(kernels.stream(), children.stream().flatMap(TorchOp::launched));
  }

  /** What it multiplied in: under autocast, an inner operator takes other types than the outer. */
  @Nullable Precision precision() {
    for (TorchOp child : children) {
      Precision inner = child.precision();
      if (inner != null) {
        return inner;
      }
    }
    return type;
  }

  /**
   * The operators that make up a pass, outermost first: a product is one if its work is known or if
   * it calls one product at the most, and so is an operator without products in it.
   */
  void forEachStep(Consumer<TorchOp> action) {
    int products = innermostProducts();
    if (products == 0 || (isProduct && (macs > 0 || products == 1))) {
      action.accept(this);
    } else {
      children.forEach(child -> child.forEachStep(action));
    }
  }

  private int innermostProducts() {
    int inside = children.stream().mapToInt(TorchOp::innermostProducts).sum();
    return inside == 0 && isProduct ? 1 : inside;
  }

  private static double macs(String op, JsonNode dims, JsonNode values) {
    List<double[]> shapes = new ArrayList<>();
    for (JsonNode one : dims) {
      shapes.add(one.valueStream().mapToDouble(dim -> dim.asDouble(0)).toArray());
    }
    int skipped = BEHIND_A_SUM.contains(op) ? 1 : 0;
    if (shapes.size() < 2 + skipped || shapes.get(0).length == 0) {
      return 0;
    }
    double[] left = shapes.get(skipped);
    double[] right = shapes.get(skipped + 1);
    if (op.contains("conv")) {
      return convolution(op, left, right, values);
    }
    if (op.contains("attention")) {
      return shapes.size() > 2 ? attention(left, right, shapes.get(2)) : 0;
    }
    if (op.contains("linear")) {
      return right.length == 2 ? volume(left) * right[0] : 0;
    }
    return skipped == 1 || FIRST_TWO.contains(op) ? product(left, right) : 0;
  }

  private static double convolution(String op, double[] in, double[] weight, JsonNode values) {
    int rank = weight.length - 2;
    if (rank < 1 || in.length < weight.length - 1 || weight[0] == 0) {
      return 0;
    }
    double perFilter = volume(weight) / weight[0];
    boolean isTold = !WINDOW.containsKey(op) && values.path(6).asString("").equals("True");
    if (op.contains("transpose") || isTold) {
      return volume(in) * perFilter; // weights are [channels in, channels out, ...]
    }
    int[] places = WINDOW.getOrDefault(op, new int[] {3, 4, 5});
    String padding = values.path(places[1]).asString("");
    double outputs = (in.length == weight.length ? in[0] : 1) * weight[0];
    for (int i = 0; i < rank; i++) {
      double size = in[in.length - rank + i];
      double window = number(values.path(places[2]), i) * (weight[2 + i] - 1) + 1;
      double padded =
          padding.equals("same")
              ? size + window - 1
              : size + (padding.equals("valid") ? 0 : 2 * number(values.path(places[1]), i));
      outputs *= Math.floor((padded - window) / number(values.path(places[0]), i)) + 1;
    }
    double macs = outputs * perFilter;
    return macs > 0 && !Double.isInfinite(macs) ? macs : 0;
  }

  /** Number {@code index} of a list such as {@code [2, 2]}; a single one applies to all. */
  private static double number(JsonNode list, int index) {
    List<String> numbers =
        NUMBER.matcher(list.asString("")).results().map(MatchResult::group).toList();
    return numbers.isEmpty()
        ? Double.NaN
        : Double.parseDouble(numbers.get(Math.min(index, numbers.size() - 1)));
  }

  private static double attention(double[] query, double[] key, double[] value) {
    if (query.length < 2 || key.length < 2 || value.length < 2) {
      return 0;
    }
    double rows = volume(query) / query[query.length - 1];
    return rows * key[key.length - 2] * (query[query.length - 1] + value[value.length - 1]);
  }

  private static double product(double[] left, double[] right) {
    if (left.length == 0 || right.length == 0) {
      return 0;
    }
    double columns = right.length == 1 ? 1 : right[right.length - 1];
    double rows = left.length == 1 ? 1 : left[left.length - 2];
    double batches = 1;
    for (int i = 3; i <= Math.max(left.length, right.length); i++) {
      double one = i <= left.length ? left[left.length - i] : 1;
      double other = i <= right.length ? right[right.length - i] : 1;
      batches *= Math.max(one, other);
    }
    return batches * rows * columns * left[left.length - 1];
  }

  private static double volume(double[] dims) {
    return DoubleStream.of(dims).reduce(1, (one, other) -> one * other);
  }
}
