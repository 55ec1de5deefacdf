package dev.flopmeter.serve.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration with errors; holds all of them. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<Problem> problems;

  ConfigException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** At least one, in order of lines. */
  public List<Problem> problems() {
    return problems;
  }
}
