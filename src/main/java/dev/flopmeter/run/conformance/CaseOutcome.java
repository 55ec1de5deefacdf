package dev.flopmeter.run.conformance;

import dev.flopmeter.text.Labelled;

/** How a case ended. */
public enum CaseOutcome implements Labelled {
  PASSED,
  /** A wrong result, or an error instead of a result. */
  FAILED,
  /** The backend reports that it cannot run an operator. */
  UNSUPPORTED,
  /** The case is invalid: a file is missing or unreadable, or the data does not fit the model. */
  INVALID
}
