package dev.flopmeter.model.equation;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words and signs of one line, taken one after the other. */
final class Tokens {
  static final String END = "the end of the line";

  private static final Pattern TOKEN =
      Pattern.compile(
          "[a-z][a-z.]*:[A-Z]\\w*|[A-Za-z_]\\w*|\\d+(?:\\.\\d+)?(?:e-?\\d+)?|\"[^\"]*\""
              + "|[=!<>]=|\\.\\.|\\S");

  private final String place;
  private final List<String> tokens = new ArrayList<>();
  private int at;

  /**
   * @param place file and line, for errors
   */
  Tokens(String place, String text) {
    this.place = place;
    for (Matcher token = TOKEN.matcher(text); token.find(); ) {
      tokens.add(token.group());
    }
  }

  /** The tokens of a part of the line. */
  Tokens within(String text) {
    return new Tokens(place, text);
  }

  String place() {
    return place;
  }

  String peek() {
    return at < tokens.size() ? tokens.get(at) : END;
  }

  String take() {
    String token = peek();
    at++;
    return token;
  }

  boolean accept(String token) {
    boolean isThere = peek().equals(token);
    at += isThere ? 1 : 0;
    return isThere;
  }

  void expect(String token) {
    if (!accept(token)) {
      throw wrong("'" + token + "'", peek());
    }
  }

  /** Whether the line gives names to what it computes. */
  boolean assigns() {
    return tokens.contains("=") && (tokens.get(1).equals("=") || tokens.get(1).equals(","));
  }

  IllegalStateException wrong(String wanted, String found) {
    return new IllegalStateException(place + " needs " + wanted + ", not '" + found + "'");
  }
}
