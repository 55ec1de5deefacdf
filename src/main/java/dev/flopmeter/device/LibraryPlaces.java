package dev.flopmeter.device;

import dev.flopmeter.text.Csv;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where a library may be, in the order of the search: the configured path, what the loader finds by
 * itself, then the places where packages and Python wheels put it.
 *
 * @param root {@code /}, or another root directory in tests
 */
record LibraryPlaces(Map<String, String> environment, Path root) {
  /** Folders by pattern: a name after $ is an environment variable, an asterisk any name. */
  private static final List<String> FOLDERS =
      Csv.rows(LibraryPlaces.class, "library-folders.csv").stream().map(row -> row.get(0)).toList();

  /**
   * Names and paths to try to open, best first.
   *
   * @param file the library's file name, such as {@code libcudnn.so.9}
   * @param setting the environment variable that holds its path or its directory
   */
  List<String> candidates(String file, String setting) {
    String configured = environment.getOrDefault(setting, "");
    if (!configured.isBlank()) {
      Path path = Path.of(configured);
      return List.of((Files.isDirectory(path) ? path.resolve(file) : path).toString());
    }
    return candidates(file);
  }

  /** Like {@link #candidates(String, String)} without a setting. */
  List<String> candidates(String file) {
    Set<String> found = new LinkedHashSet<>();
    found.add(file);
    FOLDERS.stream()
        .flatMap(pattern -> expanded(pattern).stream())
        .map(directory -> directory.resolve(file))
        .filter(Files::exists)
        .forEach(path -> found.add(path.toString()));
    return List.copyOf(found);
  }

  private List<Path> expanded(String pattern) {
    int end = pattern.indexOf('/');
    String home = end == 0 ? "" : environment.getOrDefault(pattern.substring(1, end), "");
    if (end > 0 && home.isBlank()) {
      return List.of();
    }
    List<Path> found = List.of(end == 0 ? root : Path.of(home));
    for (String name : pattern.substring(end + 1).split("/", -1)) {
      found =
          name.contains("*") || name.contains("{")
              ? found.stream().flatMap(folder -> children(folder, name).stream()).toList()
              : found.stream().map(folder -> folder.resolve(name)).toList();
    }
    return found;
  }

  /** Subdirectories that match, newest version last in name order first. */
  private static List<Path> children(Path directory, String pattern) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, pattern)) {
      stream.forEach(found::add);
    } catch (IOException e) {
      return List.of(); // a directory that cannot be read has no library that could be loaded
    }
    found.sort(Comparator.reverseOrder());
    return found;
  }
}
