package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Event;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.driver.Stream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses the plan of a step: the one that an equal step has, or that an earlier run noted where
 * cuDNN still takes it; else the fastest of those that cuDNN offers, each timed on the memory it
 * will run on, the best three of them longer. What is chosen is noted for later runs.
 */
record PlanSearch(PreparationContext context) {
  private static final Logger logger = LoggerFactory.getLogger(PlanSearch.class);

  private static final int FIRST_RUNS = 3;
  private static final int MOST_RETIMED = 3;
  private static final int RUNS_AGAIN = 10;

  /** Those that took so many times what the best took are not timed again. */
  private static final double WORTH_RETIMING = 1.25;

  /**
   * A plan, and which of a step's spellings it is for.
   *
   * @param way its place among them
   */
  record Choice(int way, GraphPlan plan) {
    /** For the cache: a line of numbers, and cuDNN's notation. */
    String encode() {
      GraphPlan.Engine engine = plan.engine();
      return way
          + (" " + engine.number())
          + (engine.isTensorCore() ? " 1" : " 0")
          + (engine.hasNotes() ? " 1" : " 0")
          + ("\n" + plan.json());
    }
  }

  private record Timed(Choice choice, double seconds) {}

  /**
   * @throws NoEngineException if cuDNN runs none of the ways
   */
  Choice choose(List<GraphStep.Way> ways) {
    String problem =
        ways.stream().map(way -> way.launch().key()).collect(Collectors.joining(" | "))
            + (" math " + context.math().label())
            + (" limit " + context.options().workspaceLimitBytes())
            + (" search " + context.options().search());
    Choice known = context.sharedPlans().chosen(problem);
    Choice chosen =
        known != null
            ? known
            : context
                .cache()
                .find(problem)
                .flatMap(text -> restored(ways, text))
                .orElseGet(() -> searched(ways, problem));
    context.sharedPlans().choose(problem, chosen);
    context.workspace().need(chosen.plan().workspaceBytes());
    return chosen;
  }

  private Optional<Choice> restored(List<GraphStep.Way> ways, String text) {
    int end = text.indexOf('\n');
    String[] numbers = text.substring(0, end).split(" ", -1);
    int way = Integer.parseInt(numbers[0]);
    GraphPlan.Engine engine =
        new GraphPlan.Engine(
            Long.parseLong(numbers[1]), numbers[2].equals("1"), numbers[3].equals("1"));
    return ways.get(way)
        .launch()
        .plans()
        .restored(engine, text.substring(end + 1))
        .filter(plan -> plan.workspaceBytes() <= context.options().workspaceLimitBytes())
        .map(plan -> new Choice(way, plan));
  }

  private Choice searched(List<GraphStep.Way> ways, String problem) {
    context.onSearch().run();
    List<Choice> candidates = candidates(ways);
    context
        .workspace()
        .growTo(candidates.stream().mapToLong(c -> c.plan().workspaceBytes()).max().orElse(0));
    boolean isOnlyOne = candidates.size() == 1;
    List<Timed> timed = new ArrayList<>();
    for (Choice candidate : candidates) {
      Timed trial = time(ways, candidate, isOnlyOne ? 0 : FIRST_RUNS);
      if (trial != null) {
        timed.add(trial);
      }
    }
    timed.sort(Comparator.comparingDouble(Timed::seconds));
    if (timed.isEmpty()) {
      throw new NoEngineException(refusal(ways));
    }
    double worth = timed.get(0).seconds() * WORTH_RETIMING;
    Choice best =
        timed.stream()
            .limit(MOST_RETIMED)
            .filter(trial -> !isOnlyOne && trial.seconds() <= worth)
            .flatMap(trial -> Optional.ofNullable(again(ways, trial)).stream())
            .min(Comparator.comparingDouble(Timed::seconds))
            .orElse(timed.get(0))
            .choice();
    context.cache().put(problem, best.encode());
    return best;
  }

  private @Nullable Timed again(List<GraphStep.Way> ways, Timed first) {
    return time(ways, first.choice(), RUNS_AGAIN);
  }

  private static String refusal(List<GraphStep.Way> ways) {
    String reasons =
        ways.stream()
            .flatMap(way -> way.launch().plans().refusal().stream())
            .distinct()
            .collect(Collectors.joining("; "));
    String what = "cuDNN has no engine for this " + ways.get(ways.size() - 1).spelling().name();
    return reasons.isEmpty() ? what : what + ": " + reasons;
  }

  private List<Choice> candidates(List<GraphStep.Way> ways) {
    List<Choice> candidates = new ArrayList<>();
    SearchEffort effort = context.options().search();
    for (int i = 0; i < ways.size(); i++) {
      GraphStep.Way way = ways.get(i);
      boolean isWorthIt =
          i == 0
              || ways.get(i - 1).launch().plans().isLastResort()
              || way.spelling().isRival()
              || effort == SearchEffort.FULL;
      if (isWorthIt) {
        int place = i;
        way.launch()
            .plans()
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
  private @Nullable Timed time(List<GraphStep.Way> ways, Choice choice, int runs) {
    GraphPlan plan = choice.plan();
    if (plan.workspaceBytes() > context.workspace().bytes()) {
      logger.debug("no memory to try engine {}", plan.engine());
      return null;
    }
    GraphStep.Way way = ways.get(choice.way());
    int status = way.tryOnce(plan);
    if (status != 0) {
      refused(Status.cudnnFailure(status, GraphStep.CALL), status);
      return null;
    }
    Stream stream = context.gpu().stream();
    String what = "trying engine " + plan.engine().number();
    stream.synchronize(what);
    double shortest = runs == 0 ? 0 : Double.POSITIVE_INFINITY;
    try (Event start = new Event();
        Event end = new Event()) {
      for (int i = 0; i < runs; i++) {
        start.record(stream);
        Status.cudnn(way.tryOnce(plan), GraphStep.CALL);
        end.record(stream);
        stream.synchronize(what);
        shortest = Math.min(shortest, end.secondsSince(start));
      }
    }
    return new Timed(choice, shortest);
  }

  /** Real versions answer a refusal with more than one code; if the device is well, go on. */
  private static void refused(DeviceFailure failure, int status) {
    if (failure.isSticky()) {
      throw failure;
    }
    if (Status.isUnsupported(status)) {
      logger.debug("{}; another engine is tried", failure.getMessage());
    } else {
      logger.warn("{}; another engine is tried", failure.getMessage());
    }
  }
}
