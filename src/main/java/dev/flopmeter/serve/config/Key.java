package dev.flopmeter.serve.config;

import org.jspecify.annotations.Nullable;

/**
 * A key of the configuration file.
 *
 * @param path sections and name, with {@code *} where a person chooses the name
 * @param standard the value where the key is missing, as it would be written; null for none
 * @param isList whether several values may stand in a list
 * @param meaning one or two sentences for the reference
 */
record Key<T>(
    String path, ValueType<T> type, @Nullable String standard, boolean isList, String meaning) {

  /** The last part of the path. */
  String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** The section it stands in; empty at the top. */
  String section() {
    int dot = path.lastIndexOf('.');
    return dot < 0 ? "" : path.substring(0, dot);
  }
}
