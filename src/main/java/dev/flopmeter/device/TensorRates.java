package dev.flopmeter.device;

import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * What one multiprocessor computes per clock, by compute capability: dense FLOP with float32
 * accumulation. From NVIDIA's architecture white papers; multiplied by SM count and boost clock
 * they give the datasheets' figures again.
 */
public final class TensorRates {
  private TensorRates() {}

  /**
   * @param fp32 outside of the tensor cores
   * @param tf32 0 where there is none, or no known rate
   * @param bf16 0 where the tensor cores have none
   */
  private record Rates(int fp32, int tf32, int fp16, int bf16) {}

  private static final Map<String, Rates> BY_CAPABILITY =
      Map.ofEntries(
          Map.entry("7.0", new Rates(128, 0, 1024, 0)),
          Map.entry("7.2", new Rates(128, 0, 1024, 0)),
          Map.entry("7.5", new Rates(128, 0, 1024, 0)),
          Map.entry("8.0", new Rates(128, 1024, 2048, 2048)),
          Map.entry("8.6", new Rates(256, 512, 1024, 1024)),
          Map.entry("8.7", new Rates(256, 0, 2048, 2048)),
          Map.entry("8.9", new Rates(256, 512, 1024, 1024)),
          Map.entry("9.0", new Rates(256, 2048, 4096, 4096)),
          Map.entry("10.0", new Rates(256, 4096, 8192, 8192)),
          Map.entry("10.3", new Rates(256, 4096, 8192, 8192)),
          Map.entry("11.0", new Rates(256, 4096, 8192, 8192)),
          Map.entry("12.0", new Rates(256, 512, 1024, 1024)),
          Map.entry("12.1", new Rates(256, 0, 1024, 1024)));

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
    Rates rates = BY_CAPABILITY.get(computeCapability);
    if (rates == null) {
      return OptionalInt.empty();
    }
    int half = HALF_RATE.matcher(name).find() ? 2 : 1;
    int rate =
        switch (precision) {
          case "fp32" -> rates.fp32();
          case "tf32" -> rates.tf32() / half;
          case "fp16" -> rates.fp16() / half;
          case "bf16" -> rates.bf16() / half;
          default -> 0;
        };
    return rate == 0 ? OptionalInt.empty() : OptionalInt.of(rate);
  }
}
