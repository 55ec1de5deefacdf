package dev.flopmeter.cli;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.ort.OrtOptions;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which backend runs the network, and how: the arguments of every command that uses a device. */
final class BackendArguments extends Arguments {
  private final Argument<Backends.Kind> backend =
      option("--backend", Choice.of(Backends.Kind.values()));
  private final Argument<String> device = option("--device", Backends::deviceName);
  private final Argument<Boolean> unfused = flag("--no-fuse");
  private final Argument<Precision> precisions =
      list("--precision", Choice.of(Precision.values()), ",");
  private final Argument<Layout> layout = option("--layout", Choice.of(Layout.values()));
  private final Argument<SearchEffort> search =
      option("--search", Choice.of(SearchEffort.values()));
  private final Argument<Long> threads = option("--threads", new Reading.WholeNumber(1, 1024));

  private final Argument<OrtOptions.Level> ortLevel =
      option("--ort-level", Choice.of(OrtOptions.Level.values()));
  private final Argument<String> ortOptions =
      list("--ort-option", new Reading.Text(), "", String.join(", ", OrtOptions.KEYS));

  /** The choice of the backend, without options for running the network. */
  static BackendArguments choice() {
    BackendArguments choice = new BackendArguments();
    choice.declared().retainAll(List.of(choice.backend, choice.device, choice.unfused));
    return choice;
  }

  /** The backend for flopmeter's own work, for which any backend will do. */
  Backend open() {
    if (backend.get() == Backends.Kind.ORT && layout.get() != Layout.AUTO) {
      throw new ModelException("--backend ort lays tensors out by itself; omit --layout");
    }
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

  /** The requested precisions, in order; by default fp32. */
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
