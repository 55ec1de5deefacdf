package dev.flopmeter.serve.history;

import dev.flopmeter.serve.history.History.FolderInUseException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Keeps other daemons out of a history's folder while the folder exists.
 *
 * @param identity of the file even if another gets its name; null if the file system has none
 */
record FolderLock(Path path, FileChannel channel, @Nullable Object identity) implements Closeable {
  /** Creates the folder if it is missing and locks it. */
  static FolderLock take(Path folder) throws IOException {
    Files.createDirectories(folder);
    Path path = folder.resolve("lock");
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (!isLocked(channel)) {
      channel.close();
      throw new FolderInUseException(folder);
    }
    return new FolderLock(path, channel, identity(path));
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // by another daemon of this process
    }
  }

  /**
   * Fails where {@link #take} would, but makes and changes nothing: the check may run as another
   * user than the daemon.
   */
  static void check(Path folder) throws IOException {
    Path path = folder.resolve("lock");
    if (Files.exists(path)) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        if (!isLocked(channel)) {
          throw new FolderInUseException(folder);
        }
      }
      return;
    }
    Path existing = folder.toAbsolutePath();
    while (existing != null && Files.notExists(existing)) {
      existing = existing.getParent();
    }
    if (existing == null || !Files.isDirectory(existing) || !Files.isWritable(existing)) {
      throw new AccessDeniedException(String.valueOf(existing), null, "not a writable folder");
    }
  }

  private static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }

  /**
   * Whether the locked file still has its name. If not, the folder was deleted, and writes to files
   * that were opened before are lost.
   */
  boolean isInPlace() throws IOException {
    try {
      return Objects.equals(identity, identity(path));
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
