package dev.flopmeter.run.conformance;

/**
 * The result of one case.
 *
 * @param operator the operator the case is about; {@code graph} where it is about several
 * @param reason why it did not pass; empty if it did
 */
public record CaseResult(String name, String operator, CaseOutcome outcome, String reason) {}
