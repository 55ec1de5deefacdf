package dev.flopmeter.run.cudnn.driver;

import dev.flopmeter.run.BackendException;

/**
 * A CUDA or cuDNN call failed.
 *
 * <p>After a sticky error every further call of the process fails the same way: it is to be
 * reported and the process is to end. Trying to go on in the broken context gives nothing but more
 * errors.
 */
public final class DeviceFailure extends BackendException {
  private static final long serialVersionUID = 1L;

  private final boolean sticky;
  private final boolean hung;

  private DeviceFailure(String message, boolean sticky, boolean hung) {
    super(message);
    this.sticky = sticky;
    this.hung = hung;
  }

  public static DeviceFailure passing(String message) {
    return new DeviceFailure(message, false, false);
  }

  static DeviceFailure sticky(String message) {
    return new DeviceFailure(message, true, false);
  }

  static DeviceFailure hung(String message) {
    return new DeviceFailure(message, true, true);
  }

  /** The same failure with the step named at which it showed. */
  public DeviceFailure at(String where) {
    DeviceFailure named = new DeviceFailure(where + ": " + getMessage(), sticky, hung);
    named.initCause(this);
    return named;
  }

  public boolean isSticky() {
    return sticky;
  }

  /** Whether the device still works on something that may never end; nothing may wait for it. */
  public boolean isHung() {
    return hung;
  }
}
