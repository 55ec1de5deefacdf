package dev.flopmeter.run.cudnn;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.quantize.SyntheticQuantization;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.Step;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Plans one network and prints its kernels: {@code PlanCheck MODEL PRECISION [all] [full] [batch=N]
 * [INPUT=1x3x224x224]...}: each step with {@code all}, after a full search with {@code full}; int8
 * and fp8 quantise it. Exits with 1 if some of the MACs in 16 bits do not use the tensor cores.
 * With {@code FLOPMETER_REAL_CUDNN} the plans are those of NVIDIA's own library.
 */
final class PlanCheck {
  private static final int LEAST_PERCENT = 95;

  private PlanCheck() {}

  public static void main(String[] args) {
    Graph bound = model(args[0]).bind(bindings(args));
    Precision precision = Precision.valueOf(args[1].toUpperCase(Locale.ROOT));
    Graph graph =
        precision
            .quantizedType()
            .filter(type -> !SyntheticQuantization.isQuantized(bound, type))
            .map(type -> SyntheticQuantization.of(bound, type).uncalibrated(true))
            .orElse(bound);
    Map<String, Long> macs = new HashMap<>();
    for (LayerCost layer : Counter.standard().count(graph).layers()) {
      macs.merge(layer.name(), layer.cost().macs(), Long::sum);
    }
    int[] searches = {0};
    RunOptions options = options(args).withPrecision(precision);
    long start = System.nanoTime();
    try (CudnnBackend backend = CudnnBackend.open("cuda:0");
        Plan plan = backend.prepare(graph, options, (done, step) -> searches[0]++)) {
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf("%d problems searched%n", searches[0]);
      System.exit(report(args, plan, macs, backend.libraries().get("cudnn"), seconds) ? 0 : 1);
    }
  }

  private static RunOptions options(String[] args) {
    SearchEffort effort = List.of(args).contains("full") ? SearchEffort.FULL : SearchEffort.QUICK;
    return RunOptions.DEFAULT.withSearch(effort);
  }

  private static Bindings bindings(String[] args) {
    Bindings bindings = Bindings.NONE;
    for (String arg : args) {
      int equals = arg.lastIndexOf('=');
      if (equals < 0) {
        continue;
      }
      String size = arg.substring(equals + 1);
      String name = arg.substring(0, equals);
      bindings =
          name.equals("batch")
              ? bindings.withBatch(Long.parseLong(size))
              : bindings.withShape(
                  name, Shape.of(Stream.of(size.split("x")).mapToLong(Long::parseLong).toArray()));
    }
    return bindings;
  }

  private static Model model(String name) {
    return name.endsWith(".onnx") ? OnnxModel.read(Path.of(name)) : Zoo.get(name);
  }

  private static boolean report(
      String[] args, Plan plan, Map<String, Long> macs, String cudnn, double seconds) {
    boolean tellsAll = List.of(args).contains("all");
    Map<String, Long> byKernel = new TreeMap<>();
    long total = 0;
    long onTensorCores = 0;
    long narrow = 0;
    for (Step step : plan.steps()) {
      long work = step.nodes().stream().mapToLong(node -> macs.getOrDefault(node, 0L)).sum();
      KernelInfo kernel = Optional.ofNullable(step.kernel()).orElseThrow();
      if (tellsAll) {
        System.out.printf(
            "  %-40s %-12s %12d MACs  %s %s%n",
            step.name(), kernel.layout(), work, kernel.algorithm(), kernel.math());
      }
      if (work > 0) {
        byKernel.merge(kernel.algorithm().replaceAll("[0-9]+$", ""), work, Long::sum);
        total += work;
        onTensorCores += usesTensorCores(kernel) ? work : 0;
        narrow += kernel.algorithm().matches(".*graph (int8|fp8) .*") ? work : 0;
      }
    }
    double share = total == 0 ? 0 : 100.0 * onTensorCores / total;
    System.out.printf(
        "%s %s cuDNN %s: %d steps, %.2f %% of the MACs on tensor cores, %.2f %% in 8 bits, planned"
            + " in %.1f s%n",
        args[0],
        args[1],
        cudnn,
        plan.steps().size(),
        share,
        total == 0 ? 0 : 100.0 * narrow / total,
        seconds);
    long all = total;
    byKernel.forEach(
        (kernel, work) -> System.out.printf("  %6.2f %% %s%n", 100.0 * work / all, kernel));
    return share >= LEAST_PERCENT;
  }

  private static boolean usesTensorCores(KernelInfo kernel) {
    return kernel.algorithm().contains("graph ")
        && !kernel.algorithm().contains("ptx:matmul")
        && kernel.math() != null
        && !kernel.math().equals("fma");
  }
}
