package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Precision;
import dev.flopmeter.run.RunOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What runs the network and how: the arguments of every command that touches a device. */
final class BackendArguments {

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, cudnn (NVIDIA GPUs) or djl (the CPU); default: ${DEFAULT-VALUE}")
  private String backend = "auto";

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = "auto",
      description = "auto, cpu or cuda:N; default: ${DEFAULT-VALUE}")
  private String device = "auto";

  @Option(
      names = "--precision",
      paramLabel = "P",
      split = ",",
      description = "fp32, tf32, fp16 or bf16, or several of them; default: fp32")
  private List<String> precisions = new ArrayList<>();

  @Option(
      names = "--layout",
      paramLabel = "LAYOUT",
      defaultValue = "auto",
      description = "auto, nchw or nhwc; default: ${DEFAULT-VALUE}")
  private String layout = "auto";

  @Option(names = "--no-fuse", description = "run every operator as a step of its own")
  private boolean isUnfused;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "threads on the CPU; default: the engine's choice")
  private int threads;

  Backend open() {
    return Backends.open(backend, device);
  }

  /** The precisions asked for, in order; fp32 if none is. */
  List<Precision> precisions() {
    return precisions.isEmpty()
        ? List.of(Precision.FP32)
        : precisions.stream().map(BackendArguments::precision).distinct().toList();
  }

  boolean namesPrecisions() {
    return !precisions.isEmpty();
  }

  private static Precision precision(String text) {
    return Arrays.stream(Precision.values())
        .filter(known -> known.label().equals(text.trim()))
        .findFirst()
        .orElseThrow(
            () ->
                new ModelException(
                    "--precision: '"
                        + text
                        + "' is none of "
                        + Arrays.stream(Precision.values())
                            .map(Precision::label)
                            .collect(Collectors.joining(", "))));
  }

  /** The options for one of the precisions. */
  RunOptions options(Precision precision) {
    Layout chosen =
        Arrays.stream(Layout.values())
            .filter(known -> known.label().equals(layout))
            .findFirst()
            .orElseThrow(
                () ->
                    new ModelException(
                        "--layout must be auto, nchw or nhwc, not '" + layout + "'"));
    if (threads < 0) {
      throw new ModelException("--threads must be at least 1, not " + threads);
    }
    return RunOptions.DEFAULT
        .withPrecision(precision)
        .withLayout(chosen)
        .withFuse(!isUnfused)
        .withThreads(threads);
  }
}
