package dev.flopmeter.serve.config;

import org.jspecify.annotations.Nullable;

/**
 * A key of the configuration file.
 *
 * @param path sections and name, with {@code *} for a name chosen in the file
 * @param standard the default as it would be written; null for none
 * @param isList whether a list of values is allowed
 * @param meaning one or two sentences for the reference
 */
record Key<T>(
    String path, ValueType<T> type, @Nullable String standard, boolean isList, String meaning) {

  /** The last part of the path. */
  String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** Its section; empty at the top. */
  String section() {
    int dot = path.lastIndexOf('.');
    return dot < 0 ? "" : path.substring(0, dot);
  }
}
