package dev.flopmeter.serve.config;

/**
 * An error in a configuration file.
 *
 * @param line from 1; 0 if it concerns the whole file
 * @param key the key's full path, such as {@code workloads.resnet50.interval}; empty for the file
 * @param message what is wrong and what to do
 */
public record Problem(String file, int line, String key, String message) {

  /** One line: {@code FILE:LINE: KEY: MESSAGE}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(file);
    if (line > 0) {
      text.append(':').append(line);
    }
    if (!key.isEmpty()) {
      text.append(": ").append(key);
    }
    return text.append(": ").append(message).toString();
  }
}
