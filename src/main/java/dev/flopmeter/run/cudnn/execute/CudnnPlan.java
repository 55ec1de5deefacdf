package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.ComputedOtherwise;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchProgress;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.DeviceMemory;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Workspace;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.DevicePlan.PlannedStep;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A graph on the device, ready to run. */
public final class CudnnPlan implements Plan {
  private final Gpu gpu;
  private final Graph graph;
  private final DevicePlan devicePlan;
  private final Precision precision;
  private final ResourceStack resources;
  private final Transfer transfer;
  private final Map<Buffer, Long> constants = new LinkedHashMap<>();
  private final ArenaLayout layout;
  private final DeviceMemory weights;
  private final DeviceMemory arena;
  private final Workspace workspace;
  private final List<Executable> steps = new ArrayList<>();
  private final PassTimer timer;
  private boolean isWarm;

  /** Prepares all steps; the device must be current. */
  public CudnnPlan(
      Gpu gpu,
      PlanCache cache,
      Graph graph,
      DevicePlan devicePlan,
      RunOptions options,
      SearchProgress progress) {
    this.gpu = gpu;
    this.resources = gpu.resources();
    this.transfer = new Transfer(gpu.stream());
    this.graph = graph;
    this.devicePlan = devicePlan;
    this.precision = options.precision();
    try {
      layout = ArenaLayout.of(ArenaLayout.lives(devicePlan));
      long weightBytes = placeConstants();
      weights = resources.add(new DeviceMemory(weightBytes, "the weights"));
      arena = resources.add(new DeviceMemory(layout.bytes(), "the activations"));
      workspace = resources.add(new Workspace());
      constants.forEach((block, offset) -> transfer.upload(block, weights, offset));
      // Random bytes would be invalid indices, before inputs are loaded.
      arena.fill(0, arena.bytes(), 0, gpu.stream());
      prepareSteps(
          new PreparationContext(
              gpu,
              resources,
              options,
              view -> memoryOf(view).at(offset(view)).value(),
              workspace,
              cache,
              () -> searching(progress)));
      workspace.settle();
      timer = new PassTimer(gpu, resources, steps);
    } catch (RuntimeException | Error e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  private void prepareSteps(PreparationContext context) {
    Preparation preparation = new Preparation(context);
    for (PlannedStep step : devicePlan.steps()) {
      steps.add(guarded(where(step), () -> preparation.series("", step.works())));
    }
  }

  private static String where(PlannedStep step) {
    return "step '" + step.name() + "' (" + step.op() + ")";
  }

  /** The step that is being prepared is the one behind those that are. */
  private void searching(SearchProgress progress) {
    List<PlannedStep> all = devicePlan.steps();
    progress.report((double) steps.size() / all.size(), all.get(steps.size()).name());
  }

  private long placeConstants() {
    Stream<Buffer> blocks =
        Stream.concat(
            devicePlan.outputs().values().stream().map(TensorView::block),
            devicePlan.steps().stream().flatMap(PlannedStep::blocks));
    long at = 0;
    for (Buffer block : blocks.filter(Buffer::isConstant).toList()) {
      if (constants.putIfAbsent(block, at) == null) {
        at += ArenaLayout.aligned(block.bytes());
      }
    }
    return at;
  }

  private DeviceMemory memoryOf(TensorView view) {
    return view.block().isConstant() ? weights : arena;
  }

  /** Where a view starts in its memory, in bytes. */
  private long offset(TensorView view) {
    Buffer block = view.block();
    Map<Buffer, Long> places = block.isConstant() ? constants : layout.offsets();
    return Objects.requireNonNull(places.get(block), block.name()) + view.byteOffset();
  }

  @Override
  public List<Step> steps() {
    List<Step> described = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      PlannedStep step = devicePlan.steps().get(i);
      described.add(new Step(step.name(), step.op(), step.nodes(), steps.get(i).kernel()));
    }
    return described;
  }

  @Override
  public List<String> notes() {
    long onIntegers =
        devicePlan.steps().stream()
            .flatMap(step -> step.works().stream())
            .filter(work -> work instanceof ConvolutionWork one && one.scaling() != null)
            .count();
    return ComputedOtherwise.notes(graph, onIntegers, precision);
  }

  @Override
  public Memory memory() {
    return new Memory(weights.bytes(), arena.bytes(), workspace.bytes());
  }

  @Override
  public void load(Map<String, Tensor> inputs) {
    gpu.makeCurrent();
    for (Map.Entry<String, TensorView> input : devicePlan.inputs().entrySet()) {
      Tensor tensor = requireInput(graph, input.getKey(), inputs);
      TensorView view = input.getValue();
      if (view.storage() != ElementType.F64) {
        requireFloatRange(input.getKey(), tensor);
      }
      guard(
          "loading input '" + input.getKey() + "'",
          () -> transfer.upload(tensor, view.storage(), arena, offset(view)));
    }
  }

  /**
   * The value for an input.
   *
   * @throws ModelException if it is missing or of another type
   */
  public static Tensor requireInput(Graph graph, String input, Map<String, Tensor> inputs) {
    TensorType type = graph.requireType(input);
    Tensor given = inputs.get(input);
    if (given == null || !given.type().equals(type)) {
      String found = given == null ? "not given" : given.type().toString();
      throw new ModelException(
          "the input '%s' must be %s, and is %s".formatted(input, type, found));
    }
    return given;
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
      guard("a pass", timer::pass);
    } else {
      warmUp();
    }
    Map<String, Tensor> results = new LinkedHashMap<>();
    for (String output : graph.outputs()) {
      TensorView view = Objects.requireNonNull(devicePlan.outputs().get(output), output);
      TensorType type = graph.requireType(output);
      results.put(
          output,
          guarded(
              "reading output '" + output + "'",
              () -> transfer.download(type, view.storage(), memoryOf(view), offset(view))));
    }
    return results;
  }

  /**
   * The first pass: waits for each step, so that a failure names its step, and so that the driver
   * has loaded everything before anything is captured or timed.
   */
  private void warmUp() {
    if (isWarm) {
      return;
    }
    for (int i = 0; i < steps.size(); i++) {
      Executable step = steps.get(i);
      guard(
          where(devicePlan.steps().get(i)),
          () -> {
            step.enqueue();
            gpu.stream().synchronize("the step");
          });
    }
    isWarm = true;
  }

  @Override
  public double timePass() {
    return timed("a timed pass", timer::timePass);
  }

  @Override
  public double[] timeSteps() {
    return timed("a pass timed by steps", timer::timeSteps);
  }

  @Override
  public Optional<Double> timeEagerPass() {
    return Optional.of(timed("an eager pass", timer::timeEagerPass));
  }

  /** Host seconds to put one pass onto the stream, measured where nothing runs: in a capture. */
  public double timeEnqueue() {
    return timed("an enqueued pass", timer::timeEnqueue);
  }

  private <T> T timed(String where, Supplier<T> action) {
    gpu.makeCurrent();
    warmUp();
    return guarded(where, action);
  }

  private void guard(String where, Runnable action) {
    guarded(
        where,
        () -> {
          action.run();
          return true;
        });
  }

  /** Adds the place of a failure. */
  private static <T> T guarded(String where, Supplier<T> action) {
    try {
      return action.get();
    } catch (DeviceFailure e) {
      throw e.at(where);
    }
  }

  @Override
  public void close() {
    gpu.close(resources);
  }
}
