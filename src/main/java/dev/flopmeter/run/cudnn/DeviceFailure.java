package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.BackendException;

/**
 * A CUDA or cuDNN call failed.
 *
 * <p>After a sticky error every further call of the process fails the same way: it is to be
 * reported and the process is to end. Trying to go on in the broken context gives nothing but more
 * errors.
 */
final class DeviceFailure extends BackendException {
  private static final long serialVersionUID = 1L;

  private final boolean sticky;
  private final boolean hung;

  private DeviceFailure(String message, boolean sticky, boolean hung) {
    super(message);
    this.sticky = sticky;
    this.hung = hung;
  }

  static DeviceFailure passing(String message) {
    return new DeviceFailure(message, false, false);
  }

  static DeviceFailure sticky(String message) {
    return new DeviceFailure(message, true, false);
  }

  static DeviceFailure hung(String message) {
    return new DeviceFailure(message, true, true);
  }

  /** The same failure with the step named at which it showed. */
  DeviceFailure at(String where) {
    DeviceFailure named = new DeviceFailure(where + ": " + getMessage(), sticky, hung);
    named.initCause(this);
    return named;
  }

  boolean isSticky() {
    return sticky;
  }

  /** Whether the device still works on something that may never end; nothing may wait for it. */
  boolean isHung() {
    return hung;
  }
}
