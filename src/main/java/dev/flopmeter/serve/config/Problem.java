package dev.flopmeter.serve.config;

/**
 * Something wrong in a configuration file.
 *
 * @param line from 1; 0 where it concerns the file as a whole
 * @param key the key's full path, such as {@code workloads.resnet50.interval}; empty for the file
 * @param message what is wrong and what would be right
 */
public record Problem(String file, int line, String key, String message) {

  /** One line for a person: {@code FILE:LINE: KEY: MESSAGE}. */
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
