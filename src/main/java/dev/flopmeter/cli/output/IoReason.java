package dev.flopmeter.cli.output;

import java.io.FileNotFoundException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;

/** The reason why a file could not be read or written, in a few words and without Java's names. */
public final class IoReason {
  private IoReason() {}

  public static String of(Exception e) {
    if (e instanceof NoSuchFileException || e instanceof FileNotFoundException) {
      return "no such file or folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "a file with this name exists";
    }
    if (e instanceof FileSystemLoopException) {
      return "too many symbolic links";
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
