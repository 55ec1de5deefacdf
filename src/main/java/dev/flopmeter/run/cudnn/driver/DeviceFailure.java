package dev.flopmeter.run.cudnn.driver;

import dev.flopmeter.run.BackendException;

/**
 * A CUDA or cuDNN call failed.
 *
 * <p>After a sticky error every further call of the process fails the same way: it is to be
 * reported and the process is to end. Continuing in the broken context only causes more errors.
 */
public final class DeviceFailure extends BackendException {
  private static final long serialVersionUID = 1L;

  private final boolean sticky;

  DeviceFailure(String message, boolean sticky) {
    super(message);
    this.sticky = sticky;
  }

  /** The same failure with the step named at which it showed. */
  public DeviceFailure at(String where) {
    DeviceFailure named = new DeviceFailure(where + ": " + getMessage(), sticky);
    named.initCause(this);
    return named;
  }

  /** Passes on what is not merely a refusal of one call. */
  public void throwIfSticky() {
    if (sticky) {
      throw this;
    }
  }
}
