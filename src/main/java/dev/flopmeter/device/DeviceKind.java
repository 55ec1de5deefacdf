package dev.flopmeter.device;

import dev.flopmeter.text.Labelled;

/** Kinds of devices that networks run on. */
public enum DeviceKind implements Labelled {
  CPU,
  /** A GPU of NVIDIA. */
  CUDA;

  @Override
  public String toString() {
    return label();
  }
}
