package dev.flopmeter.cli;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;

/** One call of the command line, in this process. */
record Flop(int code, String out, String err) {

  static Flop run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Flop flop = into(out, args);
    return new Flop(flop.code(), out.toString(StandardCharsets.UTF_8), flop.err());
  }

  /** Runs the command with {@code out} as its standard output. */
  static Flop into(OutputStream out, String... args) {
    StringWriter err = new StringWriter();
    int code = Main.run(out, new PrintWriter(err, true), args);
    return new Flop(code, "", err.toString());
  }
}
