package dev.flopmeter.run.djl;

import java.util.Arrays;

/** Makes one line of PyTorch's messages, which come with source excerpts and native stacks. */
final class Messages {
  private Messages() {}

  static String oneLine(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    String[] lines = message.split("\n");
    return Arrays.stream(lines)
        .filter(line -> line.matches("^\\w*(Error|Exception)\\b.*"))
        .findFirst()
        .orElseGet(
            () ->
                Arrays.stream(lines)
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("The following operation"))
                    .findFirst()
                    .orElse(failure.getClass().getSimpleName()))
        .strip();
  }
}
