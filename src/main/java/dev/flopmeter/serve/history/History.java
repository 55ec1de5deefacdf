package dev.flopmeter.serve.history;

import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.Segment.Gap;
import dev.flopmeter.serve.history.Segment.Located;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.time.Clocks;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Results on disk, in files that are only appended to. Files and not an embedded database: results
 * are written once, read by time and deleted oldest first, and recovery is a page of code that can
 * be tested at every byte.
 *
 * <p>A result counts as kept when the disk has it ({@code fsync}). Where the disk is full or not
 * writable, results are held in memory, up to {@value #MOST_PENDING}, and go out with the next one
 * that can be written. Damage only costs the results that it hits: those before and after it are
 * read, and a file that does not end with a complete result is never written to again.
 *
 * <p>Thread-safe.
 */
public final class History implements Closeable {
  private static final Logger logger = LoggerFactory.getLogger(History.class);

  /** Results that wait for the disk before the oldest is discarded. */
  static final int MOST_PENDING = 500;

  /** Number of files of a full history; the oldest is deleted as a whole. */
  private static final int SEGMENTS = 8;

  /** The wall clock may be corrected by this much; more is a jump. */
  private static final Duration TRUSTED_DRIFT = Duration.ofHours(1);

  /** Another daemon uses the folder. */
  public static final class FolderInUseException extends IOException {
    private static final long serialVersionUID = 1;

    FolderInUseException(Path folder) {
      super("history.folder " + folder + " is used by another flopmeter; name another folder");
    }
  }

  /** Opens a file for writing behind its first {@code size} bytes; cuts what follows them. */
  interface Opener {
    OutputStream open(Path file, long size) throws IOException;
  }

  /** A file whose every write is on disk when it returns. */
  private static OutputStream onDisk(Path file, long size) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.DSYNC);
    return Channels.newOutputStream(channel.truncate(size).position(size));
  }

  private record Pending(HistoryEntry entry, ByteBuffer frame) {}

  private final @Nullable Path folder;
  private final Clocks clocks;
  private final Opener opener;
  private final Instant openedAt;
  private final long openedNanos;
  private final List<Segment> segments = new ArrayList<>();
  private final Deque<Pending> pending = new ArrayDeque<>();
  private ServeConfig.History rules;
  private @Nullable FolderLock lock;
  private @Nullable OutputStream active;
  private long nextNumber;
  private boolean isWritable;
  private long failedWrites;
  private long dropped;
  private long lost;

  private History(ServeConfig.History rules, Clocks clocks, Opener opener) {
    this.folder = rules.folder().orElse(null);
    this.clocks = clocks;
    this.opener = opener;
    this.rules = rules;
    this.openedAt = clocks.wall().instant();
    this.openedNanos = clocks.nanos().getAsLong();
  }

  /**
   * Opens a folder, or only memory where the rules name none. A folder that cannot be written is
   * not an error: its results can be read and new ones wait.
   *
   * @throws IOException if another process uses the folder
   */
  public static History open(ServeConfig.History rules, Clocks clocks) throws IOException {
    return open(rules, clocks, History::onDisk);
  }

  static History open(ServeConfig.History rules, Clocks clocks, Opener opener) throws IOException {
    History history = new History(rules, clocks, opener);
    history.recover();
    return history;
  }

  /**
   * Checks whether a folder could be opened and written, without making anything.
   *
   * @throws FolderInUseException where {@link #open} would fail
   * @throws IOException if it cannot be written; the message is one line
   */
  public static void check(ServeConfig.History rules) throws IOException {
    if (rules.folder().isPresent()) {
      try {
        FolderLock.check(rules.folder().get());
      } catch (FileSystemException e) {
        throw new IOException("history.folder cannot be written: " + e.getMessage(), e);
      }
    }
  }

  private synchronized void recover() throws IOException {
    if (folder == null) {
      return;
    }
    try {
      lock = FolderLock.take(folder);
      isWritable = true;
    } catch (FolderInUseException e) {
      throw e;
    } catch (IOException e) {
      logger.warn("history {} cannot be written; results stay in memory: {}", folder, e.toString());
    }
    if (Files.isDirectory(folder)) {
      scan(folder);
    }
  }

  private void scan(Path where) throws IOException {
    segments.clear();
    List<Path> files;
    try (Stream<Path> found = Files.list(where)) {
      files =
          found
              .filter(file -> file.getFileName().toString().matches("results-\\d{12}\\.flm"))
              .sorted()
              .toList();
    }
    for (Path file : files) {
      Segment segment =
          Segment.scan(file, Long.parseLong(file.getFileName().toString().substring(8, 20)));
      segments.add(segment);
      for (Located frame : segment.frames) {
        nextNumber = Math.max(nextNumber, frame.entry().number() + 1);
      }
      if (!segment.gaps.isEmpty()) {
        // The number of a damaged result at the end is not used again.
        nextNumber += segment.endsWithDamage() ? 1 : 0;
        logger.warn(
            "history {}: skipped {} incomplete records; read {} results",
            file,
            segment.gaps.size(),
            segment.frames.size());
      }
    }
    dropped = countDropped();
  }

  /**
   * Stored results that cannot be read. Results are numbered consecutively, so the numbers around
   * damage show how many are lost; where one side is missing, at least one.
   */
  private long countDropped() {
    long count = 0;
    long before = -1;
    boolean isDamaged = false;
    for (Segment segment : segments) {
      Set<Integer> gaps = segment.gaps.stream().map(Gap::frame).collect(Collectors.toSet());
      for (int f = 0; f < segment.frames.size(); f++) {
        isDamaged |= gaps.contains(f);
        long number = segment.frames.get(f).entry().number();
        if (isDamaged) {
          count += before < 0 ? 1 : Math.max(0, number - before - 1);
          isDamaged = false;
        }
        before = Math.max(before, number);
      }
      isDamaged |= segment.endsWithDamage();
    }
    return isDamaged ? count + 1 : count;
  }

  /** New bounds, from a reload. The folder stays. */
  public synchronized void bounds(ServeConfig.History next) {
    rules = next;
    trim();
  }

  /** Stores a result. On return it is on disk or waits in memory ({@link #state}). */
  public HistoryEntry append(Result result, String json) {
    return append(result, result.startedAt(), json);
  }

  /** The same for a result that was measured elsewhere and received at this time. */
  public synchronized HistoryEntry append(Result result, Instant arrivedAt, String json) {
    HistoryEntry entry =
        new HistoryEntry(
            nextNumber++,
            Instant.ofEpochMilli(result.startedAt().toEpochMilli()),
            Instant.ofEpochMilli(arrivedAt.toEpochMilli()),
            result.key(),
            result.isValid(),
            result.median());
    pending.add(new Pending(entry, Frame.encode(entry, json)));
    if (folder != null) {
      flush();
    }
    while (pending.size() > MOST_PENDING) {
      pending.remove();
      if (folder != null) {
        lost++;
      }
    }
    return entry;
  }

  /** Writes waiting results to disk, as many as possible. */
  public synchronized void flush() {
    if (folder == null) {
      return;
    }
    try {
      if (!pending.isEmpty()) {
        forgetRemoved();
      }
      if (lock == null) {
        lock = FolderLock.take(folder);
        scan(folder);
      }
      while (!pending.isEmpty()) {
        write(pending.element());
        pending.remove();
      }
      if (!isWritable) {
        logger.info("history {} can be written again", folder);
      }
      isWritable = true;
    } catch (IOException e) {
      failedWrites++;
      if (isWritable) {
        logger.warn(
            "history {} cannot be written; results stay in memory: {}", folder, e.toString());
      }
      isWritable = false;
      closeActive();
    }
    trim();
  }

  /**
   * Files that were deleted externally: writing to one that is still open would succeed and keep
   * nothing.
   */
  private void forgetRemoved() throws IOException {
    FolderLock held = lock;
    if (held != null && !held.isInPlace()) {
      logger.warn("history {}: was deleted externally; recreating it", folder);
      closeActive();
      segments.clear();
      lock = null;
      held.close();
      return;
    }
    List<Segment> removed =
        segments.stream().filter(segment -> Files.notExists(segment.path)).toList();
    if (!removed.isEmpty()) {
      logger.warn("history {}: {} of its files were deleted externally", folder, removed.size());
      closeActive();
      segments.removeAll(removed);
    }
  }

  private void write(Pending result) throws IOException {
    int length = result.frame().capacity();
    Segment segment = segments.isEmpty() ? null : segments.get(segments.size() - 1);
    OutputStream file = active;
    if (segment == null || isFull(segment, length)) {
      closeActive();
      long id = segment == null ? 1 : segment.id + 1;
      segment = new Segment(Segment.path(Objects.requireNonNull(folder), id), id);
      file = opener.open(segment.path, 0);
      segments.add(segment);
    } else if (file == null) {
      // Removes what a failed write of this process left after the last frame.
      file = opener.open(segment.path, segment.size);
    }
    active = file;
    if (segment.size == 0) {
      file.write(Segment.MAGIC);
      segment.size = Segment.MAGIC.length;
    }
    file.write(result.frame().array());
    segment.frames.add(new Located(result.entry(), segment.size + Frame.HEAD, length - Frame.HEAD));
    segment.size += length;
  }

  private boolean isFull(Segment segment, int length) {
    if (segment.isSealed || segment.frames.isEmpty()) {
      return segment.isSealed;
    }
    Instant first = segment.frames.get(0).entry().arrivedAt();
    return segment.size + length > Math.max(rules.maxSize() / SEGMENTS, 4096)
        || first.isBefore(clocks.wall().instant().minus(rules.maxAge().dividedBy(SEGMENTS)));
  }

  /** Deletes the oldest segments, never the current one. */
  private void trim() {
    long size = segments.stream().mapToLong(segment -> segment.size).sum();
    Instant oldest = clocks.wall().instant().minus(rules.maxAge());
    Iterator<Segment> all = List.copyOf(segments).iterator();
    while (all.hasNext()) {
      Segment segment = all.next();
      if (!all.hasNext()
          || !(size > rules.maxSize() || (isClockTrusted() && isOlder(segment, oldest)))) {
        return;
      }
      try {
        Files.deleteIfExists(segment.path);
      } catch (IOException e) {
        logger.warn(
            "history: {} exceeds history.max_age or history.max_size and cannot be deleted: {}",
            segment.path,
            e.toString());
        return;
      }
      segments.remove(segment);
      size -= segment.size;
      dropped = countDropped();
    }
  }

  /** A file without any readable data is as old as its last change. */
  private static boolean isOlder(Segment segment, Instant oldest) {
    if (segment.frames.isEmpty()) {
      try {
        return Files.getLastModifiedTime(segment.path).toInstant().isBefore(oldest);
      } catch (IOException e) {
        return false;
      }
    }
    return segment.frames.stream().allMatch(frame -> frame.entry().arrivedAt().isBefore(oldest));
  }

  /** A wall clock that was set to a wrong date must not cost the history. */
  private boolean isClockTrusted() {
    Duration wall = Duration.between(openedAt, clocks.wall().instant());
    Duration real = Duration.ofNanos(clocks.nanos().getAsLong() - openedNanos);
    return wall.minus(real).abs().compareTo(TRUSTED_DRIFT) < 0;
  }

  /** Stored and waiting results that match, newest first. */
  public synchronized List<HistoryEntry> entries(Predicate<HistoryEntry> filter, int most) {
    List<HistoryEntry> found =
        Stream.concat(
                segments.stream().flatMap(segment -> segment.frames.stream()).map(Located::entry),
                pending.stream().map(Pending::entry))
            .filter(filter)
            .collect(Collectors.toCollection(ArrayList::new));
    Collections.reverse(found);
    return found.subList(0, Math.min(most, found.size()));
  }

  /** The whole JSON of an entry; empty if it has been deleted or cannot be read. */
  public synchronized Optional<String> json(HistoryEntry entry) {
    try {
      for (Pending waiting : pending) {
        if (waiting.entry().number() == entry.number()) {
          return Optional.of(Frame.json(waiting.frame().array()));
        }
      }
      for (Segment segment : segments) {
        for (Located frame : segment.frames) {
          if (frame.entry().number() == entry.number()) {
            return Optional.of(segment.json(frame));
          }
        }
      }
    } catch (IOException e) {
      logger.warn("history: result {} cannot be read: {}", entry.number(), e.toString());
    }
    return Optional.empty();
  }

  /**
   * The state of the history.
   *
   * @param results stored on disk
   * @param pending waiting for the disk
   * @param dropped results in the folder's files that are damaged and cannot be read
   * @param lost results discarded because too many waited
   */
  public record State(
      boolean isWritable,
      int results,
      long bytes,
      int pending,
      long failedWrites,
      long dropped,
      long lost) {}

  public synchronized State state() {
    return new State(
        isWritable,
        segments.stream().mapToInt(segment -> segment.frames.size()).sum(),
        segments.stream().mapToLong(segment -> segment.size).sum(),
        pending.size(),
        failedWrites,
        dropped,
        lost);
  }

  private void closeActive() {
    OutputStream file = active;
    active = null;
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        logger.warn("history: cannot be closed: {}", e.toString());
      }
    }
  }

  @Override
  public synchronized void close() throws IOException {
    flush();
    closeActive();
    if (lock != null) {
      lock.close();
    }
  }
}
