package dev.flopmeter.run.cudnn.driver;

import dev.flopmeter.run.BackendException;

/**
 * A CUDA or cuDNN call failed.
 *
 * <p>After a sticky error every further call of the process fails the same way, so the error is
 * reported and the process ends. Continuing in the broken context would only cause more errors.
 */
public final class DeviceFailure extends BackendException {
  private static final long serialVersionUID = 1L;

  private final boolean sticky;

  DeviceFailure(String message, boolean sticky) {
    super(message);
    this.sticky = sticky;
  }

  /** The same failure with the step at which it occurred. */
  public DeviceFailure at(String where) {
    DeviceFailure named = new DeviceFailure(where + ": " + getMessage(), sticky);
    named.initCause(this);
    return named;
  }

  /** Rethrows the failure unless it is just a rejected call. */
  public void throwIfSticky() {
    if (sticky) {
      throw this;
    }
  }
}
