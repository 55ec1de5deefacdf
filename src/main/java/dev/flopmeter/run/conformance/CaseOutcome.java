package dev.flopmeter.run.conformance;

import dev.flopmeter.text.Labelled;

/** How a case ended. */
public enum CaseOutcome implements Labelled {
  PASSED,
  /** A wrong result, or an error where there should be a result. */
  FAILED,
  /** The backend says itself that it cannot run an operator. */
  UNSUPPORTED,
  /** The case proves nothing: a file is missing or unreadable, or data do not fit the model. */
  INVALID
}
