package dev.flopmeter.cli.output;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import org.jspecify.annotations.Nullable;

/**
 * Where a command's result goes: standard output, or the file after {@code -o}. A failure to write
 * to standard output is reported when the command is done.
 */
public final class Output implements AutoCloseable {
  private final PrintWriter writer;
  private final @Nullable Destination destination;
  private boolean isComplete;

  /** What {@code -o} named, and the stream to it. */
  private record Destination(String name, OutputFile file, OutputSink sink) {}

  private Output(PrintWriter writer, @Nullable Destination destination) {
    this.writer = writer;
    this.destination = destination;
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
    if (name == null) {
      return new Output(standard, null);
    }
    try {
      OutputFile file = OutputFile.open(name, isFollowed);
      OutputSink sink = new OutputSink(file.stream());
      return new Output(
          new PrintWriter(sink, false, StandardCharsets.UTF_8), new Destination(name, file, sink));
    } catch (IOException | InvalidPathException e) {
      throw new ModelException("-o " + name + ": cannot be written: " + IoReason.of(e), e);
    }
  }

  public boolean isFile() {
    return destination != null;
  }

  /** The style of tables: for a terminal as it is, for a file plain. */
  public TerminalStyle style(boolean allLayers) {
    return isFile()
        ? TerminalStyle.PLAIN.withAllLayers(allLayers)
        : TerminalStyle.of(System.getenv(), Terminal.OUTPUT, Charset.defaultCharset(), allLayers);
  }

  /** Whether writing failed, so that there is no point in going on. */
  public boolean isBroken() {
    return destination == null ? writer.checkError() : destination.sink().isBroken();
  }

  /** Writes at once, so that a reader at the other end of a pipe sees it. */
  public void text(String text) {
    isComplete = false;
    writer.print(text);
    writer.flush();
    if (destination != null) {
      destination.sink().check("-o " + destination.name());
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
    if (destination == null) {
      writer.flush();
    } else if (!isComplete) {
      destination.sink().close();
    } else {
      try {
        destination.file().commit();
      } catch (IOException e) {
        throw new OutputException("-o " + destination.name(), e);
      }
    }
  }
}
