package dev.flopmeter.run.cudnn.operator;

import static dev.flopmeter.model.equation.Terms.list;

import dev.flopmeter.model.PackedTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.shape.NodeFunctions;
import dev.flopmeter.model.shape.PaddedAxis;
import dev.flopmeter.model.shape.ResizeTaps;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.NormalizationWork;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.Stencil;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the equations of {@code plans.txt} can ask for, see and launch. */
final class PlanFunctions {
  static final Dialect DIALECT = new Dialect("plans.txt", PlanFunctions::find, name -> false);

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
    return new BuiltIn(
        least, most, (host, a) -> rule.apply(new PlanCall(((PlanEquations) host).node(), a)));
  }

  private static @Nullable BuiltIn view(String name) {
    return switch (name) {
      case "as_is" -> of(1, c -> c.node().in(c.input(0)));
      case "contiguous" -> of(1, c -> Pointwise.contiguous(c.node(), c.input(0)));
      case "out" ->
          of(
              1,
              2,
              c ->
                  c.terms().size() == 1
                      ? c.node().out(c.index(0))
                      : c.node().out(c.index(0), c.view(1).layout()));
      case "out_like" -> of(2, c -> c.node().outLike(c.index(0), c.view(1)));
      case "scratch" -> of(3, c -> c.node().scratch(c.text(0), c.shape(1), c.storage(2)));
      case "constant" -> of(3, PlanFunctions::constant);
      case "codes_of" -> of(1, c -> Quantization.held(c.node(), "codes", c.value(0).orElseThrow()));
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

  private static @Nullable BuiltIn number(String name) {
    return switch (name) {
      case "stride" -> of(2, c -> c.view(0).stride(c.index(1)));
      case "strides" -> of(1, c -> list(c.view(0).strides()));
      case "storage" -> of(1, c -> c.view(0).storage());
      case "floats" -> of(0, c -> c.node().floats());
      case "output_type" -> of(0, c -> outputType(c).type());
      case "output_storage" -> of(0, c -> c.node().builder().storageOf(outputType(c)));
      case "is_integer" -> of(1, c -> c.type(0).isInteger());
      case "is_narrowed" -> of(2, c -> Pointwise.isNarrowed(c.type(0), c.type(1)));
      case "is_narrow_float" -> of(1, c -> NarrowFloat.of(c.type(0)).isPresent());
      case "bits" -> of(1, c -> (long) c.type(0).bits());
      case "type_range" -> of(1, c -> Quantization.range(c.type(0)));
      case "shift" -> of(2, c -> (double) c.view(0).storage().shift(c.type(1)));
      case "is_float" -> of(1, c -> c.view(0).storage().isFloat());
      case "is_plain" -> of(1, c -> c.view(0).is(MemoryLayout.PLAIN));
      case "is_packed" -> of(1, c -> c.value(0).filter(PackedTensor.class::isInstance).isPresent());
      case "shape_of_output" -> of(1, c -> list(c.node().outputShape(c.index(0)).dims()));
      case "ints" -> of(0, ANY, c -> integers(c.terms()));
      case "codes" -> of(1, ANY, c -> c.views().stream().map(v -> v.storage().code()).toList());
      case "loops" -> of(2, ANY, c -> loops(c.views()));
      case "padded_places" -> of(1, PlanFunctions::paddedPlaces);
      case "bits_and_sign" -> of(1, c -> list(Quantization.bitsAndSign(c.value(0).orElseThrow())));
      case "is_resized" -> of(1, c -> ResizeTaps.of(c.node().operands(), c.index(0)).isPresent());
      case "resize_taps" -> of(1, c -> resizeTaps(c.node(), c.index(0)));
      default -> null;
    };
  }

  private static TensorType outputType(PlanCall call) {
    return call.node().operands().output(0);
  }

  /** Members of 32 bits. */
  private static List<Object> integers(List<?> terms) {
    List<Object> all = new ArrayList<>();
    for (Object term : terms) {
      if (term instanceof List<?> list) {
        all.addAll(integers(list));
      } else {
        all.add(term instanceof Boolean flag ? (flag ? 1 : 0) : Math.toIntExact((Long) term));
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

  private static List<Object> paddedPlaces(PlanCall call) {
    return list(
        Stream.of(PaddedAxis.of(call.node().operands()))
            .flatMapToLong(axis -> LongStream.of(axis.sources(call.text(0))))
            .toArray());
  }

  /** The taps of an axis; of one in front of the first, those of one element. */
  private static Map<String, Object> resizeTaps(NodePlan node, int axis) {
    ResizeTaps taps =
        axis < 0
            ? ResizeTaps.identity(1)
            : ResizeTaps.of(node.operands(), axis)
                .orElseGet(() -> ResizeTaps.identity(node.shape(0).dim(axis)));
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
      case "unary" -> of(3, c -> Unary.valueOf(c.text(0)).work(c.view(1), c.view(2)));
      case "clip" -> of(4, c -> Unary.CLIP.work(c.view(0), c.view(1), c.real(2), c.real(3)));
      case "wrapped" -> of(1, c -> Pointwise.wrapping(c.view(0), outputType(c).type()));
      case "rounded" -> of(3, PlanFunctions::rounded);
      case "binary" -> of(4, c -> Binary.valueOf(c.text(0)).work(c.view(1), c.view(2), c.view(3)));
      case "product" -> of(4, c -> new ProductWork(c.view(0), c.view(1), c.view(2), c.real(3)));
      case "transposed_convolution" -> of(7, PlanFunctions::transposedConvolution);
      case "resampling" -> of(7, PlanFunctions::resampling);
      case "normalization" -> of(6, PlanFunctions::normalization);
      case "attention" -> of(9, PlanFunctions::attention);
      default -> null;
    };
  }

  private static Work rounded(PlanCall call) {
    return NarrowFloat.of(outputType(call).type())
        .orElseThrow()
        .work(call.view(0), call.view(1), (boolean) call.terms().get(2));
  }

  private static long threads(PlanCall call) {
    return call.terms().get(1) instanceof Long count ? count : call.view(1).elements();
  }

  /**
   * @param call x, weights, y, the window's padding, steps and dilation, groups
   */
  private static Work transposedConvolution(PlanCall call) {
    return new ConvolutionWork(
        Spatial.lifted(call.view(0)),
        Spatial.lifted(call.view(1)),
        Spatial.lifted(call.view(2)),
        new Stencil(
            Spatial.lifted(call.numbers(3), 0),
            Spatial.lifted(call.numbers(4), 1),
            Spatial.lifted(call.numbers(5), 1),
            call.index(6)));
  }

  /**
   * @param call kind, x, y, the window's sizes, padding and steps, the same by our kernel
   */
  private static Work resampling(PlanCall call) {
    return new PoolingWork(
        Spatial.lifted(call.view(1)),
        Spatial.lifted(call.view(2)),
        PoolingWork.Kind.valueOf(call.text(0)),
        Spatial.lifted(call.numbers(3), 1),
        Spatial.lifted(call.numbers(4), 0),
        Spatial.lifted(call.numbers(5), 1),
        (KernelWork) call.terms().get(6));
  }

  /**
   * @param call kind, x, y, scale, bias or none, the same by our kernel
   */
  private static Work normalization(PlanCall call) {
    TensorView bias = call.viewOrNull(4);
    return new NormalizationWork(
        NormalizationWork.Kind.valueOf(call.text(0)),
        call.view(1),
        call.view(2),
        perChannel(call.view(3)),
        bias == null ? null : perChannel(bias),
        FoldedWeights.epsilon(call.node().attributes()),
        (KernelWork) call.terms().get(5));
  }

  /** As cuDNN takes a scale or bias. */
  private static TensorView perChannel(TensorView parameter) {
    long elements = parameter.elements();
    return parameter.as(Shape.of(1, elements, 1, 1), elements, 1, elements, elements);
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
      case "alias" -> effect(2, c -> c.node().alias(c.index(0), c.view(1)));
      case "launch" -> effect(1, c -> c.works(0).forEach(c.node()::launch));
      case "added" ->
          effect(2, c -> c.works(1).forEach(work -> c.node().emitAdded(c.text(0), work)));
      case "unpacked" ->
          effect(
              4,
              c ->
                  Quantization.unpack(
                      c.node(),
                      (PackedTensor) c.value(0).orElseThrow(),
                      c.view(1),
                      c.index(2),
                      c.view(3)));
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
