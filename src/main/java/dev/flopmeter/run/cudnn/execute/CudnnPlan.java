package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.ComputedOtherwise;
import dev.flopmeter.run.MemoryUse;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchProgress;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.DeviceMemory;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.driver.Workspace;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.PlannedStep;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import jcuda.driver.JCudaDriver;

/** A graph on the device, ready to run. */
public final class CudnnPlan implements Plan {
  private final Gpu gpu;
  private final Graph graph;
  private final DevicePlan devicePlan;
  private final ResourceStack resources = new ResourceStack();
  private final Transfer transfer;
  private final Map<Buffer, Long> constants = new LinkedHashMap<>();
  private final ArenaLayout layout;
  private final DeviceMemory weights;
  private final DeviceMemory arena;
  private final Workspace workspace;
  private final List<PreparedStep> steps = new ArrayList<>();
  private final PassTimer timer;
  private boolean isWarm;

  private CudnnPlan(
      Gpu gpu,
      PlanCache cache,
      Graph graph,
      DevicePlan devicePlan,
      RunOptions options,
      SearchProgress progress) {
    this.gpu = gpu;
    this.transfer = new Transfer(gpu.stream());
    this.graph = graph;
    this.devicePlan = devicePlan;
    try {
      layout = ArenaLayout.of(ArenaLayout.lives(devicePlan));
      long weightBytes = placeConstants();
      weights = resources.add(new DeviceMemory(weightBytes, "the weights"));
      arena = resources.add(new DeviceMemory(layout.bytes(), "the activations"));
      workspace = resources.add(new Workspace());
      constants.forEach((block, offset) -> transfer.upload(block, weights, offset));
      // Random bytes would be indices anywhere, before inputs are loaded.
      Status.cuda(
          JCudaDriver.cuMemsetD8Async(arena.at(0), (byte) 0, arena.bytes(), gpu.stream().handle()),
          "cuMemsetD8Async");
      boolean isFma = MathType.of(options.precision()) == MathType.FMA;
      SharedPlans plans = resources.add(new SharedPlans(gpu, isFma));
      PreparationContext context =
          new PreparationContext(
              gpu, options, this::address, workspace, cache, plans, () -> searching(progress));
      for (PlannedStep step : devicePlan.steps()) {
        steps.add(prepare(context, step));
      }
      workspace.settle();
      timer = resources.add(new PassTimer(gpu, steps));
    } catch (RuntimeException | Error e) {
      if (e instanceof DeviceFailure failure && failure.isHung()) {
        gpu.abandon();
      }
      closeAfter(e);
      throw e;
    }
  }

  public static CudnnPlan prepare(
      Gpu gpu,
      PlanCache cache,
      Graph graph,
      DevicePlan devicePlan,
      RunOptions options,
      SearchProgress progress) {
    return new CudnnPlan(gpu, cache, graph, devicePlan, options, progress);
  }

  /** The step that is being prepared is the one behind those that are. */
  private void searching(SearchProgress progress) {
    List<PlannedStep> all = devicePlan.steps();
    progress.report((double) steps.size() / all.size(), all.get(steps.size()).name());
  }

  private long placeConstants() {
    long at = 0;
    List<TensorView> views = new ArrayList<>(devicePlan.outputs().values());
    devicePlan.steps().forEach(step -> views.addAll(step.reads()));
    for (TensorView view : views) {
      Buffer block = view.block();
      if (block.isConstant() && constants.putIfAbsent(block, at) == null) {
        at += ArenaLayout.aligned(block.bytes());
      }
    }
    return at;
  }

  private PreparedStep prepare(PreparationContext context, PlannedStep step) {
    List<Executable> executables = new ArrayList<>();
    for (Work work : step.works()) {
      try {
        executables.add(resources.add(context.prepare(work)));
      } catch (DeviceFailure e) {
        throw e.at("step '" + step.name() + "' (" + step.op() + ")");
      }
    }
    return new PreparedStep(step, executables);
  }

  private Address address(TensorView view) {
    Buffer block = view.block();
    if (block.isConstant()) {
      Long offset = constants.get(block);
      if (offset == null) {
        throw new IllegalStateException("the constant " + block + " is read by no step");
      }
      return weights.at(offset + view.byteOffset());
    }
    return arena.at(placeOf(block) + view.byteOffset());
  }

  private long placeOf(Buffer block) {
    Long offset = layout.offsets().get(block);
    if (offset == null) {
      throw new IllegalStateException("the block " + block + " has no place");
    }
    return offset;
  }

  @Override
  public List<Step> steps() {
    return steps.stream().map(PreparedStep::describe).toList();
  }

  @Override
  public List<String> notes() {
    long onIntegers =
        devicePlan.steps().stream()
            .flatMap(step -> step.works().stream())
            .filter(work -> work instanceof ConvolutionWork one && one.scale() != null)
            .count();
    return ComputedOtherwise.notes(graph, onIntegers);
  }

  @Override
  public MemoryUse memory() {
    return new MemoryUse(weights.bytes(), arena.bytes(), workspace.bytes());
  }

  @Override
  public void load(Map<String, Tensor> inputs) {
    gpu.makeCurrent();
    for (Map.Entry<String, TensorView> input : devicePlan.inputs().entrySet()) {
      Tensor tensor = inputs.get(input.getKey());
      if (tensor == null) {
        throw new ModelException("the input '" + input.getKey() + "' is not given");
      }
      TensorType expected = graph.requireType(input.getKey());
      if (!tensor.type().equals(expected)) {
        throw new ModelException(
            "the input '" + input.getKey() + "' is " + tensor.type() + ", needed is " + expected);
      }
      requireFloatRange(input.getKey(), tensor);
      TensorView view = input.getValue();
      guarded(
          "loading input '" + input.getKey() + "'",
          () -> {
            transfer.upload(
                tensor, view.storage(), arena, placeOf(view.block()) + view.byteOffset());
            return true;
          });
    }
  }

  private void requireFloatRange(String input, Tensor tensor) {
    if (ElementType.isBeyondFloat(tensor)) {
      String reader =
          graph.nodes().stream()
              .filter(node -> node.inputs().contains(input))
              .findFirst()
              .map(Node::qualifiedOp)
              .orElse("graph");
      throw new UnsupportedOperatorException(
          DevicePlan.BACKEND, reader, "input '" + input + "' holds doubles beyond float's range");
    }
  }

  @Override
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    load(inputs);
    if (isWarm) {
      guarded(
          "a pass",
          () -> {
            timer.pass();
            return true;
          });
    } else {
      warmUp();
    }
    Map<String, Tensor> results = new LinkedHashMap<>();
    for (String output : graph.outputs()) {
      TensorView view = devicePlan.outputs().get(output);
      if (view == null) {
        throw new IllegalStateException("the output '" + output + "' has no place");
      }
      boolean isConstant = view.block().isConstant();
      long offset =
          (isConstant ? constants.getOrDefault(view.block(), 0L) : placeOf(view.block()))
              + view.byteOffset();
      results.put(
          output,
          guarded(
              "reading output '" + output + "'",
              () ->
                  transfer.download(
                      graph.requireType(output),
                      view.storage(),
                      isConstant ? weights : arena,
                      offset)));
    }
    return results;
  }

  /**
   * The first pass: step by step, each waited for, so that a failure names its step, and so that
   * everything the driver loads lazily is there before anything is captured or timed.
   */
  private void warmUp() {
    if (isWarm) {
      return;
    }
    for (PreparedStep step : steps) {
      String where = "step '" + step.plan().name() + "' (" + step.plan().op() + ")";
      guarded(
          where,
          () -> {
            step.enqueue();
            gpu.stream().synchronize("the step");
            return true;
          });
    }
    isWarm = true;
  }

  @Override
  public double timePass() {
    gpu.makeCurrent();
    warmUp();
    return guarded("a timed pass", timer::timePass);
  }

  @Override
  public double[] timeSteps() {
    gpu.makeCurrent();
    warmUp();
    return guarded("a pass timed by steps", timer::timeSteps);
  }

  @Override
  public Optional<Double> timeEagerPass() {
    gpu.makeCurrent();
    warmUp();
    return Optional.of(guarded("an eager pass", timer::timeEagerPass));
  }

  /** Host seconds to put one pass onto the stream, measured where nothing runs: in a capture. */
  public double timeEnqueue() {
    gpu.makeCurrent();
    warmUp();
    return guarded("an enqueued pass", timer::timeEnqueue);
  }

  private interface Action<T> {
    T run();
  }

  /** Names the place of a failure; after a hang nothing is given back any more. */
  private <T> T guarded(String where, Action<T> action) {
    try {
      return action.run();
    } catch (DeviceFailure e) {
      if (e.isHung()) {
        gpu.abandon();
      }
      throw e.at(where);
    }
  }

  private void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void close() {
    if (!gpu.isAbandoned()) {
      gpu.makeCurrentForClosing();
      resources.close();
    }
  }
}
