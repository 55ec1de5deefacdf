package dev.flopmeter.cli.output;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.InvalidPathException;
import org.jspecify.annotations.Nullable;

/**
 * The destination of a command's result: standard output, or the file after {@code -o}. A failure
 * to write to standard output is reported when the command is done.
 */
public final class Output implements AutoCloseable {
  private final PrintWriter standard;
  private final String name;
  private final @Nullable OutputFile file;
  private boolean isBroken;
  private boolean isComplete;

  private Output(PrintWriter standard, String name, @Nullable OutputFile file) {
    this.standard = standard;
    this.name = "-o " + name;
    this.file = file;
  }

  /**
   * Opens the output.
   *
   * @param name null for standard output
   * @param isFollowed whether a file shows each line as it is written, instead of the whole at the
   *     end
   * @throws ModelException if the file cannot be written
   */
  public static Output to(@Nullable String name, boolean isFollowed, PrintWriter standard) {
    try {
      return name == null
          ? new Output(standard, "", null)
          : new Output(standard, name, OutputFile.open(name, isFollowed));
    } catch (IOException | InvalidPathException e) {
      throw new ModelException("-o " + name + ": cannot be written: " + IoReason.of(e), e);
    }
  }

  public boolean isFile() {
    return file != null;
  }

  /** The style of tables: as for the terminal, or plain for a file. */
  public TerminalStyle style(boolean allLayers) {
    return isFile()
        ? TerminalStyle.PLAIN.withAllLayers(allLayers)
        : TerminalStyle.of(System.getenv(), Terminal.OUTPUT, Charset.defaultCharset(), allLayers);
  }

  /** Whether writing failed, so that continuing is pointless. */
  public boolean isBroken() {
    return isBroken || (file == null && standard.checkError());
  }

  /** Flushes, so that a reader of a pipe sees it at once. */
  public void text(String text) {
    isComplete = false;
    if (file == null) {
      standard.print(text);
      standard.flush();
    } else if (!isBroken) {
      try {
        file.write(text);
      } catch (IOException e) {
        isBroken = true;
        OutputException.requireReaderGone(name, e);
      }
    }
    isComplete = true;
  }

  public void line(String line) {
    text(line + "\n");
  }

  /**
   * Replaces the file; if the command failed before it wrote anything, the file stays as it was.
   */
  @Override
  public void close() {
    if (file == null) {
      standard.flush();
      return;
    }
    try {
      file.close(isComplete);
    } catch (IOException e) {
      if (isComplete && !isBroken) {
        throw new OutputException(name, e);
      }
    }
  }
}
