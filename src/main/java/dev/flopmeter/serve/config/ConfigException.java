package dev.flopmeter.serve.config;

import java.util.List;

/** A configuration with errors; holds all of them, or the first of very many. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<String> problems;

  ConfigException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** At least one, in order of lines: {@code FILE:LINE: KEY: what is wrong and what to do}. */
  public List<String> problems() {
    return problems;
  }
}
