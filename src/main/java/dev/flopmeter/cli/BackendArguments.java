package dev.flopmeter.cli;

import dev.flopmeter.model.Graph;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.ort.OrtOptions;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What runs the network and how: the arguments of every command that uses a device. */
final class BackendArguments extends Arguments {
  private final Argument<Backends.Kind> backend =
      option(
          "--backend=NAME",
          Choice.of(Backends.Kind.values()),
          "auto",
          "cudnn for NVIDIA GPUs; ort (ONNX Runtime) or djl (PyTorch) for the CPU; auto is ort on"
              + " a CPU where it runs the model; all compares them");
  private final Argument<String> device =
      option("--device=ID", Backends::deviceName, "auto", "device: auto, cpu or cuda:N");
  private final Argument<Boolean> unfused =
      flag("--no-fuse", "run every operator as a step of its own");
  private final Argument<Precision> precisions =
      list(
          "--precision=P",
          Choice.of(Precision.values()),
          ",",
          "precision, or several of them; default: fp32");
  private final Argument<Layout> layout =
      option("--layout=LAYOUT", Choice.of(Layout.values()), "auto", "order of the dimensions");
  private final Argument<SearchEffort> search =
      option(
          "--search=EFFORT",
          Choice.of(SearchEffort.values()),
          "quick",
          "how thoroughly to search for the fastest GPU kernels");
  private final Argument<Long> threads =
      optional(
          "--threads=N",
          Reading.wholeNumber(1, Integer.MAX_VALUE),
          "threads on the CPU; default: the engine's choice");

  private final Argument<OrtOptions.Level> ortLevel =
      option(
          "--ort-level=LEVEL",
          Choice.of(OrtOptions.Level.values()),
          "all",
          "how far ONNX Runtime optimises the graph");
  private final Argument<String> ortOptions =
      list(
          "--ort-option=KEY=VALUE",
          Reading.TEXT,
          "",
          "setting of ONNX Runtime's session: "
              + String.join(", ", OrtOptions.keys())
              + ", or an entry of its configuration; may be given several times");

  /** The choice of the backend, and nothing of how it runs the network. */
  static BackendArguments choice() {
    BackendArguments choice = new BackendArguments();
    choice.declared().retainAll(List.of(choice.backend, choice.device, choice.unfused));
    return choice;
  }

  /** The backend for work of flopmeter's own, where any will do. */
  Backend open() {
    return Backends.open(backend.get(), device.get(), ortOptions());
  }

  /** The backends for a model: one, or several to compare. */
  List<Backend> openFor(Graph graph, @Nullable Path source) {
    return switch (backend.get()) {
      case ALL -> Backends.all(device.get(), ortOptions());
      case AUTO ->
          List.of(
              Backends.auto(
                  device.get(),
                  ortOptions(),
                  graph,
                  options(precisions().get(0)).withSource(source)));
      default -> List.of(open());
    };
  }

  boolean isComparison() {
    return backend.get() == Backends.Kind.ALL;
  }

  private OrtOptions ortOptions() {
    return OrtOptions.of(ortLevel.get(), ortOptions.all());
  }

  /** The precisions asked for, in order; fp32 if none is. */
  List<Precision> precisions() {
    return namesPrecisions()
        ? precisions.all().stream().distinct().toList()
        : List.of(Precision.FP32);
  }

  boolean namesPrecisions() {
    return !precisions.all().isEmpty();
  }

  /** The options for one of the precisions. */
  RunOptions options(Precision precision) {
    return RunOptions.DEFAULT
        .withPrecision(precision)
        .withLayout(layout.get())
        .withFuse(!unfused.get())
        .withSearch(search.get())
        .withThreads(Math.toIntExact(threads.find().orElse(0L)));
  }
}
