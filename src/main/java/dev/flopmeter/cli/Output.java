package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * Where a command's data goes: standard output, or the file after {@code -o}. A file is written
 * beside its place and takes it when closed, so that nobody ever reads half of one.
 */
final class Output implements AutoCloseable {
  private final PrintWriter writer;
  private final @Nullable Path file;
  private final @Nullable Path beside;
  private boolean isWritten;

  private Output(PrintWriter writer, @Nullable Path file, @Nullable Path beside) {
    this.writer = writer;
    this.file = file;
    this.beside = beside;
  }

  /**
   * Opens it.
   *
   * @param name null for standard output
   * @throws ModelException if the file cannot be written
   */
  static Output to(@Nullable String name, PrintWriter standard) {
    if (name == null) {
      return new Output(standard, null, null);
    }
    try {
      Path file = Path.of(name);
      Path beside = Path.of(name + ".part");
      if (Files.isDirectory(file)) {
        throw new ModelException("-o " + name + ": cannot be written: it is a directory");
      }
      PrintWriter writer =
          new PrintWriter(
              new OutputStreamWriter(
                  new FileOutputStream(beside.toFile()), StandardCharsets.UTF_8));
      return new Output(writer, file, beside);
    } catch (IOException | InvalidPathException e) {
      throw new ModelException("-o " + name + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Writes {@code text} whole, to the file or to standard output. */
  static void write(String text, @Nullable String name) {
    PrintWriter standard =
        new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    try (Output output = to(name, standard)) {
      output.text(text);
    }
  }

  boolean isFile() {
    return file != null;
  }

  /** Writes at once, so that a reader at the other end of a pipe sees it. */
  void text(String text) {
    isWritten = false; // a half-written file must not take its place
    writer.print(text);
    writer.flush();
    if (writer.checkError()) {
      throw new ModelException(
          (file == null ? "standard output" : "-o " + file) + ": cannot be written to");
    }
    isWritten = true;
  }

  void line(String line) {
    text(line + "\n");
  }

  @Override
  public void close() {
    if (file == null || beside == null) {
      writer.flush();
      return;
    }
    writer.close();
    try {
      if (isWritten) {
        Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw new ModelException("-o " + file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
