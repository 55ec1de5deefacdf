package dev.flopmeter.run;

import dev.flopmeter.text.Labelled;

/** The order of dimensions in memory. */
public enum Layout implements Labelled {
  /** Chosen per layer by measurement. */
  AUTO,
  NCHW,
  NHWC
}
