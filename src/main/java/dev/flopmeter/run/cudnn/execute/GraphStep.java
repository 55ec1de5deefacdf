package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.GraphWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A step that runs by cuDNN's graph API, with the plan that {@link PlanSearch} chose. */
final class GraphStep implements Executable {
  private static final Logger logger = LoggerFactory.getLogger(GraphStep.class);

  static final String CALL = "cudnnBackendExecute";

  private static final int LONGEST_REASON = 80;

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

  private final @Nullable MemoryLayout layout;
  private final MathType math;
  private final ResourceStack owned;
  private final Way way;
  private final GraphPlan plan;

  private GraphStep(
      PreparationContext context, GraphWork work, List<Spelling> spellings, ResourceStack owned) {
    this.layout = work.layout();
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
                            .map(after -> (Executable) new KernelExecutable(context, after))
                            .toList()))
            .toList();
    PlanSearch.Choice choice = new PlanSearch(context).choose(ways);
    way = ways.get(choice.way());
    plan = choice.plan();
  }

  /** By cuDNN where it can, else apart. */
  static Executable prepare(PreparationContext context, GraphWork work) {
    Optional<String> reason = work.reasonApart();
    if (reason.isEmpty()) {
      List<Spelling> spellings = Spelling.all(work);
      ResourceStack owned = new ResourceStack();
      try {
        return owned.guarding(() -> new GraphStep(context, work, spellings, owned));
      } catch (NoEngineException e) {
        logger.debug("{}; {} runs without cuDNN", e.getMessage(), spellings.get(0).name());
        reason = Optional.of(reason(e));
      }
    }
    if (work instanceof ConvolutionWork convolution && convolution.x().storage().isNarrow()) {
      throw new UnsupportedOperatorException(
          DevicePlan.BACKEND,
          "Conv",
          "no engine of cuDNN computes %s by %s in 8 bits here: %s; --no-fuse computes it in floats"
              .formatted(
                  convolution.x().shape(), convolution.weights().shape(), reason.orElseThrow()));
    }
    String prefix = work.apartName(reason.orElseThrow());
    return ExecutableSeries.prepare(context, prefix, work.apart());
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
    if (plan.isOwn()) {
      return way.after().get(0).kernel();
    }
    GraphPlan.Engine engine = plan.engine();
    // Where floats must not be on tensor cores, integers may.
    MathType used =
        engine.hasNotes() && engine.isTensorCore() != (math != MathType.FMA)
            ? engine.isTensorCore() ? MathType.TENSOR_OP : MathType.FMA
            : math;
    return new KernelInfo(
        way.spelling().name() + " engine " + engine.number(),
        layout == null ? null : layout.label(),
        used.label(),
        plan.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
