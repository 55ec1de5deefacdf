package dev.flopmeter.report.finding;

import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.result.ProfileResult;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Command lines that run a result's network again, with one thing changed. */
record TestCommand(ProfileResult result) {

  /** With other batches beside the result's own. */
  String batch(long... others) {
    return profile("", own(others), result.run().precision().label());
  }

  String precisions(String others) {
    return profile("", own(), result.run().precision() + "," + others);
  }

  /** With a further option, such as {@code --threads 4}; empty for none. */
  String with(String option) {
    String further = option.isEmpty() ? "" : " " + option;
    return profile(further, own(), result.run().precision().label());
  }

  /** With everything that runs networks on the same device. */
  String otherRuntimes() {
    return result.device().kind() == DeviceKind.CPU
        ? "flopmeter profile " + model() + " --device cpu --backend all --batch " + own()
        : "flopmeter import --model " + model() + " --batch " + own() + " TRACE...";
  }

  /** With the network as it is after a change. */
  String changedModel() {
    return "flopmeter profile CHANGED.onnx" + settings(own(), result.run().precision().label());
  }

  private String own(long... others) {
    return LongStream.concat(LongStream.of(result.run().batch()), Arrays.stream(others))
        .distinct()
        .mapToObj(Long::toString)
        .collect(Collectors.joining(","));
  }

  private String profile(String option, String batches, String precisions) {
    return "flopmeter profile " + model() + settings(batches, precisions) + option;
  }

  private String settings(String batches, String precisions) {
    return String.format(
        " --device %s --backend %s --precision %s --batch %s",
        word(result.device().id()), word(result.run().backend()), precisions, batches);
  }

  private String model() {
    String source = result.model().source();
    return word(source.endsWith(".onnx") ? source : result.model().name());
  }

  /** A word of a POSIX shell: names come from files and may hold anything. */
  private static String word(String text) {
    return text.matches("[A-Za-z0-9_./:@%+-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
