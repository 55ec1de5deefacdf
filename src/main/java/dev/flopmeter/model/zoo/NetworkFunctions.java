package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.real;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.shape.ShapeRules;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/** What the equations of {@code networks.txt} can store beside the results of operators. */
final class NetworkFunctions implements Dialect {
  static final Dialect DIALECT = new NetworkFunctions();

  private NetworkFunctions() {}

  @Override
  public String file() {
    return "networks.txt";
  }

  @Override
  public @Nullable BuiltIn function(String name) {
    return switch (name) {
      case "scalar", "longs", "relative_positions" -> BuiltIn.of(2, new Function(name));
      case "weight", "causal_mask" -> BuiltIn.of(3, new Function(name));
      case "uniform" -> BuiltIn.of(4, new Function(name));
      case "shift_mask", "rotary_cos", "rotary_sin" -> BuiltIn.of(5, new Function(name));
      default -> null;
    };
  }

  @Override
  public boolean isOperator(String name) {
    return ShapeRules.find(name).isPresent();
  }

  /** One of them. A lambda for each would lengthen short commands. */
  private record Function(String name) implements BuiltIn.Rule<Network> {
    @Override
    public Object of(Network net, List<Object> a) {
      return switch (name) {
        case "weight" -> net.weight(text(a), integer(a, 1), floats(a.get(2)));
        case "uniform" -> net.uniform(text(a), real(a.get(1)), real(a.get(2)), floats(a.get(3)));
        case "scalar" ->
            net.constant(text(a), DenseTensor.ofFloats(Shape.SCALAR, i -> real(a.get(1))));
        case "longs" -> net.constant(text(a), Tensor.ofLongs(dims(a.get(1))));
        case "relative_positions" -> net.constant(text(a), relativePositions((int) integer(a, 1)));
        case "shift_mask" -> net.constant(text(a), shiftMask(dims(a.subList(1, 5))));
        case "causal_mask" -> net.constant(text(a), causalMask(integer(a, 1), integer(a, 2)));
        case "rotary_cos" -> rotary(net, a, Math::cos);
        case "rotary_sin" -> rotary(net, a, Math::sin);
        default -> throw new IllegalArgumentException(name);
      };
    }
  }

  private static String text(List<Object> arguments) {
    return (String) arguments.get(0);
  }

  private static TensorType floats(Object dims) {
    return TensorType.of(DataType.FLOAT, dims(dims));
  }

  /** For each pair of positions in a window, which of the possible offsets is between them. */
  private static Tensor relativePositions(int window) {
    int tokens = window * window;
    long[] index = new long[tokens * tokens];
    for (int i = 0; i < index.length; i++) {
      int a = i / tokens;
      int b = i % tokens;
      long rows = (long) a / window - b / window + window - 1;
      index[i] = rows * (2L * window - 1) + a % window - b % window + window - 1;
    }
    return Tensor.ofLongs(index);
  }

  /**
   * -100 for pairs of positions of a window that are neighbours only because of the shift.
   *
   * @param sizes height and width of the map, side of a window, shift
   */
  private static Tensor shiftMask(long... sizes) {
    long window = sizes[2];
    long tokens = window * window;
    long across = sizes[1] / window;
    return DenseTensor.ofFloats(
        Shape.of(1, sizes[0] / window * across, 1, tokens, tokens),
        i -> {
          long top = i / tokens / tokens / across * window;
          long left = i / tokens / tokens % across * window;
          long a = i / tokens % tokens;
          long b = i % tokens;
          boolean isSame =
              region(top + a / window, sizes[0], sizes) == region(top + b / window, sizes[0], sizes)
                  && region(left + a % window, sizes[1], sizes)
                      == region(left + b % window, sizes[1], sizes);
          return isSame ? 0 : -100;
        });
  }

  private static int region(long position, long side, long... sizes) {
    return position < side - sizes[2] ? 0 : position < side - sizes[3] ? 1 : 2;
  }

  /** No token sees a later one; {@code past} tokens are before the first. */
  private static Tensor causalMask(long tokens, long past) {
    long all = past + tokens;
    return DenseTensor.ofFloats(
        Shape.of(tokens, all), i -> i % all > past + i / all ? Double.NEGATIVE_INFINITY : 0);
  }

  private static String rotary(Network net, List<Object> a, DoubleUnaryOperator of) {
    Shape shape = Shape.of(integer(a, 1), integer(a, 3));
    return net.constant(text(a), DenseTensor.ofFloats(shape, i -> of.applyAsDouble(angle(a, i))));
  }

  /**
   * The angle of element {@code i} of the tokens' rotary positions (Su et al. 2021), whose halves
   * are alike.
   *
   * @param a name, tokens, those before the first, width of a head, base
   */
  private static double angle(List<Object> a, int i) {
    long width = integer(a, 3);
    long place = i % width % (width / 2);
    return (integer(a, 2) + i / width) * Math.pow(real(a.get(4)), -2.0 * place / width);
  }
}
