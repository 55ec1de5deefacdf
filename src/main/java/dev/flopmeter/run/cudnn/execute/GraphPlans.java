package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * cuDNN's proposals for running a graph, and the plans made of them so far. cuDNN is called on
 * demand: a plan from the cache needs neither graph nor heuristics. Plans know no addresses: steps
 * whose graphs have the same key share them.
 */
final class GraphPlans {
  private static final Logger logger = LoggerFactory.getLogger(GraphPlans.class);

  /** cuDNN 9.28 names up to 40 configurations for a convolution, those for exact FP32 last. */
  private static final int MOST_PROPOSALS = 48;

  private static final int MOST_NOTES = 16;

  /** The number of plans of a quick search, and of a full one per heuristic and workspace limit. */
  private static final int QUICK_PLANS = 3;

  private static final int FULL_PLANS = 8;

  /** More workspace is not always faster: a full search also tries these limits. */
  private static final long[] LOWER_LIMITS_BYTES = {0, 64L << 20};

  // cudnnBackendNumericalNote_t
  private static final long TENSOR_CORE = 0;
  private static final long INPUTS_ROUNDED_DOWN = 1;
  private static final long REDUCED_PRECISION_SUM = 2;

  /** How cuDNN chooses what it proposes, with the numbers of cudnnBackendHeurMode_t. */
  private enum Heuristic {
    QUICK(3),
    INFORMED(1),
    /** The last resort: slow, but it may run what nothing else does. */
    FALLBACK(2);

    private final int code;

    Heuristic(int code) {
      this.code = code;
    }
  }

  /**
   * A plan of cuDNN for a graph.
   *
   * @param descriptor null for a graph without operations: then our own kernels do everything
   * @param engine cuDNN's number of what runs it
   * @param hasNotes whether cuDNN describes its arithmetic; cuBLASLt's engine 0 has none
   * @param json cuDNN's own notation of it, from which it is restored without heuristics or
   *     compiling; empty if cuDNN writes none, which it need not do for precompiled engines
   */
  record GraphPlan(
      @Nullable BackendDescriptor descriptor,
      long workspaceBytes,
      long engine,
      boolean isTensorCore,
      boolean hasNotes,
      String json) {
    private static final GraphPlan OWN = new GraphPlan(null, 0, 0, false, false, "");

    /** Whether our own kernel runs it, not one of cuDNN's engines. */
    boolean isOwn() {
      return descriptor == null;
    }

    /** For {@link #restored}: a line of numbers, and cuDNN's notation. */
    String noted() {
      return "%d %d %d\n%s".formatted(engine, isTensorCore ? 1 : 0, hasNotes ? 1 : 0, json);
    }
  }

  private final PreparationContext context;
  private final OperationGraph graph;
  private final boolean isFma;
  private final Map<Heuristic, List<BackendDescriptor>> proposals = new EnumMap<>(Heuristic.class);
  private final IdentityHashMap<BackendDescriptor, Optional<GraphPlan>> plans =
      new IdentityHashMap<>();
  private @Nullable BackendDescriptor described;
  private @Nullable String refusal;
  private boolean isLastResort;

  GraphPlans(PreparationContext context, OperationGraph graph) {
    this.context = context;
    this.graph = graph;
    this.isFma = context.math() == MathType.FMA && !graph.isNarrow();
  }

  /** Why cuDNN offers nothing, if it reported a reason. */
  Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  /** Whether the offered plans are cuDNN's fallback, which may be slow. */
  boolean isLastResort() {
    return isLastResort;
  }

  /**
   * The plans to choose from, the most promising first. Its fallback is only used if nothing else
   * works, and in full searches.
   */
  List<GraphPlan> offered(SearchEffort effort, long workspaceLimitBytes) {
    if (graph.operations().isEmpty()) {
      return List.of(GraphPlan.OWN);
    }
    Map<String, GraphPlan> offered = new LinkedHashMap<>();
    if (effort == SearchEffort.QUICK) {
      collect(offered, Heuristic.QUICK, QUICK_PLANS, workspaceLimitBytes);
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
    proposals.computeIfAbsent(heuristic, this::asked).stream()
        .filter(proposal -> LongStream.of(proposal.get("workspace", 1)).sum() <= limitBytes)
        .flatMap(proposal -> plans.computeIfAbsent(proposal, this::made).stream())
        .filter(plan -> plan.workspaceBytes() <= limitBytes)
        .limit(most)
        .forEach(
            plan ->
                offered.putIfAbsent(plan.json().isEmpty() ? plan.toString() : plan.json(), plan));
  }

  /** The configurations that cuDNN names, best first; none where it refuses the graph. */
  private List<BackendDescriptor> asked(Heuristic heuristic) {
    try {
      if (described == null) {
        described = graph.described();
      }
      BackendDescriptor heuristics =
          context
              .descriptor("heuristics")
              .set("graph", List.of(described))
              .set("mode", heuristic.code)
              .ready();
      List<BackendDescriptor> empty =
          Stream.generate(() -> context.descriptor("configuration")).limit(MOST_PROPOSALS).toList();
      return heuristics.fill("results", empty);
    } catch (DeviceFailure e) {
      e.throwIfSticky();
      refusal = e.getMessage();
      return List.of();
    }
  }

  /** The plan of a proposal, created on first use, which may compile its code. */
  private Optional<GraphPlan> made(BackendDescriptor configuration) {
    try {
      BackendDescriptor engine = context.descriptor("engine");
      configuration.fill("engine", List.of(engine));
      long[] notes = engine.get("notes", MOST_NOTES);
      if (!isExactEnough(notes)) {
        return Optional.empty();
      }
      BackendDescriptor plan = planned().set("configuration", List.of(configuration)).ready();
      long number = engine.get("number", 1)[0];
      return ifExact(plan, number, has(notes, TENSOR_CORE), notes.length > 0, json(plan));
    } catch (DeviceFailure e) {
      e.throwIfSticky();
      logger.debug("an engine that cuDNN proposed is not available: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private static String json(BackendDescriptor plan) {
    try {
      return plan.getText("json");
    } catch (DeviceFailure e) {
      e.throwIfSticky();
      return "";
    }
  }

  /**
   * A plan as an earlier process noted it; nothing if cuDNN takes it no more, or computes otherwise
   * now: environment variables such as {@code NVIDIA_TF32_OVERRIDE} decide, too.
   */
  Optional<GraphPlan> restored(String noted) {
    if (graph.operations().isEmpty()) {
      return Optional.of(GraphPlan.OWN);
    }
    String[] lines = noted.split("\n", 2);
    String[] numbers = lines[0].split(" ", -1);
    if (lines[1].isEmpty()) {
      return Optional.empty();
    }
    try {
      return ifExact(
          planned().setText("json", lines[1]).ready(),
          Long.parseLong(numbers[0]),
          numbers[1].equals("1"),
          numbers[2].equals("1"),
          lines[1]);
    } catch (DeviceFailure e) {
      e.throwIfSticky();
      logger.debug("cuDNN does not accept a plan from the cache: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private BackendDescriptor planned() {
    return context.descriptor("plan").set("handle", context.gpu().handleAddress());
  }

  /** Nothing if values show that a plan for fp32 rounds, even if its notes deny it. */
  private Optional<GraphPlan> ifExact(
      BackendDescriptor made, long engine, boolean isTensorCore, boolean hasNotes, String json) {
    long workspaceBytes = made.get("workspace", 1)[0];
    GraphPlan plan = new GraphPlan(made, workspaceBytes, engine, isTensorCore, hasNotes, json);
    if (isFma && RoundingProbe.rounds(context.gpu(), graph, plan)) {
      logger.debug("engine {} rounds its operands; it is not used in fp32", engine);
      return Optional.empty();
    }
    return Optional.of(plan);
  }

  /** FP32 means that no operand is rounded to TF32; sums are kept in float32 in all precisions. */
  private boolean isExactEnough(long[] notes) {
    return !has(notes, REDUCED_PRECISION_SUM)
        && !(isFma && (has(notes, TENSOR_CORE) || has(notes, INPUTS_ROUNDED_DOWN)));
  }

  private static boolean has(long[] notes, long wanted) {
    return LongStream.of(notes).anyMatch(note -> note == wanted);
  }
}
