package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.device.CacheFolder;
import dev.flopmeter.run.BackendException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The algorithms that searches chose, kept between runs in one file per device and cuDNN version:
 * {@code problem TAB algorithm} on each line. It only saves time: a file that cannot be read or
 * written, or a line that makes no sense, costs a search and a line in the log.
 */
public final class AlgorithmCache {
  private static final Logger logger = LoggerFactory.getLogger(AlgorithmCache.class);

  private final Path file;
  private final Map<String, Algorithm> chosen = new TreeMap<>();
  private boolean changed;
  private int searches;

  private AlgorithmCache(Path file) {
    this.file = file;
  }

  /**
   * Reads what earlier runs noted for a device and a version of cuDNN.
   *
   * @param directory where the files are kept
   * @param device the device's name and what else tells it apart, such as its memory
   */
  public static AlgorithmCache open(Path directory, String device, String cudnn) {
    String name = (device + "-cudnn-" + cudnn).replaceAll("[^A-Za-z0-9.]+", "-");
    AlgorithmCache cache = new AlgorithmCache(directory.resolve(name + ".tsv"));
    if (Files.exists(cache.file)) {
      try {
        cache.read();
      } catch (IOException e) {
        cache.chosen.clear();
        logger.warn(
            "{} cannot be used: {}; algorithms are searched again", cache.file, e.toString());
      }
    }
    return cache;
  }

  /** {@code flopmeter.cache} if set, else the user's cache directory. */
  public static Path defaultDirectory() {
    String configured = System.getProperty("flopmeter.cache");
    if (configured != null) {
      return Path.of(configured);
    }
    try {
      return CacheFolder.ofUser().resolve("algorithms");
    } catch (IOException e) {
      throw new BackendException(
          "the chosen algorithms cannot be kept: "
              + e.getMessage()
              + "; set XDG_CACHE_HOME to a folder that can be written",
          e);
    }
  }

  private void read() throws IOException {
    for (String line : Files.readAllLines(file)) {
      int tab = line.indexOf('\t');
      try {
        chosen.put(line.substring(0, tab), Algorithm.decode(line.substring(tab + 1)));
      } catch (RuntimeException e) {
        logger.warn("{} has the unreadable line '{}'; it is searched again", file, line);
      }
    }
  }

  Optional<Algorithm> find(String problem) {
    return Optional.ofNullable(chosen.get(problem));
  }

  void put(String problem, Algorithm algorithm) {
    chosen.put(problem, algorithm);
    changed = true;
    searches++;
  }

  /** How many searches this run took. */
  public int searches() {
    return searches;
  }

  /** Writes what is new, beside the file first, so that no reader meets half of it. */
  public void save() {
    if (!changed) {
      return;
    }
    try {
      Files.createDirectories(file.getParent());
      Path beside = Files.createTempFile(file.getParent(), "algorithms", ".tmp");
      StringBuilder text = new StringBuilder();
      chosen.forEach(
          (problem, algorithm) ->
              text.append(problem).append('\t').append(algorithm.encode()).append('\n'));
      Files.writeString(beside, text);
      Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      changed = false;
    } catch (IOException e) {
      logger.warn("{} cannot be written: {}; the next run searches again", file, e.toString());
    }
  }
}
