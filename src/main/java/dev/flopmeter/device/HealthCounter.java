package dev.flopmeter.device;

import dev.flopmeter.text.Labelled;

/**
 * A GPU's error counters, by the number of its field, NVML_FI_DEV_... Counters begin anew when the
 * GPU is reset or the driver is loaded.
 */
public enum HealthCounter implements Labelled {
  ECC_CORRECTED(3),
  ECC_UNCORRECTED(4),
  NVLINK_CRC_FLIT(38),
  NVLINK_CRC_DATA(45),
  NVLINK_REPLAY(52),
  NVLINK_RECOVERY(59),
  PCIE_REPLAY(94),
  ROWS_REMAPPED_CORRECTABLE(142),
  ROWS_REMAPPED_UNCORRECTABLE(143),
  /** 1 while a reset is needed to remap rows. */
  ROWS_PENDING(144),
  /** 1 if no spare rows are left. */
  ROWS_FAILED(145);

  private final int field;

  HealthCounter(int field) {
    this.field = field;
  }

  int field() {
    return field;
  }

  /** Counters that a GPU has either all or none of, such as {@code ecc}. */
  String group() {
    return label().substring(0, label().indexOf('_'));
  }

  /** Whether the counter with a label is a state, 0 or 1. */
  public static boolean isState(String label) {
    return label.equals(ROWS_PENDING.label()) || label.equals(ROWS_FAILED.label());
  }
}
