package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes values as TorchScript literals. */
public final class Text {
  private Text() {}

  /** {@code [1, 2]}. */
  public static String ints(long... values) {
    return values.length == 0
        ? "annotate(List[int], [])"
        : Arrays.stream(values)
            .mapToObj(Long::toString)
            .collect(Collectors.joining(", ", "[", "]"));
  }

  /** {@code [v, v]}, {@code count} times. */
  static String repeated(long value, int count) {
    long[] values = new long[count];
    Arrays.fill(values, value);
    return ints(values);
  }

  /** A float literal that reads back as the same number. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "(-inf)";
    }
    String text = Double.toString(Math.abs(value));
    return value < 0 ? "(-" + text + ")" : text;
  }

  /** A number fit for tensors of {@code type}: integers without a point. */
  static String number(DataType type, double value) {
    return type.isFloat() ? number(value) : Long.toString((long) value);
  }

  static String flag(boolean value) {
    return value ? "True" : "False";
  }

  /** {@code [x0, x1, x2]}. */
  static String inputs(int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(i -> "x" + i)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  static String list(List<String> expressions) {
    return "[" + String.join(", ", expressions) + "]";
  }

  static String call(String function, String... arguments) {
    return function + "(" + String.join(", ", arguments) + ")";
  }
}
