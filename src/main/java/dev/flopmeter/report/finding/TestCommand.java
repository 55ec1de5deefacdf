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
 * Command lines that run a result's network again with one thing changed. Results of another
 * runtime need a new trace.
 */
record TestCommand(ProfileResult result) {
  /** With other batches in addition to the result's own; a trace has only one batch. */
  String batch(long... others) {
    LongStream own = LongStream.of(result.run().batch());
    return with(
        "--batch",
        (isImported() ? LongStream.of(others[0]) : LongStream.concat(own, Arrays.stream(others)))
            .distinct()
            .mapToObj(Long::toString)
            .collect(Collectors.joining(",")));
  }

  String precisions(String others) {
    return with("--precision", result.run().precision().label() + "," + others);
  }

  /** Unchanged. */
  String again() {
    return command(model(), options());
  }

  /** With another value of an option, such as {@code --threads}. */
  String with(String option, String value) {
    Map<String, String> options = options();
    options.put(option, value);
    return command(model(), options);
  }

  /** With another order of dimensions. ONNX Runtime chooses its own; other runtimes differ. */
  String otherLayout() {
    boolean isNhwc = result.run().layout().equals("nhwc");
    return result.run().backend().equals("ort")
        ? otherRuntimes()
        : with("--layout", isNhwc ? "nchw" : "nhwc");
  }

  /** With its operators fused. */
  String fused() {
    return again().replace(" --no-fuse", "");
  }

  /** With all backends for the same device. */
  String otherRuntimes() {
    Map<String, String> options = options();
    options.keySet().removeAll(List.of("--precision", "--layout", "--no-fuse"));
    options.put("--backend", "all");
    return result.device().kind() == DeviceKind.CPU
        ? "flopmeter profile " + model() + text(options)
        : imported(options);
  }

  /** With the network after a change. */
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
    options.keySet().removeIf(name -> !name.equals("--batch") && !name.startsWith("--input"));
    return "flopmeter import --model " + model() + text(options) + " TRACE...";
  }

  private Map<String, String> options() {
    ProfileResult.Run run = result.run();
    boolean isOrtOnGpu = run.backend().equals("ort") && result.device().kind() == DeviceKind.CUDA;
    Map<String, String> options = new LinkedHashMap<>();
    options.put(
        isOrtOnGpu ? "--ort-option" : "--device",
        isOrtOnGpu ? "provider=cuda" : word(result.device().id()));
    options.put("--backend", word(run.backend()));
    options.put("--precision", run.precision().label());
    options.put("--batch", Long.toString(run.batch()));
    if (!run.layout().equals("auto")) {
      options.put("--layout", run.layout());
    }
    if (!run.fused()) {
      options.put("--no-fuse", "");
    }
    String threads = result.device().properties().get("threads");
    if (threads != null) {
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
    int axis = Arrays.stream(shape.dims()).boxed().toList().indexOf(result.run().batch());
    return word(input.name() + "=" + (axis < 0 ? shape : shape.with(axis, 1)));
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

  /** A word of a POSIX shell: names come from files and may contain anything. */
  private static String word(String text) {
    return text.matches("[A-Za-z0-9_./:@%+=-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
