package dev.flopmeter.run.cudnn;

import dev.flopmeter.device.BuildVersion;
import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.device.Device;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.bind.Unrolling;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchProgress;
import dev.flopmeter.run.UnsupportedPrecisionException;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.Natives;
import dev.flopmeter.run.cudnn.execute.CudnnPlan;
import dev.flopmeter.run.cudnn.execute.PlanCache;
import dev.flopmeter.run.cudnn.operator.LayoutChoice;
import dev.flopmeter.run.cudnn.operator.Operators;
import dev.flopmeter.run.cudnn.operator.Planner;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs graphs on one NVIDIA GPU: convolutions, products, attention and pooling through cuDNN,
 * everything else with our own kernels. One stream, CUDA graphs for timing.
 */
public final class CudnnBackend implements Backend {
  /** The name of this backend, on the command line and in results. */
  public static final String NAME = DevicePlan.BACKEND;

  /** Two kilobytes per plan, up to 100 if cuDNN compiled its code. */
  private static final long MOST_CACHE_BYTES = 256L << 20;

  private final Device device;
  private final Gpu gpu;
  private final PlanCache cache;
  private final boolean measuresLayouts;

  private CudnnBackend(Device device, Gpu gpu, PlanCache cache, boolean measuresLayouts) {
    this.measuresLayouts = measuresLayouts;
    this.device = device;
    this.gpu = gpu;
    this.cache = cache;
  }

  /**
   * Opens a device.
   *
   * @param id {@code cuda:N}
   * @throws BackendException if the libraries are missing or unfit, or there is no such device; one
   *     line that says what to do
   */
  public static CudnnBackend open(String id) {
    return open(id, CudaLibraries.find(), PlanCache.defaultFolder(), Optional.empty());
  }

  /**
   * @param measuresLayouts whether the automatic layout is measured; by default on real devices
   */
  static CudnnBackend open(
      String id, CudaLibraries libraries, Path cacheFolder, Optional<Boolean> measuresLayouts) {
    if (!libraries.problems().isEmpty()) {
      throw new BackendException(libraries.problems().get(0));
    }
    CudaDevices devices = libraries.devices();
    if (devices.problem() != null) {
      throw new BackendException(devices.problem());
    }
    List<String> ids = devices.devices().stream().map(Device::id).toList();
    if (!ids.contains(id)) {
      throw new BackendException(
          "there is no device '%s'; there are %s".formatted(id, String.join(", ", ids)));
    }
    Device device = devices.devices().get(ids.indexOf(id));
    if (capability(device) < Double.parseDouble(CudaDevices.OLDEST_COMPUTE_CAPABILITY)) {
      throw new BackendException(
          "%s (%s) has compute capability %s; flopmeter requires %s or later; use --backend djl"
              .formatted(
                  id,
                  device.name(),
                  device.properties().get("compute_capability"),
                  CudaDevices.OLDEST_COMPUTE_CAPABILITY));
    }
    Natives.load();
    Gpu gpu = new Gpu(Integer.parseInt(id.substring(id.indexOf(':') + 1)));
    PlanCache cache = new PlanCache(cacheFolder, identity(device), MOST_CACHE_BYTES);
    return new CudnnBackend(device, gpu, cache, measuresLayouts.orElse(!device.isEmulated()));
  }

  /** Everything that plans depend on, besides the model and its options. */
  private static String identity(Device device) {
    return Stream.of("memory_bytes", "compute_capability", "driver", "cuda", "cudnn")
        .map(name -> name + "=" + device.properties().getOrDefault(name, "unknown"))
        .collect(Collectors.joining(" ", device.name() + " ", " flopmeter=" + BuildVersion.get()));
  }

  private static double capability(Device device) {
    return Double.parseDouble(device.properties().getOrDefault("compute_capability", "0"));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public Map<String, String> libraries() {
    return new TreeMap<>(
        Map.of(
            "cudnn", device.properties().getOrDefault("cudnn", "unknown"),
            "cuda_driver", device.properties().getOrDefault("cuda", "unknown")));
  }

  @Override
  public Plan prepare(Graph model, RunOptions options) {
    return prepare(model, options, SearchProgress.SILENT);
  }

  @Override
  public Plan prepare(Graph model, RunOptions options, SearchProgress progress) {
    requireSupport(options.precision());
    model.requireValues();
    gpu.makeCurrent();
    try {
      Graph graph = StagedPlan.isNeeded(model) ? Unrolling.of(model) : model;
      return StagedPlan.isNeeded(graph)
          ? new StagedPlan(graph, part -> whole(part, options, progress))
          : whole(graph, options, progress);
    } finally {
      cache.trim();
    }
  }

  private CudnnPlan whole(Graph known, RunOptions options, SearchProgress progress) {
    Graph graph = Decompositions.inlined(known, Operators::keeps);
    Function<String, MemoryLayout> formats =
        measuresLayouts && LayoutChoice.isOpen(graph, options)
            ? new LayoutSearch(gpu, cache, graph, options, progress).best()
            : LayoutChoice.of(options);
    DevicePlan devicePlan = Planner.plan(graph, options, formats);
    return new CudnnPlan(gpu, cache, graph, devicePlan, options, progress);
  }

  @Override
  public void requireSupport(Precision precision) {
    double least =
        switch (precision) {
          case FP32, FP16 -> 0;
          case INT8 -> 7.5;
          case TF32, BF16 -> 8.0;
          case FP8 -> 8.9;
        };
    if (capability(device) < least) {
      throw new UnsupportedPrecisionException(
          "%s needs compute capability %s, %s has %s; use fp16 or fp32"
              .formatted(
                  precision.label(),
                  least,
                  device.name(),
                  device.properties().get("compute_capability")));
    }
  }

  @Override
  public void close() {
    gpu.close();
  }
}
