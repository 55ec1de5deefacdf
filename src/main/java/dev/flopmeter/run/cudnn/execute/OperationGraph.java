package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork.Stencil;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.NormalizationWork;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A graph of cuDNN's graph API as data: tensors in memory, virtual ones between two operations,
 * numbers, and the operations. Arithmetic is in float32. The numbers are those of cuDNN 9's {@code
 * cudnn_graph.h}.
 */
final class OperationGraph {
  /** cuDNN's numbers by what is done, setting and word, from {@code settings.csv}. */
  private static final Map<String, Long> SETTINGS =
      Csv.rows(OperationGraph.class, "settings.csv").stream()
          .collect(Collectors.toMap(row -> row.get(0), row -> Long.valueOf(row.get(1))));

  // cudnnDataType_t, beside those of ElementType
  static final int FLOAT = 0;
  private static final int INT8 = ElementType.I8.code();
  static final int INT32 = 4;
  private static final int FP8 = ElementType.F8.code();
  private static final int BOOLEAN = 11;

  /** cuDNN's fastest engines load 128 bits at once. */
  private static final long MOST_ALIGNED = 16;

  /** How a tensor gets its elements. */
  enum Role {
    STORED,
    VIRTUAL,
    NUMBER
  }

  /**
   * A tensor.
   *
   * @param id its name within the graph: its place, from 1 on
   * @param alignment of its address, in bytes
   */
  record Tensor(long id, int type, List<Long> dims, List<Long> strides, long alignment, Role role) {
    @Override
    public String toString() {
      return id + ":" + role + type + dims + strides + "@" + alignment;
    }
  }

  /**
   * One operation, with the names of {@code descriptors.csv}; {@code toString} describes all of it.
   *
   * @param settings attributes of what is done
   * @param tensors attributes that are tensors, the result last
   */
  record Operation(String kind, Map<String, List<Long>> settings, Map<String, Tensor> tensors) {
    private Operation set(String attribute, long... values) {
      settings.put(attribute, list(values));
      return this;
    }

    private Operation set(String attribute, String word) {
      String setting = what() + " " + attribute + " " + word;
      return set(attribute, Objects.requireNonNull(SETTINGS.get(setting), setting));
    }

    /** Does nothing for a tensor that is not given. */
    private Operation set(String attribute, @Nullable Tensor tensor) {
      if (tensor != null) {
        tensors.put(attribute, tensor);
      }
      return this;
    }

    /** The descriptor of what is done; may be the operation itself. */
    String what() {
      return kind.split(" ", 2)[0];
    }

    /** Whether it multiplies and adds. */
    boolean isProduct() {
      return what().equals("product") || what().equals("convolution");
    }
  }

  /**
   * Where a stored tensor or a number of the graph is.
   *
   * @param address for each launch
   */
  record Bound(long id, IntToLongFunction address) {}

  private final PreparationContext context;
  private final List<Operation> operations = new ArrayList<>();
  private final List<Bound> bound = new ArrayList<>();
  private final List<Tensor> tensors = new ArrayList<>();

  OperationGraph(PreparationContext context) {
    this.context = context;
  }

  List<Operation> operations() {
    return Collections.unmodifiableList(operations);
  }

  List<Bound> bound() {
    return Collections.unmodifiableList(bound);
  }

  /** In the order in which they were made. */
  List<Tensor> tensors() {
    return Collections.unmodifiableList(tensors);
  }

  /** Whether its product is of 8-bit values, which tensor cores do not round. */
  boolean isNarrow() {
    return tensors.stream().anyMatch(tensor -> tensor.type() == INT8 || tensor.type() == FP8);
  }

  /** Everything that cuDNN's plan depends on: graphs with the same key share plans. */
  String key() {
    return operations.toString().replace(" ", "");
  }

  /**
   * This in cuDNN's descriptors.
   *
   * @throws DeviceFailure if cuDNN has no such pattern
   */
  BackendDescriptor described() {
    List<BackendDescriptor> made = tensors.stream().map(this::described).toList();
    return context
        .descriptor("graph")
        .set("handle", context.gpu().handleAddress())
        .set("operations", operations.stream().map(one -> described(one, made)).toList())
        .ready();
  }

  private BackendDescriptor described(Tensor tensor) {
    BackendDescriptor made =
        context
            .descriptor("tensor")
            .set("id", tensor.id())
            .set("type", tensor.type())
            .set("dimensions", array(tensor.dims()))
            .set("strides", array(tensor.strides()))
            .set("alignment", tensor.alignment());
    if (tensor.role() != Role.STORED) {
      made.set(tensor.role() == Role.VIRTUAL ? "is virtual" : "is number", 1);
    }
    return made.ready();
  }

  private BackendDescriptor described(Operation operation, List<BackendDescriptor> descriptors) {
    BackendDescriptor what = context.descriptor(operation.what());
    operation.settings().forEach((attribute, values) -> what.set(attribute, array(values)));
    boolean isOne = operation.what().equals(operation.kind());
    BackendDescriptor made =
        isOne ? what : context.descriptor(operation.kind()).set("what", List.of(what.ready()));
    operation
        .tensors()
        .forEach(
            (attribute, tensor) ->
                made.set(attribute, List.of(descriptors.get((int) tensor.id() - 1))));
    if (operation.what().equals("convolution")) {
      made.set("alpha", Float.floatToRawIntBits(1)).set("beta", 0);
    }
    return made.ready();
  }

  private static long[] array(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  Tensor stored(TensorView view) {
    return stored(view, view.shape().dims(), view.strides(), 0);
  }

  /**
   * A tensor that is seen with these dimensions and strides, and begins somewhere else in each
   * launch of the graph.
   *
   * @param shifts for each launch, where the tensor begins, in elements behind {@code view}
   */
  Tensor stored(TensorView view, long[] dims, long[] strides, long... shifts) {
    int bytes = view.storage().bytes();
    long address = context.addresses().applyAsLong(view);
    long bits = MOST_ALIGNED;
    for (long shift : shifts) {
      bits |= address + bytes * shift;
    }
    Tensor tensor =
        tensor(
            view.storage().code(),
            dims,
            nonZero(dims, strides),
            Long.lowestOneBit(bits),
            Role.STORED);
    bound.add(new Bound(tensor.id(), launch -> address + bytes * shifts[launch]));
    return tensor;
  }

  /** Any stride will do where there is one element, but cuDNN wants none of 0. */
  private static long[] nonZero(long[] dims, long[] strides) {
    long[] replaced = strides.clone();
    for (int i = dims.length - 1; i >= 0; i--) {
      if (dims[i] == 1 && strides[i] == 0) {
        replaced[i] = i == dims.length - 1 ? 1 : dims[i + 1] * replaced[i + 1];
      }
    }
    return replaced;
  }

  /** A tensor that only passes from one operation to the next, packed row major. */
  Tensor virtual(int type, long... dims) {
    return virtual(type, dims, TensorView.strides(Shape.of(dims), MemoryLayout.PLAIN));
  }

  Tensor virtual(int type, long[] dims, long[] strides) {
    return tensor(type, dims, strides, MOST_ALIGNED, Role.VIRTUAL);
  }

  /** A number that the operations take by value. */
  Tensor number(double value, int rank) {
    return number(FLOAT, Float.floatToRawIntBits((float) value), rank);
  }

  private Tensor number(int type, int bits, int rank) {
    long[] ones = new long[rank];
    Arrays.fill(ones, 1);
    Tensor number = tensor(type, ones, ones, Integer.BYTES, Role.NUMBER);
    HostBlock host = context.owned().add(new HostBlock(Integer.BYTES));
    host.bytes().putInt(0, bits);
    bound.add(new Bound(number.id(), launch -> host.address()));
    return number;
  }

  private Tensor tensor(int type, long[] dims, long[] strides, long alignment, Role role) {
    Tensor made = new Tensor(tensors.size() + 1, type, list(dims), list(strides), alignment, role);
    tensors.add(made);
    return made;
  }

  private static List<Long> list(long... values) {
    return LongStream.of(values).boxed().toList();
  }

  private Operation add(String kind) {
    Operation added = new Operation(kind, new LinkedHashMap<>(), new LinkedHashMap<>());
    operations.add(added);
    return added;
  }

  /** {@code c = a * b} over the last two axes. */
  void product(Tensor a, Tensor b, Tensor c) {
    add("product operation").set("precision", FLOAT).set("a", a).set("b", b).set("c", c);
  }

  /** {@code y = mode(x, b)}, b repeated to y's shape, or {@code mode(x)}. */
  void pointwise(String mode, Tensor x, @Nullable Tensor b, Tensor y) {
    pointwise(mode, FLOAT, x, b, null, y);
  }

  /** The same 32-bit integers. */
  void identity(Tensor x, Tensor y) {
    pointwise("IDENTITY", INT32, x, null, null, y);
  }

  /** As {@link #pointwise(String, Tensor, Tensor, Tensor)}, to a virtual tensor of float32. */
  Tensor pointwise(String mode, Tensor x, @Nullable Tensor b, long[] dims) {
    Tensor y = virtual(FLOAT, dims);
    pointwise(mode, x, b, y);
    return y;
  }

  /** {@code y = mode(x, b)}, or where a condition holds x and elsewhere b. */
  private void pointwise(
      String mode,
      int precision,
      Tensor x,
      @Nullable Tensor b,
      @Nullable Tensor condition,
      Tensor y) {
    add("pointwise operation")
        .set("mode", mode)
        .set("precision", precision)
        .set("x", x)
        .set("b", b)
        .set("condition", condition)
        .set("y", y);
  }

  /** Over the axes in which {@code dims} has one element, to a virtual tensor of float32. */
  Tensor reduction(String operator, Tensor x, long[] dims) {
    Tensor y = virtual(FLOAT, dims);
    add("reduction operation")
        .set("operator", operator)
        .set("precision", FLOAT)
        .set("x", x)
        .set("y", y);
    return y;
  }

  /**
   * {@code y = conv(x, weights)}, or transposed y as the gradient by the input; groups follow from
   * the channels.
   */
  void convolution(boolean isTransposed, Tensor x, Tensor weights, Tensor y, Stencil stencil) {
    add(isTransposed ? "convolution gradient" : "convolution operation")
        .set("precision", x.type() == INT8 ? INT32 : FLOAT)
        .set("mode", "CROSS_CORRELATION")
        .set("dilations", stencil.dilation())
        .set("strides", stencil.stride())
        .set("pads after", stencil.pad())
        .set("pads before", stencil.pad())
        .set("axes", stencil.pad().length)
        .set("x", x)
        .set("weights", weights)
        .set("y", y);
  }

  /** Each window's largest element or mean. */
  void resample(PoolingWork work) {
    add("resample operation")
        .set("mode", work.kind().name())
        .set("precision", FLOAT)
        .set("axes", work.window().length)
        .set("pads after", work.pad())
        .set("pads before", work.pad())
        .set("strides", work.stride())
        .set("window", work.window())
        .set("padding", work.kind() == PoolingWork.Kind.MAX ? "LEAST" : "ZEROS")
        .set("x", stored(work.x()))
        .set("y", stored(work.y()));
  }

  /** Normalises as in inference, by the statistics of x itself. */
  void normalization(NormalizationWork work) {
    add("normalization")
        .set("mode", work.kind().name())
        .set("phase", "INFERENCE")
        .set("x", stored(work.x()))
        .set("scale", stored(work.scale()))
        .set("bias", work.bias() == null ? null : stored(work.bias()))
        .set("epsilon", number(work.epsilon(), work.x().rank()))
        .set("y", stored(work.y()));
  }

  /**
   * x where the index along {@code columns} is at most that along {@code rows} plus {@code more},
   * elsewhere the least float.
   *
   * @param dims of x
   */
  Tensor lowerTriangle(Tensor x, long[] dims, int rows, int columns, long more) {
    Tensor row = index(x, dims, rows);
    if (more != 0) {
      Tensor later = virtual(INT32, dims);
      Tensor shift = number(INT32, Math.toIntExact(more), dims.length);
      pointwise("ADD", INT32, row, shift, null, later);
      row = later;
    }
    Tensor seen = virtual(BOOLEAN, dims);
    pointwise("GREATER_OR_EQUAL", BOOLEAN, row, index(x, dims, columns), null, seen);
    Tensor y = virtual(FLOAT, dims);
    pointwise("SELECT", FLOAT, x, number(-Float.MAX_VALUE, dims.length), seen, y);
    return y;
  }

  private Tensor index(Tensor x, long[] dims, int axis) {
    Tensor index = virtual(INT32, dims);
    add("pointwise operation")
        .set("mode", "INDEX")
        .set("precision", INT32)
        .set("axis", axis)
        .set("x", x)
        .set("y", index);
    return index;
  }
}
