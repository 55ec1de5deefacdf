package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What cuDNN proposes to run a graph with, and the plans made of it so far. Plans know no
 * addresses: steps whose graphs have the same key share them.
 */
final class GraphPlans implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(GraphPlans.class);

  private static final int MOST_ENGINES = 8;
  private static final int MOST_NOTES = 16;

  /** Enough for the attributes of any one call. */
  private static final long HOST_BYTES = 1024;

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
   * A plan that cuDNN made of a proposal.
   *
   * @param engine cuDNN's number of the engine
   * @param hasNotes whether cuDNN says anything about its arithmetic; cuBLASLt's engine 0 has none
   */
  record Plan(
      BackendDescriptor descriptor,
      long workspaceBytes,
      long engine,
      boolean isTensorCore,
      boolean hasNotes) {}

  private final Gpu gpu;
  private final OperationGraph graph;
  private final boolean isFma;
  private final ResourceStack owned = new ResourceStack();
  private final GraphDescriptors descriptors;
  private final List<BackendDescriptor> proposals = new ArrayList<>();
  private final int preferred;
  private final Map<Integer, Optional<Plan>> plans = new HashMap<>();

  /**
   * Asks cuDNN.
   *
   * @param isFma whether tensor cores must not be used
   * @throws DeviceFailure if it does not offer the graph
   */
  GraphPlans(Gpu gpu, OperationGraph graph, boolean isFma) {
    this.gpu = gpu;
    this.graph = graph;
    this.isFma = isFma;
    try {
      descriptors = new GraphDescriptors(owned, owned.add(new HostBlock(HOST_BYTES)));
      BackendDescriptor made = descriptors.graph(graph, gpu.handleAddress());
      proposals.addAll(proposals(made, INSTANT));
      preferred = proposals.size();
      proposals.addAll(proposals(made, FALLBACK));
    } catch (RuntimeException | Error e) {
      LegacyCalls.closeAfter(owned, e);
      throw e;
    }
  }

  /** The configurations that cuDNN names, best first. */
  private List<BackendDescriptor> proposals(BackendDescriptor graph, int mode) {
    BackendDescriptor heuristics =
        descriptors
            .make(Kind.HEURISTICS)
            .set(HEURISTICS_GRAPH, graph)
            .set(HEURISTICS_MODE, ValueType.HEURISTIC_MODE, mode)
            .ready();
    List<BackendDescriptor> empty = new ArrayList<>();
    for (int i = 0; i < MOST_ENGINES; i++) {
      empty.add(descriptors.make(Kind.ENGINE_CONFIGURATION));
    }
    return heuristics.fill(HEURISTICS_RESULTS, empty);
  }

  /**
   * The numbers of the first proposals that cuDNN then really offers: making a plan may compile its
   * code. What cuDNN falls back to is for when nothing else works.
   */
  List<Integer> offered(int most, long workspaceLimitBytes) {
    List<Integer> offered = new ArrayList<>();
    for (int i = 0; i < proposals.size() && offered.size() < most; i++) {
      if (i == preferred && !offered.isEmpty()) {
        break;
      }
      if (plan(i).filter(plan -> plan.workspaceBytes() <= workspaceLimitBytes).isPresent()) {
        offered.add(i);
      }
    }
    return offered;
  }

  /** The plan of a proposal, made when it is first asked for; nothing if there is none. */
  Optional<Plan> plan(int proposal) {
    if (proposal < 0 || proposal >= proposals.size()) {
      return Optional.empty();
    }
    Optional<Plan> known = plans.get(proposal);
    if (known == null) {
      known = make(proposals.get(proposal));
      plans.put(proposal, known);
    }
    return known;
  }

  private Optional<Plan> make(BackendDescriptor configuration) {
    BackendDescriptor engine = descriptors.make(Kind.ENGINE);
    configuration.fill(CONFIGURATION_ENGINE, List.of(engine));
    long[] notes = engine.get(ENGINE_NOTES, ValueType.NUMERICAL_NOTE, MOST_NOTES);
    if (!isExactEnough(notes)) {
      return Optional.empty();
    }
    try {
      BackendDescriptor plan =
          descriptors
              .make(Kind.PLAN)
              .set(PLAN_HANDLE, ValueType.HANDLE, gpu.handleAddress())
              .set(PLAN_CONFIGURATION, configuration)
              .ready();
      Plan made =
          new Plan(
              plan,
              plan.get(PLAN_WORKSPACE, ValueType.INT64, 1)[0],
              engine.get(ENGINE_NUMBER, ValueType.INT64, 1)[0],
              has(notes, TENSOR_CORE),
              notes.length > 0);
      if (isFma && RoundingProbe.rounds(gpu, graph, made)) {
        logger.debug("engine {} rounds its operands; fp32 does without it", made.engine());
        return Optional.empty();
      }
      return Optional.of(made);
    } catch (DeviceFailure e) {
      if (e.isSticky() || e.isHung()) {
        throw e;
      }
      logger.debug("an engine that cuDNN proposed is not available: {}", e.getMessage());
      return Optional.empty();
    }
  }

  /** FP32 means that no operand is rounded to TF32; sums are kept in float32 in all precisions. */
  private boolean isExactEnough(long[] notes) {
    return !has(notes, REDUCED_PRECISION_SUM)
        && !(isFma && (has(notes, TENSOR_CORE) || has(notes, INPUTS_ROUNDED_DOWN)));
  }

  private static boolean has(long[] notes, long wanted) {
    return LongStream.of(notes).anyMatch(note -> note == wanted);
  }

  @Override
  public void close() {
    owned.close();
  }
}
