package dev.flopmeter.model.djl;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.list;
import static dev.flopmeter.model.equation.Terms.real;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.shape.ShapeRules;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The functions of {@code calls.csv} and {@code calls.txt} for arrays. */
final class CallFunctions {
  private CallFunctions() {}

  static final Dialect DIALECT =
      new Dialect.Of("calls.txt", CallFunctions::find, name -> ShapeRules.find(name).isPresent());

  private static @Nullable BuiltIn find(String name) {
    return switch (name) {
      case "array" -> of(1, (x, a) -> a.get(0) instanceof Number n ? x.scalar(n) : a.get(0));
      case "type" -> of(1, (x, a) -> array(a, 0).type().type());
      case "cast" -> of(2, (x, a) -> array(a, 0).cast((DataType) a.get(1)));
      case "like" -> of(2, (x, a) -> array(a, 0).like((Number) a.get(1)));
      case "common_type" -> of(2, (x, a) -> array(a, 0).commonType(array(a, 1)));
      case "is_float" -> of(1, (x, a) -> ((DataType) a.get(0)).isFloat());
      case "positive" ->
          of(2, (x, a) -> list(a.get(1)).stream().map(i -> axis(array(a, 0), i)).toList());
      case "number" -> of(2, (x, a) -> x.tracing().scalar((Number) a.get(1), (DataType) a.get(0)));
      case "stored" ->
          of(2, (x, a) -> stored(x, (DataType) a.get(0), Shape.of(list(a.get(1)).size()), a));
      case "floats" -> of(2, (x, a) -> stored(x, DataType.FLOAT, Shape.of(dims(a.get(0))), a));
      case "stored_as" ->
          of(2, (x, a) -> x.tracing().storedAs(array(a, 0), Shape.of(dims(a.get(1)))));
      case "is_zero" -> of(1, (x, a) -> isZero(array(a, 0)));
      default -> null;
    };
  }

  /** From the array whose method was called, and the arguments of a function. */
  private static BuiltIn of(int arguments, BiFunction<TracedArray, List<Object>, Object> rule) {
    return BuiltIn.<CallEquations>of(arguments, (call, a) -> rule.apply(call.array(), a));
  }

  private static TracedArray array(List<Object> arguments, int index) {
    return (TracedArray) arguments.get(index);
  }

  private static Object axis(TracedArray array, Object axis) {
    return (long) array.dims().axis((Long) axis);
  }

  /** The numbers that the second argument lists. */
  private static TracedArray stored(TracedArray x, DataType type, Shape shape, List<Object> a) {
    double[] numbers = list(a.get(1)).stream().mapToDouble(each -> real(each)).toArray();
    return x.tracing().constant(DenseTensor.ofDoubles(new TensorType(type, shape), numbers));
  }

  private static boolean isZero(TracedArray array) {
    return array
        .tracing()
        .known(array.value())
        .filter(known -> known instanceof FilledTensor && known.doubleAt(0) == 0)
        .isPresent();
  }
}
