package dev.flopmeter.live;

import dev.flopmeter.text.Labelled;

/**
 * How the times are measured; the label {@code timing} of every metric. Work on a GPU is
 * asynchronous: the call that starts it returns before it is done.
 */
public enum Timing implements Labelled {
  /**
   * From passing the input to the model until its result was read on the host. This includes copies
   * and waiting, so the utilisation is a lower bound of the device's.
   */
  HOST,

  /** The service says how long the device took, by whatever means it has. */
  SUPPLIED
}
