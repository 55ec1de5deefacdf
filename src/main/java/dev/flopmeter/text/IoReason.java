package dev.flopmeter.text;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.Map;

/** The reason why a file could not be read or written, in a few words and without Java's names. */
public final class IoReason {
  private IoReason() {}

  private static final Map<Class<? extends Exception>, String> REASONS =
      Map.of(
          NoSuchFileException.class, "no such file or folder",
          EOFException.class, "the file is truncated",
          FileNotFoundException.class, "no such file or folder",
          AccessDeniedException.class, "permission denied",
          FileAlreadyExistsException.class, "a file with this name exists",
          FileSystemLoopException.class, "too many symbolic links");

  public static String of(Exception e) {
    String known = REASONS.get(e.getClass());
    if (known != null) {
      return known;
    }
    if (e instanceof CharacterCodingException) {
      return "the text is not UTF-8";
    }
    if (e instanceof InvalidPathException invalid) {
      return "not a path: " + invalid.getReason();
    }
    // The message of the others repeats the file's name before the reason.
    String reason = e instanceof FileSystemException failed ? failed.getReason() : e.getMessage();
    return reason == null ? e.toString() : reason;
  }
}
