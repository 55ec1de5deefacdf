package dev.flopmeter.run;

import dev.flopmeter.text.Labelled;

/** How thoroughly the fastest way to compute a step is searched. */
public enum SearchEffort implements Labelled {
  /** The few ways that the device's library recommends. */
  QUICK,
  /** Every way that the library offers, with large, small and no scratch memory. */
  FULL
}
