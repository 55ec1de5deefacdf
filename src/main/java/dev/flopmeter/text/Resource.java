package dev.flopmeter.text;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Files that come with the application; all their characters are ASCII. */
public final class Resource {
  /** Where the launcher says that they are stored as files; null without it. */
  private static final @Nullable String FILES = System.getProperty("flopmeter.texts");

  private Resource() {}

  /**
   * A file's text.
   *
   * @param beside a class of the package that the file belongs to
   */
  public static String text(Class<?> beside, String name) {
    String path =
        name.startsWith("/") ? name : "/" + beside.getPackageName().replace('.', '/') + "/" + name;
    // From a file, since a class loader would first look for it in every module of the JDK.
    try (InputStream in =
        FILES == null
            ? Objects.requireNonNull(beside.getResourceAsStream(path), path)
            : new FileInputStream(FILES + path)) {
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1); // copied, not decoded
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + name, e);
    }
  }
}
