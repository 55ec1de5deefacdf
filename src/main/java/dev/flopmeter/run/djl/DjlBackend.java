package dev.flopmeter.run.djl;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import dev.flopmeter.count.RunFacts;
import dev.flopmeter.device.Cpu;
import dev.flopmeter.device.Device;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Runs graphs on the CPU with PyTorch; the numeric reference of the other backends. */
public final class DjlBackend implements Backend {
  private final Device device;
  private final TorchMemory memory;

  private DjlBackend(Device device, TorchMemory memory) {
    this.device = device;
    this.memory = memory;
  }

  /**
   * Starts PyTorch.
   *
   * @throws dev.flopmeter.run.BackendException if its natives are missing or do not load
   */
  public static DjlBackend open() {
    return new DjlBackend(Cpu.here(), new TorchMemory(TorchEngine.start()));
  }

  @Override
  public String name() {
    return "djl";
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public Map<String, String> libraries() {
    Map<String, String> versions = new TreeMap<>();
    versions.put("djl", Engine.getDjlVersion());
    versions.put("pytorch", TorchEngine.version());
    return versions;
  }

  @Override
  public Plan prepare(Graph graph, RunOptions options) {
    if (options.precision() != Precision.FP32 && !options.precision().isQuantized()) {
      throw new ModelException(
          "the backend 'djl' computes in fp32 only, not in %s; omit --precision or use --backend cudnn"
              .formatted(options.precision().label()));
    }
    graph.requireValues();
    if (options.threads() > 0) {
      JniUtils.setNumThreads(options.threads());
    }
    CompiledGraph compiled = GraphCompiler.of(graph, options, memory);
    return new DjlPlan(graph, memory, compiled);
  }

  @Override
  public Optional<RunFacts> facts(Graph graph, Map<String, Tensor> inputs) {
    graph.requireValues();
    RunWatch watch = new RunWatch(memory);
    GraphCompiler compiler =
        new GraphCompiler(
            GraphScope.of(graph), List.of(), RunOptions.DEFAULT.withFuse(false), memory, watch);
    try (Plan plan = new DjlPlan(graph, memory, compiler.build())) {
      plan.load(inputs);
      plan.timePass();
    }
    return Optional.of(watch.last());
  }

  @Override
  public void close() {
    memory.close();
    memory.manager().close();
  }
}
