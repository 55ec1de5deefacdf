package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.BackendException;

/** cuDNN offers no engine for a step; the device is well, and the step may run another way. */
final class NoEngineException extends BackendException {
  private static final long serialVersionUID = 1L;

  NoEngineException(String message) {
    super(message);
  }
}
