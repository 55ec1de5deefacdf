package dev.flopmeter.report.finding;

import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.measure.StopReason;
import dev.flopmeter.model.Shape;
import dev.flopmeter.result.ProfileResult;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Command lines that run a result's network again as it ran, with one thing changed. What another
 * runtime ran and timed needs a new trace of it.
 */
record TestCommand(ProfileResult result) {
  /** With other batches beside the result's own; a trace is of one batch. */
  String batch(long... others) {
    LongStream batches =
        isImported()
            ? LongStream.of(others[0])
            : LongStream.concat(LongStream.of(result.run().batch()), Arrays.stream(others));
    return with(
        "--batch", batches.distinct().mapToObj(Long::toString).collect(Collectors.joining(",")));
  }

  String precisions(String others) {
    return with("--precision", result.run().precision().label() + "," + others);
  }

  /** As it ran. */
  String again() {
    return command(model(), options());
  }

  /** With another value of an option, such as {@code --threads}. */
  String with(String option, String value) {
    Map<String, String> options = options();
    options.put(option, value);
    return command(model(), options);
  }

  /** With its operators fused. */
  String fused() {
    Map<String, String> options = options();
    options.remove("--no-fuse");
    return command(model(), options);
  }

  /** With everything that runs networks on the same device. */
  String otherRuntimes() {
    Map<String, String> options = options();
    if (result.device().kind() != DeviceKind.CPU) {
      return imported(options);
    }
    options.keySet().removeAll(List.of("--precision", "--layout", "--no-fuse"));
    options.put("--backend", "all");
    return "flopmeter profile " + model() + text(options);
  }

  /** With the network as it is after a change. */
  String changedModel() {
    return command("CHANGED.onnx", options());
  }

  private boolean isImported() {
    return result.run().stopReason().equals(StopReason.TRACE_END.label());
  }

  private String command(String model, Map<String, String> options) {
    return isImported() ? imported(options) : "flopmeter profile " + model + text(options);
  }

  private String imported(Map<String, String> options) {
    Map<String, String> kept = new LinkedHashMap<>(options);
    kept.keySet().removeIf(option -> !option.equals("--batch") && !option.startsWith("--input"));
    return "flopmeter import --model " + model() + text(kept) + " TRACE...";
  }

  private Map<String, String> options() {
    ProfileResult.Run run = result.run();
    Map<String, String> options = new LinkedHashMap<>();
    boolean isOnnxRuntimeOnGpu =
        run.backend().equals("ort") && result.device().kind() == DeviceKind.CUDA;
    if (isOnnxRuntimeOnGpu) {
      options.put("--ort-option", "provider=cuda");
    } else {
      options.put("--device", word(result.device().id()));
    }
    options.put("--backend", word(run.backend()));
    options.put("--precision", run.precision().label());
    options.put("--batch", Long.toString(run.batch()));
    if (!run.layout().equals("auto")) {
      options.put("--layout", run.layout());
    }
    if (!run.fused()) {
      options.put("--no-fuse", "");
    }
    String threads = result.device().properties().getOrDefault("threads", "");
    if (!threads.isEmpty()) {
      options.put("--threads", word(threads));
    }
    if (!isBuiltIn()) {
      result.model().inputs().forEach(input -> options.put("--input " + shape(input), ""));
    }
    return options;
  }

  /** A file's dimensions may be free; a batch of 1 follows {@code --batch}. */
  private String shape(ModelInfo.Input input) {
    Shape shape = input.type().shape();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis) == result.run().batch()) {
        shape = shape.with(axis, 1);
        break;
      }
    }
    return word(input.name() + "=" + shape);
  }

  private static String text(Map<String, String> options) {
    return options.entrySet().stream()
        .map(option -> (" " + option.getKey() + " " + option.getValue()).stripTrailing())
        .collect(Collectors.joining());
  }

  private boolean isBuiltIn() {
    return result.model().source().equals("built-in");
  }

  private String model() {
    return word(isBuiltIn() ? result.model().name() : result.model().source());
  }

  /** A word of a POSIX shell: names come from files and may hold anything. */
  private static String word(String text) {
    return text.matches("[A-Za-z0-9_./:@%+=-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
