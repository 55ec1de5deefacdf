package dev.flopmeter.cli.output;

import dev.flopmeter.text.IoReason;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The file that a user names with {@code -o}.
 *
 * <ul>
 *   <li>A regular file, or a new one, is replaced as a whole when the command has succeeded: the
 *       content goes to a temporary file in the same folder, which is then renamed. Until then the
 *       old file stays as it is. A symbolic link stays a link; its target is replaced.
 *   <li>Lines that are written as things happen go straight to the file, so that it can be followed
 *       ({@code tail -f}); the first one replaces the old content.
 *   <li>Everything else (device, FIFO, open descriptor such as {@code /dev/stdout}) is written to
 *       directly.
 * </ul>
 */
final class OutputFile {
  /** The number of symbolic links that Linux follows. */
  private static final int MOST_LINKS = 40;

  /** The folder of a process' open files, behind {@code /dev/fd} and {@code /dev/stdout}. */
  private static final Pattern DESCRIPTORS = Pattern.compile("/proc/\\d+/(?:task/\\d+/)?fd");

  private final Path target;
  private @Nullable OutputStream stream;

  /**
   * @param stream null for the file itself, which stays unchanged until there is something to write
   */
  private OutputFile(Path target, @Nullable OutputStream stream) {
    this.target = target;
    this.stream = stream;
  }

  /**
   * Opens the file.
   *
   * @param isFollowed whether each write must be visible at once
   * @throws IOException if it is already clear that the file cannot be written
   */
  static OutputFile open(String name, boolean isFollowed) throws IOException {
    Path path = Path.of(name);
    if (name.isEmpty() || name.endsWith("/") || Files.isDirectory(path)) {
      throw new FileSystemException(
          name, null, name.isEmpty() ? "the name is empty" : "it is a directory");
    }
    Path target = linkTarget(path);
    if (isDescriptor(target)) {
      return new OutputFile(target, descriptor(target));
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      return new OutputFile(target, Files.newOutputStream(target, StandardOpenOption.WRITE));
    }
    requireWritable(target);
    return new OutputFile(target, isFollowed ? null : new ByteArrayOutputStream());
  }

  void write(String text) throws IOException {
    if (stream == null) {
      stream = Files.newOutputStream(target);
    }
    stream.write(text.getBytes(StandardCharsets.UTF_8));
    stream.flush();
  }

  /**
   * Ends the output.
   *
   * @param isComplete whether the new content replaces the old file
   * @throws IOException if that fails; a regular file is then unchanged
   */
  void close(boolean isComplete) throws IOException {
    if (isComplete && stream instanceof ByteArrayOutputStream content) {
      replace(target, content.toByteArray());
    } else if (stream != null) {
      stream.close();
    }
  }

  private static Path linkTarget(Path path) throws IOException {
    Path at = path.toAbsolutePath();
    for (int links = 0; Files.isSymbolicLink(at) && !isDescriptor(at); links++) {
      if (links == MOST_LINKS) {
        throw new FileSystemLoopException(path.toString());
      }
      at = at.resolveSibling(Files.readSymbolicLink(at));
    }
    return at;
  }

  private static boolean isDescriptor(Path path) throws IOException {
    return Files.isSymbolicLink(path)
        && DESCRIPTORS.matcher(folder(path).toRealPath().toString()).matches();
  }

  private static Path folder(Path path) {
    Path folder = path.toAbsolutePath().getParent();
    return folder == null ? Path.of("/") : folder;
  }

  /**
   * Standard output and errors are used as they are, with the file position that they share with
   * the shell. Opening any other descriptor would create a separate position, so it only appends.
   */
  private static OutputStream descriptor(Path path) throws IOException {
    boolean isOwn = folder(path).toRealPath().equals(Path.of("/proc/self/fd").toRealPath());
    String number = path.getFileName().toString();
    if (isOwn && (number.equals("1") || number.equals("2"))) {
      return new FileOutputStream(number.equals("1") ? FileDescriptor.out : FileDescriptor.err);
    }
    return Files.newOutputStream(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  private static void requireWritable(Path target) throws IOException {
    Path folder = folder(target);
    if (!Files.isDirectory(folder)) {
      throw new FileSystemException(target.toString(), null, "no such folder: " + folder);
    }
    if (!Files.isWritable(Files.exists(target) ? target : folder)) {
      throw new AccessDeniedException(target.toString());
    }
  }

  /** The content is complete: the temporary file exists only for this moment. */
  private static void replace(Path target, byte[] content) throws IOException {
    Path temporary = target.resolveSibling(".flopmeter-" + UUID.randomUUID() + ".tmp");
    PosixFileAttributes old =
        Files.exists(target) ? Files.readAttributes(target, PosixFileAttributes.class) : null;
    try {
      create(temporary, old);
      Files.write(temporary, content);
      if (old != null) {
        keepAttributes(old, temporary);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      if (old == null || !isForbidden(e)) {
        throw e;
      }
      // The folder accepts no new files, or a mount point cannot be replaced; but this file can be
      // written.
      Files.write(target, content);
    } finally {
      temporary.toFile().delete(); // nothing if it was moved or never created
    }
  }

  private static void create(Path temporary, @Nullable PosixFileAttributes old) throws IOException {
    temporary.toFile().deleteOnExit(); // Ctrl-C
    FileAttribute<?>[] attributes =
        old == null
            ? new FileAttribute<?>[0]
            : new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(old.permissions())};
    Files.createFile(temporary, attributes);
  }

  /** Whether the file can only be written in place; a full disk does not count. */
  private static boolean isForbidden(IOException e) {
    String reason = IoReason.of(e);
    return e instanceof AccessDeniedException
        || Stream.of("Read-only", "busy", "not permitted").anyMatch(reason::contains);
  }

  private static void keepAttributes(PosixFileAttributes old, Path file) {
    PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    try {
      PosixFileAttributes now = view.readAttributes();
      if (!now.owner().equals(old.owner())) {
        view.setOwner(old.owner());
      }
      if (!now.group().equals(old.group())) {
        view.setGroup(old.group());
      }
      view.setPermissions(old.permissions());
    } catch (IOException ignored) {
      // only root may change the owner, and some file systems have no permissions
    }
  }
}
