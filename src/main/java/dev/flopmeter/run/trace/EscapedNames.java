package dev.flopmeter.run.trace;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A profile of ONNX Runtime as JSON: it writes an event a line, and a node's name as it is, so that
 * a quote, a backslash or a line break in a name has to be escaped here.
 */
final class EscapedNames extends InputStream {
  private static final String EVENT = "{\"cat\" : ";
  private static final String BEHIND_NAME = "\",\"args\" : {";
  private static final Pattern NAME =
      Pattern.compile("(.*?\"name\" :\")(.*)(\",\"args\" : \\{.*)", Pattern.DOTALL);
  private static final Pattern JSON_TEXT =
      Pattern.compile("([^\"\\\\\\x00-\\x1f]|\\\\[\"\\\\/bfnrt]|\\\\u\\p{XDigit}{4})*+");

  /** A longer event is left to fail as JSON. */
  private static final int MOST_CHARACTERS = 1 << 20;

  private final BufferedReader lines;
  private byte[] line = {};
  private int at;

  EscapedNames(InputStream in) {
    // One character a byte, so that names keep their encoding.
    lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.ISO_8859_1));
  }

  @Override
  public int read() throws IOException {
    return isFilled() ? line[at++] & 0xff : -1;
  }

  @Override
  public int read(byte[] to, int from, int length) throws IOException {
    if (!isFilled()) {
      return -1;
    }
    int count = Math.min(length, line.length - at);
    System.arraycopy(line, at, to, from, count);
    at += count;
    return count;
  }

  private boolean isFilled() throws IOException {
    while (at == line.length) {
      String next = lines.readLine();
      if (next == null) {
        return false;
      }
      while (next.startsWith(EVENT)
          && !next.contains(BEHIND_NAME)
          && next.length() < MOST_CHARACTERS) {
        String rest = lines.readLine();
        if (rest == null) {
          break;
        }
        next += "\n" + rest;
      }
      line = (escaped(next) + "\n").getBytes(StandardCharsets.ISO_8859_1);
      at = 0;
    }
    return true;
  }

  private static String escaped(String event) {
    Matcher parts = NAME.matcher(event);
    if (!event.startsWith(EVENT)
        || !parts.matches()
        || JSON_TEXT.matcher(parts.group(2)).matches()) {
      return event;
    }
    StringBuilder name = new StringBuilder();
    for (char each : parts.group(2).toCharArray()) {
      if (each < ' ') {
        name.append("\\u00").append(each < 16 ? "0" : "").append(Integer.toHexString(each));
      } else {
        name.append(each == '"' || each == '\\' ? "\\" : "").append(each);
      }
    }
    return parts.group(1) + name + parts.group(3);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
