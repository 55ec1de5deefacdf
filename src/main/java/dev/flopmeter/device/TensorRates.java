package dev.flopmeter.device;

import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * The dense FLOP per multiprocessor and clock with float32 accumulation, by compute capability.
 * From NVIDIA's architecture white papers; multiplied by SM count and boost clock they give the
 * datasheets' figures.
 */
public final class TensorRates {
  private TensorRates() {}

  private static final List<String> PRECISIONS = List.of("fp32", "tf32", "fp16", "bf16");

  /** Cards whose tensor cores accumulate in float32 at half rate, by fuse or by firmware. */
  private static final Pattern HALF_RATE = Pattern.compile("GeForce|\\bA10G\\b|\\bL40\\b");

  /**
   * FLOP per SM and clock; nothing for an architecture or a precision that is not known.
   *
   * @param name the driver's name of the device
   * @param precision {@code fp32}, {@code tf32}, {@code fp16} or {@code bf16}
   */
  public static OptionalInt flopsPerSmAndClock(
      String name, String computeCapability, String precision) {
    int column = PRECISIONS.indexOf(precision);
    int divisor = column > 0 && HALF_RATE.matcher(name).find() ? 2 : 1;
    return Csv.rows(TensorRates.class, "tensor-rates.csv").stream()
        .filter(row -> column >= 0 && row.get(0).equals(computeCapability))
        .mapToInt(row -> Integer.parseInt(row.get(column + 1)) / divisor)
        .filter(rate -> rate > 0)
        .findFirst();
  }
}
