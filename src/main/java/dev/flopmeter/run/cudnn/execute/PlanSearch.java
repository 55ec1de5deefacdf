package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Event;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.driver.Stream;
import dev.flopmeter.run.cudnn.execute.GraphPlans.GraphPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Chooses the plans of one network's steps: that of an equal step, or one that an earlier run
 * stored and cuDNN still accepts; else the fastest of those that cuDNN offers, each timed on the
 * memory it will use, the best three of them longer. The choice is stored for later runs.
 */
final class PlanSearch {
  private static final Logger logger = LoggerFactory.getLogger(PlanSearch.class);

  private static final int FIRST_RUNS = 3;
  private static final int MOST_RETIMED = 3;
  private static final int RUNS_AGAIN = 10;

  /** Plans slower than the best one by this factor are not timed again. */
  private static final double WORTH_RETIMING = 1.25;

  /** cuDNN offers no engine for a step; the device is fine, and the step may run in another way. */
  static final class NoEngineException extends BackendException {
    private static final long serialVersionUID = 1L;

    private NoEngineException(String message) {
      super(message);
    }
  }

  /**
   * A plan, and which of a step's spellings it is for.
   *
   * @param way its place among them
   */
  record Choice(int way, GraphPlan plan) {}

  private record Timed(Choice choice, double seconds) {}

  private final PreparationContext context;
  private final Map<String, GraphPlans> plans = new HashMap<>();
  private final Map<String, Choice> choices = new HashMap<>();

  PlanSearch(PreparationContext context) {
    this.context = context;
  }

  /**
   * @throws NoEngineException if cuDNN runs none of the ways
   */
  Choice choose(List<GraphLaunch> ways) {
    String problem =
        ways.stream().map(GraphLaunch::key).collect(Collectors.joining(" | "))
            + (" math " + context.math().label())
            + (" limit " + context.options().workspaceLimitBytes())
            + (" search " + context.options().search());
    Choice chosen =
        choices.computeIfAbsent(
            problem,
            unused ->
                context
                    .cache()
                    .find(problem)
                    .flatMap(text -> restored(ways, text))
                    .orElseGet(() -> searched(ways, problem)));
    context.workspace().need(chosen.plan().workspaceBytes());
    return chosen;
  }

  /** cuDNN's offers for a graph, shared by all steps with the same graph. */
  private GraphPlans plans(GraphLaunch way) {
    return plans.computeIfAbsent(way.graph().key(), unused -> new GraphPlans(context, way.graph()));
  }

  private Optional<Choice> restored(List<GraphLaunch> ways, String noted) {
    String[] parts = noted.split(" ", 2);
    int way = Integer.parseInt(parts[0]);
    return plans(ways.get(way))
        .restored(parts[1])
        .filter(plan -> plan.workspaceBytes() <= context.options().workspaceLimitBytes())
        .map(plan -> new Choice(way, plan));
  }

  private Choice searched(List<GraphLaunch> ways, String problem) {
    context.onSearch().run();
    List<Choice> candidates = candidates(ways);
    context
        .workspace()
        .growTo(candidates.stream().mapToLong(c -> c.plan().workspaceBytes()).max().orElse(0));
    boolean isOnlyOne = candidates.size() == 1;
    List<Timed> timed =
        candidates.stream()
            .flatMap(candidate -> time(ways, candidate, isOnlyOne ? 0 : FIRST_RUNS).stream())
            .sorted(Comparator.comparingDouble(Timed::seconds))
            .toList();
    if (timed.isEmpty()) {
      throw new NoEngineException(refusal(ways));
    }
    double worth = timed.get(0).seconds() * WORTH_RETIMING;
    Choice best =
        timed.stream()
            .limit(MOST_RETIMED)
            .filter(trial -> !isOnlyOne && trial.seconds() <= worth)
            .flatMap(trial -> time(ways, trial.choice(), RUNS_AGAIN).stream())
            .min(Comparator.comparingDouble(Timed::seconds))
            .orElse(timed.get(0))
            .choice();
    context.cache().put(problem, best.way() + " " + best.plan().noted());
    return best;
  }

  private String refusal(List<GraphLaunch> ways) {
    String reasons =
        ways.stream()
            .flatMap(way -> plans(way).refusal().stream())
            .distinct()
            .collect(Collectors.joining("; "));
    String what = "cuDNN has no engine for this " + ways.get(ways.size() - 1).spelling().name();
    return reasons.isEmpty() ? what : what + ": " + reasons;
  }

  private List<Choice> candidates(List<GraphLaunch> ways) {
    List<Choice> candidates = new ArrayList<>();
    SearchEffort effort = context.options().search();
    for (int i = 0; i < ways.size(); i++) {
      GraphLaunch way = ways.get(i);
      boolean isWorthIt =
          i == 0
              || plans(ways.get(i - 1)).isLastResort()
              || way.spelling().isRival()
              || effort == SearchEffort.FULL;
      if (isWorthIt) {
        int place = i;
        plans(way)
            .offered(effort, context.options().workspaceLimitBytes())
            .forEach(plan -> candidates.add(new Choice(place, plan)));
      }
    }
    return candidates;
  }

  /**
   * The shortest of some runs after one that does not count; nothing if cuDNN does not run the plan
   * after all.
   */
  private Optional<Timed> time(List<GraphLaunch> ways, Choice choice, int runs) {
    GraphPlan plan = choice.plan();
    if (plan.workspaceBytes() > context.workspace().bytes()) {
      logger.debug("no memory to try engine {}", plan.engine());
      return Optional.empty();
    }
    GraphLaunch way = ways.get(choice.way());
    int status = way.tryOnce(plan);
    if (status != 0) {
      // Real versions refuse with other statuses, too: if the device is well, go on.
      DeviceFailure failure = Status.cudnnFailure(status, GraphLaunch.CALL);
      failure.throwIfSticky();
      Level level = Status.isRefusal(status) ? Level.DEBUG : Level.WARN;
      logger.atLevel(level).log("{}; another engine is tried", failure.getMessage());
      return Optional.empty();
    }
    Stream stream = context.gpu().stream();
    String what = "trying engine " + plan.engine();
    stream.synchronize(what);
    double shortest = runs == 0 ? 0 : Double.POSITIVE_INFINITY;
    try (Event start = new Event();
        Event end = new Event()) {
      for (int i = 0; i < runs; i++) {
        start.record(stream);
        Status.cudnn(way.tryOnce(plan), GraphLaunch.CALL);
        end.record(stream);
        stream.synchronize(what);
        shortest = Math.min(shortest, end.secondsSince(start));
      }
    }
    return Optional.of(new Timed(choice, shortest));
  }
}
