package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a command's data goes: standard output, or the file after {@code -o}. */
final class Output implements AutoCloseable {
  private final PrintWriter writer;
  private final @Nullable String file;

  private Output(PrintWriter writer, @Nullable String file) {
    this.writer = writer;
    this.file = file;
  }

  /**
   * Opens it.
   *
   * @param file null for standard output
   * @throws ModelException if the file cannot be written
   */
  static Output to(@Nullable String file, PrintWriter standard) {
    if (file == null) {
      return new Output(standard, null);
    }
    try {
      return new Output(
          new PrintWriter(Files.newBufferedWriter(Path.of(file), StandardCharsets.UTF_8)), file);
    } catch (IOException | InvalidPathException e) {
      throw new ModelException("-o: '" + file + "' cannot be written: " + e.getMessage(), e);
    }
  }

  boolean isFile() {
    return file != null;
  }

  /** Writes at once, so that a reader at the other end of a pipe sees it. */
  void text(String text) {
    writer.print(text);
    writer.flush();
    if (writer.checkError()) {
      throw new ModelException(
          (file == null ? "standard output" : "-o: '" + file + "'") + " cannot be written to");
    }
  }

  void line(String line) {
    text(line + "\n");
  }

  @Override
  public void close() {
    if (file == null) {
      writer.flush();
    } else {
      writer.close();
    }
  }
}
