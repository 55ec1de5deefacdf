package dev.flopmeter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The data in {@code ../shared}; tests that need it are skipped, and say so, if it is missing. */
public final class SharedData {
  private SharedData() {}

  private static final Path ROOT = Path.of("..", "shared");

  /** A file or folder in it; skips the test if it is missing. */
  public static Path require(String path) {
    Path file = ROOT.resolve(path);
    if (!Files.exists(file)) {
      System.out.println("skipped: " + file + " is not there");
    }
    Assumptions.assumeTrue(Files.exists(file), file + " is not there");
    return file;
  }

  /** Whether a file or folder exists in it. */
  public static boolean has(String path) {
    return Files.exists(ROOT.resolve(path));
  }

  /** The rows of a table with a header line, by column name. */
  public static List<Map<String, String>> csv(String path) {
    try {
      List<String> lines = Files.readAllLines(require(path));
      String[] header = lines.get(0).split(",", -1);
      List<Map<String, String>> rows = new ArrayList<>();
      for (String line : lines.subList(1, lines.size())) {
        String[] cells = line.split(",", -1);
        Map<String, String> row = new LinkedHashMap<>();
        for (int i = 0; i < header.length; i++) {
          row.put(header[i], cells[i]);
        }
        rows.add(row);
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All ONNX files below a folder, sorted; empty if the folder is missing. */
  public static List<Path> models(String folder) {
    return modelsIn(ROOT.resolve(folder));
  }

  /** All ONNX files below any folder, sorted; empty if the folder is missing. */
  public static List<Path> modelsIn(Path root) {
    if (!Files.isDirectory(root)) {
      System.out.println("skipped: " + root + " is not there");
      return List.of();
    }
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(file -> file.toString().endsWith(".onnx")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
