package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;
import static dev.flopmeter.model.equation.Terms.real;
import static dev.flopmeter.model.shape.NodeFunctions.input;

import com.google.errorprone.annotations.CompileTimeConstant;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.shape.EinsumEquation;
import dev.flopmeter.model.shape.NodeFunctions;
import dev.flopmeter.model.shape.ResizeTaps;
import dev.flopmeter.run.djl.kernel.Expression.Constant;
import dev.flopmeter.run.djl.kernel.Expression.Named;
import dev.flopmeter.run.djl.kernel.Expression.Once;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What the equations of {@code kernels.txt} can ask for beside PyTorch's functions. */
final class KernelFunctions {
  private KernelFunctions() {}

  static final Dialect DIALECT =
      new Dialect.Of("kernels.txt", KernelFunctions::find, TorchNames.FUNCTIONS::contains);

  private static @Nullable BuiltIn find(String name) {
    return switch (name) {
      case "sqrt", "ceil", "floor", "repeat", "size" -> ofNumbersOrTensors(name);
      case "single" -> of(1, (k, a) -> (double) (float) real(a.get(0)));
      case "loop" -> new BuiltIn(3, 16, (host, a) -> ((KernelEquations) host).loop(a));
      case "inputs" -> of(0, (k, a) -> k.inputs());
      case "computing_type" -> of(1, (k, a) -> computingType(k.in(), type(a, 0)));
      case "fit" -> of(2, (k, a) -> fit(a.get(0), type(a, 1)));
      case "has_no_negative" -> of(1, (k, a) -> hasNoNegative(k.in(), input(a, 0)));
      case "filled_value" -> of(0, (k, a) -> filledValue(k.in()));
      case "scalar" -> of(1, (k, a) -> new Constant(Tensor.ofLong(integer(a, 0))));
      case "integers" -> of(1, (k, a) -> new Constant(Tensor.ofLongs(dims(a.get(0)))));
      case "channels_last_input" -> of(0, (k, a) -> k.wantChannelsLast());
      case "report" -> of(1, (k, a) -> k.report((String) a.get(0)));
      case "once" -> of(1, (k, a) -> new Once(k.expression(a.get(0))));
      case "scalars" -> of(1, (k, a) -> Expression.scalars(list(a.get(0))));
      case "exact_part" -> of(6, (k, a) -> ExactSums.part(k.in(), a));
      case "restrided" -> script("restrided.script", "image", "dims", "strides");
      case "suppressed" ->
          script("suppressed.script", "low", "high", "scores", "limit", "threshold", "least");
      case "einsum_equation" -> of(0, (k, a) -> einsumEquation(k.in()));
      case "resize_mode" -> of(0, (k, a) -> ResizeTaps.mode(k.in()));
      case "resize_transformation" -> of(0, (k, a) -> ResizeTaps.transformation(k.in()));
      case "picks_along" ->
          of(3, (k, a) -> picks(k.in(), (int) integer(a, 0), real(a.get(1)), real(a.get(2))));
      case "resize_taps" ->
          of(
              1,
              (k, a) ->
                  ResizeTaps.of(k.in(), (int) integer(a, 0))
                      .<Object>map(taps -> taps)
                      .orElse(Value.NONE));
      case "taps_places" -> of(1, (k, a) -> list(places((ResizeTaps) a.get(0))));
      case "taps_weights" ->
          of(2, (k, a) -> new Constant(matrix((ResizeTaps) a.get(0), integer(a, 1))));
      case "taps_outside" -> of(1, (k, a) -> outside((ResizeTaps) a.get(0)));
      default -> NodeFunctions.find(name);
    };
  }

  private static BuiltIn of(int arguments, BuiltIn.Rule<KernelEquations> rule) {
    return BuiltIn.of(arguments, rule);
  }

  /** PyTorch's function of a tensor, and that of the language of what is none. */
  private static BuiltIn ofNumbersOrTensors(String name) {
    BuiltIn other = Objects.requireNonNull(Terms.function(name), name);
    return new BuiltIn(
        1,
        2,
        (host, a) ->
            a.get(0) instanceof Value || a.get(0) instanceof Expression
                ? host.add(1, name, Map.of(), a).get(0)
                : other.rule().of(host, a));
  }

  private static DataType type(List<Object> arguments, int index) {
    return (DataType) arguments.get(index);
  }

  /** PyTorch's number of the type in which it computes with {@code type}. */
  private static long computingType(Operands in, DataType type) {
    return ScalarTypes.wider(type).orElseGet(() -> Kernels.code(in, type));
  }

  /** A number fit for tensors of a type: integers without a point. */
  private static Object fit(Object number, DataType type) {
    double value = real(number);
    return type.isFloat() ? (Object) value : (Object) (long) value;
  }

  private static boolean hasNoNegative(Operands in, int input) {
    return in.value(input)
        .map(value -> LongStream.of(value.toLongs()).allMatch(i -> i >= 0))
        .orElse(false);
  }

  private static double filledValue(Operands in) {
    return in.attributes().tensor("value").map(tensor -> tensor.doubleAt(0)).orElse(0.0);
  }

  /** The statements of a file over so many terms with these names. */
  private static BuiltIn script(@CompileTimeConstant String file, String... names) {
    return of(
        names.length,
        (k, a) ->
            Expression.script(
                file,
                IntStream.range(0, names.length)
                    .mapToObj(i -> new Named(names[i], k.expression(a.get(i))))
                    .toList()));
  }

  private static Expression einsumEquation(Operands in) {
    EinsumEquation equation = EinsumEquation.of(in);
    if (equation.sizes().size() > Expression.LETTERS) {
      throw Kernels.unsupported(in, "more than " + Expression.LETTERS + " indices");
    }
    return Expression.equation(equation.operands(), equation.output());
  }

  /** Whether PyTorch, which scales in float32, picks the elements of an axis that ONNX defines. */
  private static boolean picks(Operands in, int axis, double offset, double error) {
    long size = in.shape(0).dim(axis);
    long out = in.output(0).shape().dim(axis);
    float scale = (float) size / out;
    long[] picked =
        LongStream.range(0, out)
            .map(i -> Math.min(size - 1, (long) ((float) ((i + offset) * (1 + error)) * scale)))
            .toArray();
    return Arrays.equals(picked, ResizeTaps.of(in, axis).map(ResizeTaps::index).orElse(picked));
  }

  private static long[] places(ResizeTaps taps) {
    return LongStream.of(taps.index()).map(index -> Math.max(0, index)).toArray();
  }

  /** The weights: a row for each position of the output, a column for each of the input. */
  private static Tensor matrix(ResizeTaps taps, long size) {
    int rows = taps.index().length / taps.taps();
    float[] matrix = new float[Math.toIntExact(rows * size)];
    for (int i = 0; i < taps.index().length; i++) {
      if (taps.index()[i] >= 0) {
        matrix[Math.toIntExact(i / taps.taps() * size + taps.index()[i])] +=
            (float) taps.weight()[i];
      }
    }
    return Tensor.ofFloats(Shape.of(rows, size), matrix);
  }

  /** Which positions are outside a cropped input; none if none is. */
  private static Object outside(ResizeTaps taps) {
    double[] flags =
        IntStream.range(0, taps.index().length / taps.taps())
            .mapToDouble(i -> taps.index()[i * taps.taps()] < 0 ? 1 : 0)
            .toArray();
    return DoubleStream.of(flags).allMatch(flag -> flag == 0)
        ? Value.NONE
        : new Constant(DenseTensor.ofDoubles(TensorType.of(DataType.BOOL, flags.length), flags));
  }
}
