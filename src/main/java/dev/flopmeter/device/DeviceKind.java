package dev.flopmeter.device;

import java.util.Locale;

/** Kinds of devices that networks run on. */
public enum DeviceKind {
  CPU,
  /** A GPU of NVIDIA. */
  CUDA;

  /** The word in results and labels. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return label();
  }
}
