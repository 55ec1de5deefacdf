package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A graph of operations run by cuDNN's graph API, with the fastest of the first few engines that it
 * proposes and the precision and the workspace limit allow.
 *
 * <p>An algorithm's code is here the place of an engine's configuration among cuDNN's proposals,
 * which are the same for the same graph on the same device and version.
 */
final class GraphExecutable implements Executable, AlgorithmSearch.Problem {
  private static final Logger logger = LoggerFactory.getLogger(GraphExecutable.class);

  static final String CALL = "cudnnBackendExecute";

  private static final int LONGEST_REASON = 80;

  /**
   * What is to be run.
   *
   * @param name for people
   * @param isFused whether more than one operation is in it
   * @param launches how often the graph is launched, each time at other addresses
   * @param operations adds the operations to a graph
   */
  record Problem(String name, boolean isFused, int launches, Consumer<OperationGraph> operations) {}

  private final Problem problem;
  private final ResourceStack owned;
  private final GraphLaunch launch;
  private final Algorithm algorithm;

  /**
   * By cuDNN where it can, else as the other says.
   *
   * @param other is given the reason why cuDNN cannot
   */
  static Executable prepare(
      PreparationContext context, Problem problem, Function<String, Executable> other) {
    ResourceStack owned = new ResourceStack();
    try {
      return LegacyCalls.guarded(owned, () -> new GraphExecutable(context, problem, owned));
    } catch (DeviceFailure e) {
      requireHealthy(e);
      logger.debug("{}; {} runs without cuDNN's graphs", e.getMessage(), problem.name());
      return other.apply(reason(e));
    }
  }

  /** Short enough for a result and a metric's label. */
  private static String reason(DeviceFailure refusal) {
    String text = Objects.requireNonNullElse(refusal.getMessage(), "cuDNN refuses it");
    return text.length() <= LONGEST_REASON ? text : text.substring(0, LONGEST_REASON) + "...";
  }

  /** Passes on what is not merely a refusal. */
  static void requireHealthy(DeviceFailure failure) {
    if (failure.isSticky() || failure.isHung()) {
      throw failure;
    }
  }

  private GraphExecutable(PreparationContext context, Problem problem, ResourceStack owned) {
    this.problem = problem;
    this.owned = owned;
    launch = new GraphLaunch(context, owned, problem.launches(), problem.operations());
    algorithm = new AlgorithmSearch(context).choose(this);
  }

  @Override
  public String key() {
    return problem.name() + " " + launch.key();
  }

  @Override
  public String subject() {
    return "this " + problem.name();
  }

  @Override
  public List<Algorithm> candidates() {
    return launch.candidates(problem.isFused());
  }

  @Override
  public boolean offers(Algorithm noted) {
    return launch.offers(noted);
  }

  @Override
  public int launch(Algorithm candidate) {
    return launch.tryOnce(candidate.code());
  }

  @Override
  public String call(Algorithm candidate) {
    return CALL;
  }

  @Override
  public void enqueue() {
    Status.cudnn(launch.enqueue(algorithm.code()), CALL);
  }

  @Override
  public KernelInfo kernel() {
    return kernel("graph " + problem.name(), null, launch, algorithm);
  }

  /** A graph's kernel for reports: the engine's number, and the arithmetic by its notes. */
  static KernelInfo kernel(
      String name, @Nullable String layout, GraphLaunch launch, Algorithm algorithm) {
    GraphPlans.Plan plan =
        launch
            .plan(algorithm.code())
            .orElseThrow(() -> new IllegalStateException("no plan for " + algorithm));
    boolean isPlain = plan.hasNotes() && !plan.isTensorCore();
    int math = isPlain ? MathType.FMA.code() : algorithm.math();
    return new KernelInfo(
        name + " engine " + plan.engine(),
        layout,
        MathType.label(math),
        algorithm.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
