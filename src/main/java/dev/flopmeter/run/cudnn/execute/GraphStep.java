package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A step that runs by cuDNN's graph API, with the plan that {@link PlanSearch} chose. */
final class GraphStep implements Executable {
  private static final Logger logger = LoggerFactory.getLogger(GraphStep.class);

  static final String CALL = "cudnnBackendExecute";

  private static final int LONGEST_REASON = 80;

  /**
   * One way to write a step as a graph.
   *
   * @param name for people
   * @param isRival whether it is tried even where cuDNN offers an earlier way, which may be slow
   * @param launches how often the graph is launched, each time at other addresses
   * @param operations adds the operations to a graph
   * @param after our kernels that do the rest
   */
  record Spelling(
      String name,
      boolean isRival,
      int launches,
      Consumer<OperationGraph> operations,
      List<KernelWork> after) {
    Spelling(String name, Consumer<OperationGraph> operations) {
      this(name, false, 1, operations, List.of());
    }
  }

  /** A spelling with its addresses. */
  record Way(Spelling spelling, GraphLaunch launch, List<Executable> after) {
    /** For a trial; answers cuDNN's status. */
    int tryOnce(GraphPlan plan) {
      int status = launch.tryOnce(plan);
      if (status == 0) {
        after.forEach(Executable::enqueue);
      }
      return status;
    }
  }

  private final @Nullable String layout;
  private final MathType math;
  private final ResourceStack owned;
  private final Way way;
  private final GraphPlan plan;

  private GraphStep(
      PreparationContext context,
      @Nullable String layout,
      List<Spelling> spellings,
      ResourceStack owned) {
    this.layout = layout;
    this.math = context.math();
    this.owned = owned;
    List<Way> ways =
        spellings.stream()
            .map(
                spelling ->
                    new Way(
                        spelling,
                        new GraphLaunch(context, owned, spelling.launches(), spelling.operations()),
                        spelling.after().stream()
                            .map(work -> (Executable) new KernelExecutable(context, work))
                            .toList()))
            .toList();
    PlanSearch.Choice choice = new PlanSearch(context).choose(ways);
    way = ways.get(choice.way());
    plan = choice.plan();
  }

  /**
   * By cuDNN where it can, else as {@code other} says.
   *
   * @param layout for reports
   * @param other is given the reason why cuDNN cannot
   */
  static Executable prepare(
      PreparationContext context,
      @Nullable String layout,
      List<Spelling> spellings,
      Function<String, Executable> other) {
    ResourceStack owned = new ResourceStack();
    try {
      return owned.guarding(() -> new GraphStep(context, layout, spellings, owned));
    } catch (NoEngineException e) {
      logger.debug("{}; {} runs without cuDNN", e.getMessage(), spellings.get(0).name());
      return other.apply(reason(e));
    }
  }

  /** Short enough for a result and a metric's label. */
  private static String reason(NoEngineException refusal) {
    String text = Objects.requireNonNullElse(refusal.getMessage(), "cuDNN refuses it");
    return text.length() <= LONGEST_REASON ? text : text.substring(0, LONGEST_REASON) + "...";
  }

  /** Passes on what is not merely a refusal. */
  static void requireHealthy(DeviceFailure failure) {
    if (failure.isSticky() || failure.isHung()) {
      throw failure;
    }
  }

  @Override
  public void enqueue() {
    Status.cudnn(way.launch().enqueue(plan), CALL);
    way.after().forEach(Executable::enqueue);
  }

  /** The engine's number, and the arithmetic by its notes. */
  @Override
  public KernelInfo kernel() {
    GraphPlan.Engine engine = plan.engine();
    // Where floats must not be on tensor cores, integers may.
    MathType used =
        engine.hasNotes() && engine.isTensorCore() != (math != MathType.FMA)
            ? engine.isTensorCore() ? MathType.TENSOR_OP : MathType.FMA
            : math;
    return new KernelInfo(
        way.spelling().name() + " engine " + engine.number(),
        layout,
        used.label(),
        plan.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
