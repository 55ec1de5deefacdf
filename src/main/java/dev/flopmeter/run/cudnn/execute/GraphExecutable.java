package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.Closing;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Status;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import jcuda.jcudnn.JCudnn;
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

  private static final int MOST_ENGINES = 8;
  private static final int MOST_NOTES = 16;

  // cudnnBackendAttributeName_t
  private static final int HEURISTICS_MODE = 200;
  private static final int HEURISTICS_GRAPH = 201;
  private static final int HEURISTICS_RESULTS = 202;
  private static final int CONFIGURATION_ENGINE = 300;
  private static final int PLAN_HANDLE = 400;
  private static final int PLAN_CONFIGURATION = 401;
  private static final int PLAN_WORKSPACE = 402;
  private static final int ENGINE_NUMBER = 1301;
  private static final int ENGINE_NOTES = 1303;

  // cudnnBackendHeurMode_t: A, and what cuDNN falls back to.
  private static final int INSTANT = 3;
  private static final int FALLBACK = 2;

  // cudnnBackendNumericalNote_t
  private static final long TENSOR_CORE = 0;
  private static final long INPUTS_ROUNDED_DOWN = 1;
  private static final long REDUCED_PRECISION_SUM = 2;

  /**
   * What is to be run.
   *
   * @param name for people
   * @param key what makes two of them the same, on one line
   * @param isFused whether more than the product is in it
   * @param launches how often the graph is launched, each time at other addresses
   * @param layout of images; null where there are none
   * @param operations adds the operations to a graph
   */
  record Problem(
      String name,
      String key,
      boolean isFused,
      int launches,
      @Nullable String layout,
      Consumer<OperationGraph> operations) {}

  private final Site site;
  private final Problem problem;
  private final Closing owned;
  private final OperationGraph graph;
  private final List<BackendDescriptor> proposals = new ArrayList<>();
  private final int preferred;
  private final Map<Integer, BackendDescriptor> plans = new TreeMap<>();
  private final Algorithm algorithm;
  private final long engineNumber;
  private final List<BackendDescriptor> packs = new ArrayList<>();

  /**
   * By cuDNN where it can, else as the other says.
   *
   * @param other is given the reason why cuDNN cannot
   */
  static Executable prepare(Site site, Problem problem, Function<String, Executable> other) {
    Closing owned = new Closing();
    try {
      return PlainExecutables.guarded(owned, () -> new GraphExecutable(site, problem, owned));
    } catch (DeviceFailure e) {
      if (e.isSticky() || e.isHung()) {
        throw e;
      }
      logger.debug("{}; {} runs without cuDNN's graphs", e.getMessage(), problem.key());
      return other.apply(Objects.requireNonNullElse(e.getMessage(), "cuDNN refuses it"));
    }
  }

  private GraphExecutable(Site site, Problem problem, Closing owned) {
    this.site = site;
    this.problem = problem;
    this.owned = owned;
    graph = new OperationGraph(site, owned);
    problem.operations().accept(graph);
    BackendDescriptor made = graph.ready();
    proposals.addAll(proposals(made, INSTANT));
    preferred = proposals.size();
    proposals.addAll(proposals(made, FALLBACK));
    algorithm = new AlgorithmSearch(site).choose(this);
    BackendDescriptor engine = engine(proposals.get(algorithm.code()));
    engineNumber = engine.get(ENGINE_NUMBER, ValueType.INT64, 1)[0];
  }

  @Override
  public String key() {
    return String.join(
        " ", problem.key(), "math" + site.math(), "limit" + site.options().workspaceLimitBytes());
  }

  /** The configurations that cuDNN names, best first. */
  private List<BackendDescriptor> proposals(BackendDescriptor made, int mode) {
    BackendDescriptor heuristics =
        graph
            .make(Kind.HEURISTICS)
            .set(HEURISTICS_GRAPH, made)
            .set(HEURISTICS_MODE, ValueType.HEURISTIC_MODE, mode)
            .ready();
    List<BackendDescriptor> empty = new ArrayList<>();
    for (int i = 0; i < MOST_ENGINES; i++) {
      empty.add(graph.make(Kind.ENGINE_CONFIGURATION));
    }
    return heuristics.fill(HEURISTICS_RESULTS, empty);
  }

  /** The first proposals that cuDNN then really offers: making a plan may compile its code. */
  @Override
  public List<Algorithm> candidates() {
    List<Algorithm> candidates = new ArrayList<>();
    long limit = site.options().workspaceLimitBytes();
    for (int i = 0; i < proposals.size() && candidates.size() < AlgorithmSearch.MOST_RETIMED; i++) {
      if (i == preferred && !candidates.isEmpty()) {
        break; // what it falls back to is for when nothing else works
      }
      offered(i).filter(offer -> offer.workspaceBytes() <= limit).ifPresent(candidates::add);
    }
    return candidates;
  }

  @Override
  public boolean offers(Algorithm noted) {
    return noted.code() >= 0
        && noted.code() < proposals.size()
        && offered(noted.code()).filter(noted::equals).isPresent();
  }

  private Optional<Algorithm> offered(int proposal) {
    BackendDescriptor configuration = proposals.get(proposal);
    if (!isExactEnough(engine(configuration))) {
      return Optional.empty();
    }
    try {
      BackendDescriptor plan =
          graph
              .make(Kind.PLAN)
              .set(PLAN_HANDLE, ValueType.HANDLE, site.gpu().handleAddress())
              .set(PLAN_CONFIGURATION, configuration)
              .ready();
      plans.put(proposal, plan);
      long bytes = plan.get(PLAN_WORKSPACE, ValueType.INT64, 1)[0];
      return Optional.of(new Algorithm(proposal, site.math(), bytes, problem.isFused()));
    } catch (DeviceFailure e) {
      if (e.isSticky()) {
        throw e;
      }
      logger.debug("an engine that cuDNN proposed is not there: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private BackendDescriptor engine(BackendDescriptor configuration) {
    BackendDescriptor engine = graph.make(Kind.ENGINE);
    configuration.fill(CONFIGURATION_ENGINE, List.of(engine));
    return engine;
  }

  /** FP32 means that no operand is rounded to TF32; sums are kept in float32 in all precisions. */
  private boolean isExactEnough(BackendDescriptor engine) {
    boolean isFma = site.math() == MathType.FMA.code();
    return Arrays.stream(engine.get(ENGINE_NOTES, ValueType.NUMERICAL_NOTE, MOST_NOTES))
        .noneMatch(
            note ->
                note == REDUCED_PRECISION_SUM
                    || (isFma && (note == TENSOR_CORE || note == INPUTS_ROUNDED_DOWN)));
  }

  /** For a trial, with the workspace where it lies now. */
  @Override
  public int launch(Algorithm candidate) {
    for (int launch = 0; launch < problem.launches(); launch++) {
      try (BackendDescriptor trial = graph.pack(launch)) {
        int status = execute(candidate, trial);
        if (status != 0) {
          return status;
        }
      }
    }
    return 0;
  }

  private int execute(Algorithm chosen, BackendDescriptor with) {
    BackendDescriptor plan = plans.get(chosen.code());
    if (plan == null) {
      throw new IllegalStateException("no plan was made for proposal " + chosen.code());
    }
    return JCudnn.cudnnBackendExecute(site.gpu().handle(), plan, with);
  }

  @Override
  public String call(Algorithm candidate) {
    return "cudnnBackendExecute";
  }

  @Override
  public void enqueue() {
    if (packs.isEmpty()) {
      // Made at the first launch: only then is the workspace where it stays.
      for (int launch = 0; launch < problem.launches(); launch++) {
        packs.add(owned.add(graph.pack(launch)));
      }
    }
    for (BackendDescriptor pack : packs) {
      Status.cudnn(execute(algorithm, pack), call(algorithm));
    }
  }

  @Override
  public KernelInfo kernel() {
    return new KernelInfo(
        "graph " + problem.name() + " engine " + engineNumber,
        problem.layout(),
        MathType.label(algorithm.math()),
        algorithm.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
