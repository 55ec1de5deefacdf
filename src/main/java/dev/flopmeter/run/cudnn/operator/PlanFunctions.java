package dev.flopmeter.run.cudnn.operator;

import static dev.flopmeter.model.equation.Terms.list;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.PackedTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.shape.NodeFunctions;
import dev.flopmeter.model.shape.ResizeTaps;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.NormalizationWork;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.run.fuse.Fused;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What the equations of {@code plans.txt} can ask for, see and launch. */
final class PlanFunctions {
  static final Dialect DIALECT = new Dialect.Of("plans.txt", PlanFunctions::find, name -> false);

  private static final int ANY = Integer.MAX_VALUE;

  private PlanFunctions() {}

  private static @Nullable BuiltIn find(String name) {
    BuiltIn found = view(name);
    found = found == null ? number(name) : found;
    found = found == null ? work(name) : found;
    found = found == null ? effect(name) : found;
    return found == null ? NodeFunctions.find(name) : found;
  }

  private static BuiltIn of(int arguments, Function<PlanCall, Object> rule) {
    return of(arguments, arguments, rule);
  }

  private static BuiltIn of(int least, int most, Function<PlanCall, Object> rule) {
    return new BuiltIn(least, most, (host, a) -> rule.apply(new PlanCall((NodePlan) host, a)));
  }

  private static @Nullable BuiltIn view(String name) {
    return switch (name) {
      case "as_is" -> of(1, c -> c.node().builder().value(c.name(0)));
      case "formatted" -> of(2, c -> c.node().builder().formatted(c.name(0), c.layout(1)));
      case "narrow" -> of(2, c -> c.node().builder().narrow(c.name(0), c.layout(1)));
      case "contiguous" -> of(1, c -> c.node().contiguous(c.name(0)));
      case "out" -> of(1, 2, c -> c.node().out(c.index(0), c.layoutOrPlain(1)));
      case "concatenated" -> of(2, PlanFunctions::concatenated);
      case "out_like" -> of(2, c -> c.node().outLike(c.index(0), c.view(1)));
      case "scratch" ->
          of(3, 4, c -> c.node().scratch(c.text(0), c.shape(1), c.storage(2), c.layoutOrPlain(3)));
      case "constant" -> of(3, PlanFunctions::constant);
      case "codes_of" -> of(1, c -> held(c.node(), "codes", c.value(0).orElseThrow()));
      case "packed_as" ->
          of(3, c -> c.view(0).as(c.shape(1), TensorView.strides(c.shape(1), c.layout(2))));
      case "folded_weights" -> of(3, Convolutions::weights);
      case "matrix_weights" -> of(3, Convolutions::matrix);
      case "narrow_weights" -> of(3, Convolutions::narrow);
      case "folded_bias" -> of(2, Convolutions::bias);
      case "residual" -> of(1, Convolutions::residual);
      case "view" -> of(3, c -> c.view(0).as(c.shape(1), c.numbers(2)));
      case "moved" -> of(2, c -> c.isGiven(0) ? c.view(0).movedBy(c.number(1)) : Value.NONE);
      case "slice" -> of(4, c -> c.view(0).part(c.index(1), c.number(2), c.number(3)));
      case "permuted" ->
          of(
              2,
              c ->
                  c.view(0)
                      .permuted(LongStream.of(c.numbers(1)).mapToInt(Math::toIntExact).toArray()));
      case "reshaped" -> of(2, c -> c.view(0).reshaped(c.shape(1)));
      case "repeated" -> of(2, c -> c.view(0).broadcastTo(c.shape(1)));
      default -> null;
    };
  }

  private static TensorView constant(PlanCall call) {
    List<?> numbers = list(call.terms().get(1));
    return call.node()
        .constant(
            call.text(0),
            numbers.size(),
            call.storage(2),
            i -> ((Number) numbers.get((int) i)).doubleValue());
  }

  /** The place of all parts, channels last where all of them lie so, or as they were laid in it. */
  private static TensorView concatenated(PlanCall call) {
    List<TensorView> parts =
        list(call.terms().get(1)).stream().map(TensorView.class::cast).toList();
    PlanBuilder builder = call.node().builder();
    String value = call.node().node().outputs().get(0);
    boolean areChannelsLast =
        parts.stream().allMatch(part -> part.is(MemoryLayout.CHANNELS_LAST))
            && parts.stream().anyMatch(part -> !part.is(MemoryLayout.PLAIN));
    MemoryLayout format = areChannelsLast ? MemoryLayout.CHANNELS_LAST : MemoryLayout.PLAIN;
    TensorView whole = call.node().out(0, builder.laidFormat(value).orElse(format));
    builder.concatenated(value, whole.shape().axis(call.number(0)), whole, parts);
    return whole;
  }

  private static boolean isReadByAttentionAlone(NodePlan node) {
    GraphLinks links = node.builder().quantized().links();
    String value = node.node().outputs().get(0);
    List<Node> readers = links.readers(value);
    return !links.isReturned(value)
        && !readers.isEmpty()
        && readers.stream().allMatch(reader -> reader.qualifiedOp().equals("Attention"));
  }

  private static @Nullable BuiltIn number(String name) {
    return switch (name) {
      case "stride" -> of(2, c -> c.view(0).stride(c.index(1)));
      case "strides" -> of(1, c -> list(c.view(0).strides()));
      case "storage" -> of(1, c -> c.view(0).storage().type());
      case "floats" -> of(0, c -> c.node().builder().floats().type());
      case "output_type" -> of(0, c -> outputType(c).type());
      case "output_storage" -> of(0, c -> c.node().builder().storageOf(outputType(c)).type());
      case "layout" -> of(0, c -> c.node().builder().formatOf(c.node().node().name()).name());
      case "is_rectified" -> of(0, c -> c.node().isRectified());
      case "is_quantized" -> of(0, c -> c.node().quantized().isPresent());
      case "fused_quantized" -> of(0, c -> c.node().quantized().orElseThrow().terms(c.node()));
      case "is_by_weights" -> of(0, c -> NarrowWeights.areStored(c.node().in()));
      case "integer_weights" ->
          of(2, c -> NarrowWeights.ofIntegers(c.node(), (Value) c.terms().get(0), c.index(1)));
      case "is_attention" -> of(0, c -> c.node().fused() instanceof Fused.Attention);
      case "fused_attention" ->
          of(0, c -> AttentionSteps.operands(c.node(), (Fused.Attention) c.node().fused()));
      case "packed" -> of(1, c -> packed(c.node(), (PackedTensor) c.value(0).orElseThrow()));
      case "shift" -> of(2, c -> (double) c.view(0).storage().shift(c.type(1)));
      case "is_plain" -> of(1, c -> c.view(0).is(MemoryLayout.PLAIN));
      case "is_same_place" -> of(2, c -> c.view(0).isSamePlace(c.view(1)));
      case "is_read_by_attention_alone" -> of(0, c -> isReadByAttentionAlone(c.node()));
      case "is_packed" -> of(1, c -> c.value(0).filter(PackedTensor.class::isInstance).isPresent());
      case "shape_of_output" -> of(1, c -> list(c.node().outputShape(c.index(0)).dims()));
      case "ints" -> of(0, ANY, c -> integers(c.terms()));
      case "codes" -> of(1, ANY, c -> c.views().stream().map(v -> v.storage().code()).toList());
      case "loops" -> of(2, ANY, c -> loops(c.views()));
      case "bits_and_sign" -> of(1, c -> bitsAndSign(c.value(0).orElseThrow()));
      case "is_resized" -> of(1, c -> ResizeTaps.of(c.node().in(), c.index(0)).isPresent());
      case "resize_taps" -> of(1, c -> resizeTaps(c.node(), c.index(0)));
      default -> null;
    };
  }

  /** Weights of few bits, which stay on the device as the model packs them. */
  private static Map<String, Object> packed(NodePlan node, PackedTensor weights) {
    Tensor zeros = weights.zeros();
    return Map.ofEntries(
        Map.entry("is_turned", weights.isTurned()),
        Map.entry("sizes", list(weights.stored().dims())),
        Map.entry("length", weights.length()),
        Map.entry("block", weights.block()),
        Map.entry("middle", weights.middle()),
        Map.entry("codes", held(node, "codes", weights.codes())),
        Map.entry("code_bits", bitsAndSign(weights.codes())),
        Map.entry("scales", held(node, "scales", weights.scales())),
        Map.entry("zeros", heldOrNone(node, "zeros", zeros)),
        Map.entry("zero_bits", bitsAndSign(zeros == null ? weights.scales() : zeros)),
        Map.entry("groups", heldOrNone(node, "groups", weights.groups())),
        Map.entry("table", heldOrNone(node, "table", weights.table())));
  }

  /** Of codes; 0 of floats. */
  private static List<Object> bitsAndSign(Tensor codes) {
    DataType type = codes.type().type();
    return List.of(type.isInteger() ? (long) type.bits() : 0L, !type.name().startsWith("U"));
  }

  private static Object heldOrNone(NodePlan node, String what, @Nullable Tensor values) {
    return values == null ? Value.NONE : held(node, what, values);
  }

  /** A constant in the bytes in which it is stored. */
  private static TensorView held(NodePlan node, String what, Tensor values) {
    TensorType type = values.type();
    Tensor stored =
        type.type().bits() > 8
            ? values
            : DenseTensor.of(TensorType.of(DataType.INT8, type.bytes()), values.data());
    ElementType storage = ElementType.holding(stored.type().type()).orElse(ElementType.F32);
    TensorView view = node.constant(what, stored.elements(), storage, stored::doubleAt);
    return view.as(values.shape(), TensorView.strides(values.shape(), MemoryLayout.PLAIN));
  }

  private static TensorType outputType(PlanCall call) {
    return call.node().in().output(0);
  }

  private static int integer(Object term) {
    if (term instanceof DataType type) {
      return type.code();
    }
    return term instanceof Boolean flag ? (flag ? 1 : 0) : Math.toIntExact((Long) term);
  }

  /** Members of 32 bits; types by ONNX's numbers. */
  private static List<Object> integers(List<?> terms) {
    List<Object> all = new ArrayList<>();
    for (Object term : terms) {
      if (term instanceof List<?> list) {
        all.addAll(integers(list));
      } else {
        all.add(integer(term));
      }
    }
    return all;
  }

  /** The turns of loops over the first view, and the strides of the others and of the first. */
  private static List<Object> loops(List<TensorView> views) {
    Shape shape = views.get(0).shape();
    Loops loops =
        Loops.over(
            shape, views.stream().map(view -> view.broadcastTo(shape)).toArray(TensorView[]::new));
    List<Object> members = new ArrayList<>(Arrays.stream(loops.sizes()).boxed().toList());
    for (int i = 1; i <= views.size(); i++) {
      members.addAll(list(loops.strides().get(i % views.size())));
    }
    return members;
  }

  /** The taps of an axis; of one in front of the first, those of one element. */
  private static Map<String, Object> resizeTaps(NodePlan node, int axis) {
    ResizeTaps taps =
        axis < 0
            ? ResizeTaps.identity(1)
            : ResizeTaps.of(node.in(), axis)
                .orElseGet(() -> ResizeTaps.identity(node.in().shape(0).dim(axis)));
    return Map.of(
        "taps", (long) taps.taps(),
        "index", list(taps.index()),
        "weight", Arrays.stream(taps.weight()).boxed().toList());
  }

  private static @Nullable BuiltIn work(String name) {
    return switch (name) {
      case "kernel" ->
          of(2, ANY, c -> KernelWork.perElement(c.text(0), threads(c), c.arguments(2)));
      case "rows" ->
          of(3, ANY, c -> KernelWork.perRow(c.text(0), c.number(1), c.number(2), c.arguments(3)));
      case "copy" -> of(2, c -> CopyKernels.copy(c.view(0), c.view(1)));
      case "fill" -> of(2, c -> CopyKernels.fill(c.view(0), c.real(1)));
      case "unary" -> of(3, 5, c -> unary(c, c.view(1), c.view(2), 3));
      case "elementwise" -> of(2, 4, PlanFunctions::elementwise);
      case "binary" -> of(5, PlanFunctions::binary);
      case "product" -> of(4, c -> new ProductWork(c.view(0), c.view(1), c.view(2), c.real(3)));
      case "fused_convolution" -> of(11, Convolutions::work);
      case "convolution_gradient" -> of(7, Convolutions::transposed);
      case "resampling" -> of(7, PlanFunctions::resampling);
      case "normalization" -> of(7, PlanFunctions::normalization);
      case "attention" -> of(9, PlanFunctions::attention);
      default -> null;
    };
  }

  /** An input's elements in its own order. */
  private static Work elementwise(PlanCall call) {
    TensorView x = call.node().contiguous(call.name(1));
    return unary(call, x, call.node().outLike(0, x), 2);
  }

  /** A function by its name or number, with up to two parameters from a term on. */
  private static Work unary(PlanCall call, TensorView x, TensorView y, int from) {
    int function = call.code(0, name -> Unary.valueOf(name).code());
    double a = call.terms().size() > from ? call.real(from) : 0;
    double b = call.terms().size() > from + 1 ? call.real(from + 1) : 0;
    return Unary.work(function, x, y, a, b);
  }

  private static Work binary(PlanCall call) {
    int function = call.code(0, name -> Binary.valueOf(name).code());
    return Binary.work(function, call.view(1), call.view(2), call.view(3), call.index(4));
  }

  private static long threads(PlanCall call) {
    return call.terms().get(1) instanceof Long count ? count : call.view(1).elements();
  }

  /**
   * @param call kind, x, y, the window's sizes, padding and steps, the same by our kernel
   */
  private static Work resampling(PlanCall call) {
    return new PoolingWork(
        call.view(1),
        call.view(2),
        PoolingWork.Kind.valueOf(call.text(0)),
        call.numbers(3),
        call.numbers(4),
        call.numbers(5),
        (KernelWork) call.terms().get(6));
  }

  /**
   * @param call kind, x, y, scale, bias or none, epsilon, the same by our kernel
   */
  private static Work normalization(PlanCall call) {
    return new NormalizationWork(
        NormalizationWork.Kind.valueOf(call.text(0)),
        call.view(1),
        call.view(2),
        call.view(3),
        call.viewOrNull(4),
        call.real(5),
        (KernelWork) call.terms().get(6));
  }

  /**
   * @param call queries, keys, values, the mask that is added or none, past keys where later ones
   *     are hidden or none, y, scale, why it cannot be fused or "", the works apart
   */
  private static Work attention(PlanCall call) {
    return new AttentionWork(
        call.view(0),
        call.view(1),
        call.view(2),
        call.viewOrNull(3),
        call.isGiven(4) ? new AttentionWork.Causal(call.number(4)) : null,
        call.view(5),
        call.real(6),
        call.text(7).isEmpty() ? null : call.text(7),
        call.works(8));
  }

  /** Functions that are called for what they do, and return nothing to launch. */
  private static @Nullable BuiltIn effect(String name) {
    return switch (name) {
      case "contraction" -> effect(0, c -> Contraction.plan(c.node()));
      case "alias" -> effect(2, c -> c.node().alias(c.index(0), c.view(1)));
      case "launch" -> effect(1, c -> c.node().launch(c.works(0)));
      case "added" -> effect(2, c -> c.node().emitAdded(c.text(0), c.works(1)));
      default -> null;
    };
  }

  private static BuiltIn effect(int arguments, Consumer<PlanCall> action) {
    return of(
        arguments,
        call -> {
          action.accept(call);
          return List.of();
        });
  }
}
