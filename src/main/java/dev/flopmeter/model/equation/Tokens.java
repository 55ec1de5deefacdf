package dev.flopmeter.model.equation;

import java.util.ArrayList;
import java.util.List;

/** The words and signs of one line, taken one after the other. */
final class Tokens {
  static final String END = "the end of the line";

  private final String place;
  private final List<String> tokens = new ArrayList<>();
  private int next;
  private String current = END;

  /**
   * @param place file and line, for errors
   */
  Tokens(String place, String text) {
    this.place = place;
    // Not a regular expression, which would take most of the time to parse a line.
    int end;
    for (int from = 0; from < text.length(); from = end) {
      end = end(text, from);
      if (text.charAt(from) != ' ') {
        tokens.add(text.substring(from, end));
      }
    }
    take();
  }

  /** Where the token that begins at {@code from} ends. */
  private static int end(String text, int from) {
    char first = text.charAt(from);
    int end = from + 1;
    if (first == '"') {
      int close = text.indexOf('"', end);
      return close < 0 ? text.length() : close + 1;
    } else if (isDigit(first)) {
      while (end < text.length() && isInNumber(text, end)) {
        end++;
      }
      return end;
    } else if (isWord(first)) {
      while (end < text.length() && (isWord(text.charAt(end)) || isInDomain(text, end))) {
        end++;
      }
      return end;
    }
    char next = end < text.length() ? text.charAt(end) : ' ';
    boolean isPair = next == '=' ? "=!<>".indexOf(first) >= 0 : next == '.' && first == '.';
    return isPair ? end + 1 : end;
  }

  private static boolean isInNumber(String text, int at) {
    char c = text.charAt(at);
    return isDigit(c)
        || c == 'e'
        || (c == '.' && isDigit(text.charAt(at + 1)))
        || (c == '-' && text.charAt(at - 1) == 'e');
  }

  /** Whether a sign belongs to the name of an operator, as in {@code com.microsoft:Gelu}. */
  private static boolean isInDomain(String text, int at) {
    char c = text.charAt(at);
    int colon = c == '.' || c == ':' ? text.indexOf(':', at) : -1;
    return colon >= 0
        && text.lastIndexOf(' ', colon) < at
        && Character.isUpperCase(text.charAt(colon + 1));
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
    return current;
  }

  String take() {
    String token = current;
    current = next < tokens.size() ? tokens.get(next) : END;
    next++;
    return token;
  }

  boolean accept(String token) {
    boolean isThere = current.equals(token);
    if (isThere) {
      take();
    }
    return isThere;
  }

  void expect(String token) {
    if (!accept(token)) {
      throw wrong("'" + token + "'", peek());
    }
  }

  /** Whether the line assigns names to its results. */
  boolean assigns() {
    return tokens.contains("=") && (tokens.get(1).equals("=") || tokens.get(1).equals(","));
  }

  IllegalStateException wrong(String wanted, String found) {
    return new IllegalStateException(place + " needs " + wanted + ", not '" + found + "'");
  }
}
