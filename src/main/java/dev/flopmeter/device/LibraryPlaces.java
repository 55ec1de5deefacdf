package dev.flopmeter.device;

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
 */
final class LibraryPlaces {
  private static final List<String> SYSTEM =
      List.of(
          "/usr/lib/x86_64-linux-gnu",
          "/usr/lib64",
          "/usr/lib/wsl/lib",
          "/usr/local/nvidia/lib64",
          "/usr/local/cuda/lib64",
          "/opt/cuda/lib64",
          "/opt/conda/lib");

  private final Map<String, String> environment;
  private final Path root;

  /**
   * @param root {@code /}, or another root directory in tests
   */
  LibraryPlaces(Map<String, String> environment, Path root) {
    this.environment = environment;
    this.root = root;
  }

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

  /** As {@link #candidates(String, String)} where nothing is configured. */
  List<String> candidates(String file) {
    Set<String> found = new LinkedHashSet<>();
    found.add(file);
    for (Path directory : directories()) {
      Path path = directory.resolve(file);
      if (Files.exists(path)) {
        found.add(path.toString());
      }
    }
    return List.copyOf(found);
  }

  private List<Path> directories() {
    List<Path> directories = new ArrayList<>();
    SYSTEM.forEach(place -> directories.add(at(place)));
    children(at("/usr/local"), "cuda-*").forEach(cuda -> directories.add(cuda.resolve("lib64")));
    for (String variable : List.of("CUDA_PATH", "CUDA_HOME", "CUDNN_PATH")) {
      String home = environment.getOrDefault(variable, "");
      if (!home.isBlank()) {
        directories.add(Path.of(home, "lib64"));
        directories.add(Path.of(home, "lib"));
      }
    }
    pythonHomes()
        .forEach(
            home ->
                children(home.resolve("lib"), "python3*")
                    .forEach(
                        python ->
                            List.of("site-packages", "dist-packages")
                                .forEach(
                                    packages ->
                                        directories.add(
                                            python.resolve(packages + "/nvidia/cudnn/lib")))));
    return directories;
  }

  private List<Path> pythonHomes() {
    List<Path> homes = new ArrayList<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      String home = environment.getOrDefault(variable, "");
      if (!home.isBlank()) {
        homes.add(Path.of(home));
      }
    }
    String user = environment.getOrDefault("HOME", "");
    if (!user.isBlank()) {
      homes.add(Path.of(user, ".local"));
    }
    List.of("/usr/local", "/usr", "/opt/conda", "/opt/venv").forEach(p -> homes.add(at(p)));
    return homes;
  }

  private Path at(String absolute) {
    return root.resolve(absolute.substring(1));
  }

  /** Subdirectories that match, newest version last in name order first. */
  private static List<Path> children(Path directory, String pattern) {
    List<Path> found = new ArrayList<>();
    if (!Files.isDirectory(directory)) {
      return found;
    }
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, pattern)) {
      stream.forEach(found::add);
    } catch (IOException e) {
      return List.of(); // a directory that cannot be read holds nothing that could be loaded
    }
    found.sort(Comparator.reverseOrder());
    return found;
  }
}
