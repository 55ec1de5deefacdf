package dev.flopmeter.model.equation;

import java.util.ArrayList;
import java.util.List;

/** The words and signs of one line, taken one after the other. */
final class Tokens {
  static final String END = "the end of the line";

  private final String place;
  private final List<String> tokens = new ArrayList<>();
  private int at;

  /**
   * @param place file and line, for errors
   */
  Tokens(String place, String text) {
    this.place = place;
    // Not by a regular expression: that would take most of the time in which a line is read.
    int end;
    for (int from = 0; from < text.length(); from = end) {
      end = from + 1;
      while (end < text.length() && continues(text, from, end)) {
        end++;
      }
      if (text.charAt(from) != ' ') {
        tokens.add(text.substring(from, end));
      }
    }
  }

  /** Whether the token that begins at {@code from} goes on at {@code at}. */
  private static boolean continues(String text, int from, int at) {
    char first = text.charAt(from);
    char c = text.charAt(at);
    if (isWord(first) && isWord(c)) {
      return !isDigit(first) || isDigit(c) || c == 'e';
    }
    char before = text.charAt(at - 1);
    if (first == '"') {
      return at == from + 1 || before != '"';
    } else if (isWord(first) && !isDigit(first)) {
      int colon = c == '.' || c == ':' ? text.indexOf(':', at) : -1; // as in com.microsoft:Gelu
      boolean isDomain = colon >= 0 && text.lastIndexOf(' ', colon) < at;
      return isDomain && Character.isUpperCase(text.charAt(colon + 1));
    } else if (isDigit(first)) {
      return (c == '.' && isDigit(text.charAt(at + 1))) || (c == '-' && before == 'e');
    }
    return at == from + 1 && (c == '=' ? "=!<>".indexOf(first) >= 0 : c == '.' && first == '.');
  }

  private static boolean isWord(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || isDigit(c);
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
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
