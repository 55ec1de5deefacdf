package dev.flopmeter.run;

import dev.flopmeter.text.Labelled;

/** How thoroughly the fastest way to compute a step is searched. */
public enum SearchEffort implements Labelled {
  /** The few ways that the device's library thinks best. */
  QUICK,
  /** Every way that the library offers, with much, little and no scratch memory. */
  FULL
}
