package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What cuDNN proposes to run a graph with, and the plans made of it so far. cuDNN is asked when
 * that is needed: a plan from the cache needs neither graph nor heuristics. Plans know no
 * addresses: steps whose graphs have the same key share them.
 */
final class GraphPlans implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(GraphPlans.class);

  /** cuDNN 9.28 names up to 40 configurations for a convolution, those for exact FP32 last. */
  private static final int MOST_PROPOSALS = 48;

  private static final int MOST_NOTES = 16;

  /** A quick search makes so many plans, a full one so many per heuristic and workspace limit. */
  private static final int QUICK_PLANS = 3;

  private static final int FULL_PLANS = 8;

  /** More workspace is not always faster: a full search looks below these limits, too. */
  private static final long[] LOWER_LIMITS_BYTES = {0, 64L << 20};

  /** Enough for the attributes of any one call. */
  private static final long HOST_BYTES = 1024;

  // cudnnBackendAttributeName_t
  private static final int HEURISTICS_MODE = 200;
  private static final int HEURISTICS_GRAPH = 201;
  private static final int HEURISTICS_RESULTS = 202;
  private static final int CONFIGURATION_ENGINE = 300;
  private static final int CONFIGURATION_WORKSPACE = 303;
  private static final int PLAN_HANDLE = 400;
  private static final int PLAN_CONFIGURATION = 401;
  private static final int PLAN_WORKSPACE = 402;
  private static final int PLAN_JSON = 405;
  private static final int ENGINE_NUMBER = 1301;
  private static final int ENGINE_NOTES = 1303;

  // cudnnBackendNumericalNote_t
  private static final long TENSOR_CORE = 0;
  private static final long INPUTS_ROUNDED_DOWN = 1;
  private static final long REDUCED_PRECISION_SUM = 2;

  /** Of {@code cudnnBackendHeurMode_t}: the quick one, the better informed one, the last resort. */
  private enum Heuristic {
    A(3),
    B(1),
    FALLBACK(2);

    private final int code;

    Heuristic(int code) {
      this.code = code;
    }
  }

  private final Gpu gpu;
  private final OperationGraph graph;
  private final boolean isFma;
  private final ResourceStack owned = new ResourceStack();
  private final Map<Heuristic, List<BackendDescriptor>> proposals = new EnumMap<>(Heuristic.class);
  private final IdentityHashMap<BackendDescriptor, Optional<GraphPlan>> plans =
      new IdentityHashMap<>();
  private @Nullable GraphDescriptors descriptors;
  private @Nullable BackendDescriptor described;
  private @Nullable String refusal;
  private boolean isLastResort;

  /**
   * @param isFma whether tensor cores must not be used
   */
  GraphPlans(Gpu gpu, OperationGraph graph, boolean isFma) {
    this.gpu = gpu;
    this.graph = graph;
    this.isFma = isFma && !graph.isNarrow();
  }

  /** Why cuDNN offers nothing, where it said so. */
  Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  /** Whether the plans offered are those that cuDNN falls back to, which may be slow. */
  boolean isLastResort() {
    return isLastResort;
  }

  /**
   * The plans to choose from, the most promising first. What cuDNN falls back to is for when
   * nothing else works, and for full searches.
   */
  List<GraphPlan> offered(SearchEffort effort, long workspaceLimitBytes) {
    if (graph.operations().isEmpty()) {
      return List.of(GraphPlan.OWN);
    }
    Map<String, GraphPlan> offered = new LinkedHashMap<>();
    if (effort == SearchEffort.QUICK) {
      collect(offered, Heuristic.A, QUICK_PLANS, workspaceLimitBytes);
    } else {
      for (Heuristic heuristic : Heuristic.values()) {
        collect(offered, heuristic, FULL_PLANS, workspaceLimitBytes);
        for (long limit : LOWER_LIMITS_BYTES) {
          collect(offered, heuristic, FULL_PLANS, Math.min(limit, workspaceLimitBytes));
        }
      }
    }
    if (offered.isEmpty()) {
      isLastResort = true;
      collect(offered, Heuristic.FALLBACK, QUICK_PLANS, workspaceLimitBytes);
    }
    return List.copyOf(offered.values());
  }

  private void collect(
      Map<String, GraphPlan> offered, Heuristic heuristic, int most, long limitBytes) {
    int found = 0;
    for (BackendDescriptor proposal : proposals(heuristic)) {
      if (found < most && workspaceBytes(proposal) <= limitBytes) {
        Optional<GraphPlan> plan =
            plan(proposal).filter(made -> made.workspaceBytes() <= limitBytes);
        plan.ifPresent(made -> offered.putIfAbsent(made.json(), made));
        found += plan.isPresent() ? 1 : 0;
      }
    }
  }

  private static long workspaceBytes(BackendDescriptor proposal) {
    long[] bytes = proposal.get(CONFIGURATION_WORKSPACE, ValueType.INT64, 1);
    return bytes.length == 0 ? 0 : bytes[0];
  }

  private List<BackendDescriptor> proposals(Heuristic heuristic) {
    List<BackendDescriptor> known = proposals.get(heuristic);
    if (known == null) {
      known = asked(heuristic);
      proposals.put(heuristic, known);
    }
    return known;
  }

  /** The configurations that cuDNN names, best first; none where it refuses the graph. */
  private List<BackendDescriptor> asked(Heuristic heuristic) {
    try {
      GraphDescriptors make = descriptors();
      if (described == null) {
        described = make.graph(graph, gpu.handleAddress());
      }
      BackendDescriptor heuristics =
          make.make(Kind.HEURISTICS)
              .set(HEURISTICS_GRAPH, described)
              .set(HEURISTICS_MODE, ValueType.HEURISTIC_MODE, heuristic.code)
              .ready();
      List<BackendDescriptor> empty = new ArrayList<>();
      for (int i = 0; i < MOST_PROPOSALS; i++) {
        empty.add(make.make(Kind.ENGINE_CONFIGURATION));
      }
      return heuristics.fill(HEURISTICS_RESULTS, empty);
    } catch (DeviceFailure e) {
      GraphStep.requireHealthy(e);
      refusal = e.getMessage();
      return List.of();
    }
  }

  private GraphDescriptors descriptors() {
    if (descriptors == null) {
      descriptors = new GraphDescriptors(owned, owned.add(new HostBlock(HOST_BYTES)));
    }
    return descriptors;
  }

  /** The plan of a proposal, made when it is first asked for: that may compile its code. */
  private Optional<GraphPlan> plan(BackendDescriptor proposal) {
    Optional<GraphPlan> known = plans.get(proposal);
    if (known == null) {
      known = made(proposal);
      plans.put(proposal, known);
    }
    return known;
  }

  private Optional<GraphPlan> made(BackendDescriptor configuration) {
    try {
      BackendDescriptor engine = descriptors().make(Kind.ENGINE);
      configuration.fill(CONFIGURATION_ENGINE, List.of(engine));
      long[] notes = engine.get(ENGINE_NOTES, ValueType.NUMERICAL_NOTE, MOST_NOTES);
      if (!isExactEnough(notes)) {
        return Optional.empty();
      }
      BackendDescriptor plan = planned().set(PLAN_CONFIGURATION, configuration).ready();
      long number = engine.get(ENGINE_NUMBER, ValueType.INT64, 1)[0];
      GraphPlan made =
          plan(
              plan,
              new GraphPlan.Engine(number, has(notes, TENSOR_CORE), notes.length > 0),
              plan.getText(PLAN_JSON));
      return ifExact(made);
    } catch (DeviceFailure e) {
      GraphStep.requireHealthy(e);
      logger.debug("an engine that cuDNN proposed is not available: {}", e.getMessage());
      return Optional.empty();
    }
  }

  /** Nothing where numbers show that a plan for fp32 rounds, whatever its notes say. */
  private Optional<GraphPlan> ifExact(GraphPlan plan) {
    if (isFma && RoundingProbe.rounds(gpu, graph, plan)) {
      logger.debug("engine {} rounds its operands; fp32 does without it", plan.engine().number());
      return Optional.empty();
    }
    return Optional.of(plan);
  }

  private BackendDescriptor planned() {
    return descriptors().make(Kind.PLAN).set(PLAN_HANDLE, ValueType.HANDLE, gpu.handleAddress());
  }

  private static GraphPlan plan(BackendDescriptor made, GraphPlan.Engine engine, String json) {
    return new GraphPlan(made, made.get(PLAN_WORKSPACE, ValueType.INT64, 1)[0], engine, json);
  }

  /**
   * A plan as an earlier process wrote it down; nothing where cuDNN takes it no more, or computes
   * otherwise now: environment variables such as {@code NVIDIA_TF32_OVERRIDE} decide, too.
   */
  Optional<GraphPlan> restored(GraphPlan.Engine engine, String json) {
    if (graph.operations().isEmpty()) {
      return Optional.of(GraphPlan.OWN);
    }
    try {
      return ifExact(plan(planned().setText(PLAN_JSON, json).ready(), engine, json));
    } catch (DeviceFailure e) {
      GraphStep.requireHealthy(e);
      logger.debug("cuDNN does not take a plan from the cache: {}", e.getMessage());
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
