package dev.flopmeter.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The user's folder for data that is measured or unpacked once: {@code $XDG_CACHE_HOME/flopmeter},
 * or {@code ~/.cache/flopmeter}.
 */
public final class CacheFolder {
  private CacheFolder() {}

  /**
   * Returns the folder of the user who runs this process; it need not exist yet.
   *
   * @throws IOException if the user has no home folder and the environment names none
   */
  public static Path ofUser() throws IOException {
    return of(System.getenv(), System.getProperty("user.home"));
  }

  /**
   * Writes a file of a cache beside it and renames it, so that a reader sees the old one or the new
   * one, never half.
   *
   * @throws IOException if the file's folder cannot be made or written
   */
  public static void write(Path file, String text) throws IOException {
    Path folder = Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Path beside = Files.createTempFile(folder, "new", String.valueOf(file.getFileName()));
    try {
      Files.writeString(beside, text);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  /**
   * @param userHome the system property {@code user.home}: a lone {@code ?} for a user that the
   *     system does not know
   */
  static Path of(Map<String, String> environment, String userHome) throws IOException {
    String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
    if (cache.startsWith("/")) { // the XDG specification requires that relative paths are ignored
      return Path.of(cache, "flopmeter");
    }
    return Stream.of(environment.getOrDefault("HOME", ""), userHome)
        .filter(home -> home.startsWith("/"))
        .findFirst()
        .map(home -> Path.of(home, ".cache", "flopmeter"))
        .orElseThrow(() -> new IOException("this user has no home folder"));
  }
}
