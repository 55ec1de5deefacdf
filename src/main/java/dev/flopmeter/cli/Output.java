package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a command's data goes: standard output, or the file that {@code -o} names. */
final class Output {
  private Output() {}

  /**
   * Writes {@code text} as UTF-8.
   *
   * @param file null for standard output
   * @throws ModelException if the file cannot be written
   */
  static void write(String text, @Nullable String file) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (file == null) {
      PrintStream out = System.out;
      out.write(bytes, 0, bytes.length);
      out.flush();
      return;
    }
    try (FileOutputStream out = new FileOutputStream(Path.of(file).toFile())) {
      out.write(bytes);
    } catch (IOException | InvalidPathException e) {
      throw new ModelException("-o " + file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
