package dev.flopmeter.device;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Why a GPU's clock is below what it could be: NVML's bits that hold the clock back against the
 * work's interest. An idle GPU, a clock that an application chose, and a display's setting are
 * none.
 */
enum ThrottleReason {
  SW_POWER_CAP(0x4),
  HW_SLOWDOWN(0x8),
  SYNC_BOOST(0x10),
  SW_THERMAL(0x20),
  HW_THERMAL(0x40),
  HW_POWER_BRAKE(0x80);

  private final long bit;

  ThrottleReason(long bit) {
    this.bit = bit;
  }

  /** The reasons in a mask, such as {@code sw_thermal}. */
  static List<String> of(long mask) {
    return Arrays.stream(values())
        .filter(reason -> (mask & reason.bit) != 0)
        .map(reason -> reason.name().toLowerCase(Locale.ROOT))
        .toList();
  }
}
