package dev.flopmeter.device;

import org.jspecify.annotations.Nullable;

/**
 * The result of looking for one library.
 *
 * @param what its display name: {@code cuDNN}
 * @param path the file it was loaded from; null if it was not
 * @param version as the library reports it; null if it does not
 * @param problem why it cannot be used; null if it can
 * @param fix how to fix the problem; null if there is none
 */
public record LibraryFinding(
    String what,
    @Nullable String path,
    @Nullable String version,
    @Nullable String problem,
    @Nullable String fix) {

  static LibraryFinding usable(String what, String path, @Nullable String version) {
    return new LibraryFinding(what, path, version, null, null);
  }

  static LibraryFinding missing(String what, String verdict, String fix) {
    return new LibraryFinding(what, null, null, "not found (" + verdict + ")", fix);
  }

  LibraryFinding unusable(String reason, String remedy) {
    return new LibraryFinding(what, path, version, reason, remedy);
  }

  public boolean isUsable() {
    return problem == null;
  }

  /** One line: what, where, what is wrong and what to do about it. */
  public String message() {
    String at = path == null ? "" : " (" + path + ")";
    if (problem == null) {
      return what + (version == null ? "" : " " + version) + at;
    }
    return what + at + ": " + problem + "; " + fix;
  }
}
