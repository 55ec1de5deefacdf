package dev.flopmeter.run.cudnn.execute;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.flopmeter.device.CacheFolder;
import dev.flopmeter.run.BackendException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The choices of searches, kept between runs: one file for each problem on a device, named after
 * both. It only saves time. A file that cannot be read, is damaged or belongs to another problem
 * costs a search; the first such file causes a warning, the others a debug message.
 */
public final class PlanCache {
  private static final Logger logger = LoggerFactory.getLogger(PlanCache.class);

  private static final String SUFFIX = ".plan";

  private final Path folder;
  private final String identity;
  private final long limitBytes;
  private boolean hasWarned;
  private boolean hasChanged;

  /**
   * @param folder where the files are kept; made when the first one is written
   * @param identity on one line, all that plans depend on beside their problem: device, versions
   * @param limitBytes the least recently used files are deleted when all of them are larger
   */
  public PlanCache(Path folder, String identity, long limitBytes) {
    this.folder = folder;
    this.identity = identity;
    this.limitBytes = limitBytes;
  }

  /** {@code flopmeter.cache} if set, else the user's cache folder. */
  public static Path defaultFolder() {
    String configured = System.getProperty("flopmeter.cache");
    if (configured != null) {
      return Path.of(configured);
    }
    try {
      return CacheFolder.ofUser().resolve("plans");
    } catch (IOException e) {
      throw new BackendException(
          ("the chosen plans cannot be stored: %s; set XDG_CACHE_HOME to a folder that can be"
                  + " written")
              .formatted(e.getMessage()),
          e);
    }
  }

  private String title(String problem) {
    return identity + "\n" + problem + "\n";
  }

  private Path file(String problem) {
    return folder.resolve(digest(title(problem)) + SUFFIX);
  }

  private static String digest(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  public Optional<String> find(String problem) {
    Path file = file(problem);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      String[] parts = Files.readString(file).split("\n", 2);
      if (parts.length < 2 || !parts[0].equals(digest(parts[1]))) {
        return ignored(file, "it is damaged");
      }
      if (!parts[1].startsWith(title(problem))) {
        return ignored(file, "it belongs to another problem");
      }
      markUsed(file);
      return Optional.of(parts[1].substring(title(problem).length()));
    } catch (IOException e) {
      return ignored(file, e.toString());
    }
  }

  /** In a folder that cannot be written, age is useless. */
  private static void markUsed(Path file) {
    try {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    } catch (IOException e) {
      logger.debug("the time stamp of {} cannot be updated: {}", file, e.toString());
    }
  }

  private Optional<String> ignored(Path file, String reason) {
    logger
        .atLevel(hasWarned ? Level.DEBUG : Level.WARN)
        .log("{} is ignored: {}; searching for a plan again", file, reason);
    hasWarned = true;
    return Optional.empty();
  }

  /** Notes what a search chose. */
  public void put(String problem, String value) {
    hasChanged = true;
    String body = title(problem) + value;
    try {
      CacheFolder.write(file(problem), digest(body) + "\n" + body);
    } catch (IOException e) {
      ignored(file(problem), e.toString());
    }
  }

  private record Kept(Path file, long bytes, long usedMillis) {}

  /** Deletes the least recently used files where all are larger than the limit. */
  public void trim() {
    if (!hasChanged) {
      return;
    }
    hasChanged = false;
    try (Stream<Path> files = Files.list(folder)) {
      List<Kept> kept = new ArrayList<>();
      for (Path file : files.filter(path -> path.toString().endsWith(SUFFIX)).toList()) {
        kept.add(new Kept(file, Files.size(file), Files.getLastModifiedTime(file).toMillis()));
      }
      kept.sort(Comparator.comparingLong(Kept::usedMillis));
      long excess = kept.stream().mapToLong(Kept::bytes).sum() - limitBytes;
      for (Kept oldest : kept) {
        if (excess > 0) {
          Files.deleteIfExists(oldest.file());
          excess -= oldest.bytes();
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // Another process may delete files at the same time.
      logger.debug("{} cannot be trimmed: {}", folder, e.toString());
    }
  }
}
