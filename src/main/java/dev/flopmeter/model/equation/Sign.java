package dev.flopmeter.model.equation;

import org.jspecify.annotations.Nullable;

/** A sign or word between two terms. */
enum Sign {
  OR("or", 0),
  AND("and", 1),
  EQUAL("==", 2),
  UNEQUAL("!=", 2),
  LESS("<", 2),
  AT_MOST("<=", 2),
  GREATER(">", 2),
  AT_LEAST(">=", 2),
  PLUS("+", 3),
  MINUS("-", 3),
  TIMES("*", 4),
  BY("/", 4),
  REMAINDER("%", 4);

  static final int COMPARISON = 2;
  static final int SUM = 3;

  /** As equations have it. */
  final String text;

  /** How much it binds: those of a higher level are computed first. */
  final int level;

  Sign(String text, int level) {
    this.text = text;
    this.level = level;
  }

  /** The sign that a token is; null for others. */
  static @Nullable Sign of(String token) {
    return switch (token) {
      case "or" -> OR;
      case "and" -> AND;
      case "==" -> EQUAL;
      case "!=" -> UNEQUAL;
      case "<" -> LESS;
      case "<=" -> AT_MOST;
      case ">" -> GREATER;
      case ">=" -> AT_LEAST;
      case "+" -> PLUS;
      case "-" -> MINUS;
      case "*" -> TIMES;
      case "/" -> BY;
      case "%" -> REMAINDER;
      default -> null;
    };
  }
}
