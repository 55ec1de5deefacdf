package dev.flopmeter.run.trace;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * A profile of ONNX Runtime as JSON: it writes an event a line, and a node's name as it is, so that
 * a quote, a backslash or a line break in a name has to be escaped here.
 */
@SuppressWarnings("JdkObsolete") // SequenceInputStream takes no Iterator
final class EscapedNames implements Enumeration<InputStream> {
  private static final String EVENT = "{\"cat\" : ";
  private static final String BEHIND_NAME = "\",\"args\" : {";
  private static final Pattern NAME =
      Pattern.compile("(.*?\"name\" :\")(.*)(\",\"args\" : \\{.*)", Pattern.DOTALL);
  private static final Pattern JSON_TEXT =
      Pattern.compile("([^\"\\\\\\x00-\\x1f]|\\\\[\"\\\\/bfnrt]|\\\\u\\p{XDigit}{4})*+");

  /** A longer event is left to fail as JSON. */
  private static final int MOST_CHARACTERS = 1 << 20;

  private final Iterator<String> lines;

  private EscapedNames(InputStream profile) {
    // One character a byte, so that names keep their encoding.
    InputStreamReader bytes = new InputStreamReader(profile, StandardCharsets.ISO_8859_1);
    lines = new BufferedReader(bytes).lines().iterator();
  }

  static InputStream in(InputStream profile) {
    return new SequenceInputStream(new EscapedNames(profile));
  }

  @Override
  public boolean hasMoreElements() {
    return lines.hasNext();
  }

  @Override
  public InputStream nextElement() {
    StringBuilder event = new StringBuilder(lines.next());
    while (event.indexOf(EVENT) == 0
        && event.indexOf(BEHIND_NAME) < 0
        && event.length() < MOST_CHARACTERS
        && lines.hasNext()) {
      event.append('\n').append(lines.next());
    }
    String line = escaped(event.append('\n').toString());
    return new ByteArrayInputStream(line.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String escaped(String event) {
    Matcher parts = NAME.matcher(event);
    boolean isJson = !event.startsWith(EVENT) || !parts.matches();
    if (isJson || JSON_TEXT.matcher(parts.group(2)).matches()) {
      return event;
    }
    char[] name = JsonStringEncoder.getInstance().quoteAsCharArray(parts.group(2));
    return parts.group(1) + String.valueOf(name) + parts.group(3);
  }
}
