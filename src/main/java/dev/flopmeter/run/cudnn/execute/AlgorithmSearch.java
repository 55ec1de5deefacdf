package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Event;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.driver.Stream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses how a step is computed: as an earlier run noted it, where that still works; else the
 * fastest of the best few that cuDNN names, each timed on the memory it will run on. What is chosen
 * is noted for later runs.
 */
final class AlgorithmSearch {
  private static final Logger logger = LoggerFactory.getLogger(AlgorithmSearch.class);

  /** So many are timed again. */
  static final int MOST_RETIMED = 3;

  /** Those that took so many times what the best took are not timed again. */
  private static final double WORTH_RETIMING = 1.25;

  private static final double LONG_ENOUGH_SECONDS = 1e-3;
  private static final int MOST_REPEATS = 10;
  private static final int DONE = 0;

  /** What is to be computed, and the ways to do it. */
  interface Problem {
    /** What makes two problems the same, on one line; may be long. */
    String key();

    /** What is computed, in a few words for messages. */
    default String subject() {
      return key();
    }

    /** Whether cuDNN still offers a way as it was noted, with no more workspace than then. */
    boolean offers(Algorithm noted);

    /** Ways to compute it, the most promising first; asks cuDNN, which may take long. */
    List<Algorithm> candidates();

    /** Another way, for when cuDNN refuses this one after all. */
    default Optional<Algorithm> instead(Algorithm refused) {
      return Optional.empty();
    }

    /** Puts one way onto the stream, all that belongs to it included; answers cuDNN's status. */
    int launch(Algorithm algorithm);

    /** The cuDNN call that a launch makes, for messages. */
    String call(Algorithm algorithm);
  }

  /** One row of the answer of cuDNN's own search. */
  record Row(int status, int code, int math, long workspaceBytes, double seconds) {}

  /** cuDNN's question how much workspace an algorithm wants; answers its status. */
  interface WorkspaceSize {
    int ask(int code, long[] bytes);
  }

  private final PreparationContext context;

  AlgorithmSearch(PreparationContext context) {
    this.context = context;
  }

  /**
   * @throws DeviceFailure if cuDNN runs none of them
   */
  Algorithm choose(Problem problem) {
    Algorithm chosen =
        context
            .cache()
            .find(problem.key())
            .filter(known -> isUsable(problem, known))
            .orElseGet(() -> search(problem));
    context.workspace().need(chosen.workspaceBytes());
    return chosen;
  }

  private boolean isUsable(Problem problem, Algorithm noted) {
    return noted.workspaceBytes() <= context.options().workspaceLimitBytes()
        && problem.offers(noted);
  }

  private Algorithm search(Problem problem) {
    List<Algorithm> candidates = problem.candidates();
    context
        .workspace()
        .growTo(candidates.stream().mapToLong(Algorithm::workspaceBytes).max().orElse(0));
    Algorithm best = null;
    double bestSeconds = Double.POSITIVE_INFINITY;
    for (Algorithm candidate : candidates) {
      boolean isOnlyOne = candidates.size() == 1;
      Algorithm tried = candidate;
      Optional<Double> seconds = time(problem, tried, isOnlyOne);
      Optional<Algorithm> instead = problem.instead(candidate);
      if (seconds.isEmpty() && instead.isPresent()) {
        tried = instead.get();
        seconds = time(problem, tried, isOnlyOne);
      }
      if (seconds.isPresent() && seconds.get() < bestSeconds) {
        bestSeconds = seconds.get();
        best = tried;
      }
    }
    if (best == null) {
      throw DeviceFailure.passing("cuDNN has no engine for " + problem.subject());
    }
    context.cache().put(problem.key(), best);
    return best;
  }

  /** Seconds of one run; nothing if cuDNN does not offer it after all. */
  private Optional<Double> time(Problem problem, Algorithm candidate, boolean isOnlyTried) {
    if (candidate.workspaceBytes() > context.workspace().bytes()) {
      logger.debug("no memory to try {} for {}", candidate, problem.subject());
      return Optional.empty();
    }
    int status = problem.launch(candidate);
    if (status != DONE) {
      refused(Status.cudnnFailure(status, problem.call(candidate)), status, problem);
      return Optional.empty();
    }
    Stream stream = context.gpu().stream();
    String what = "trying algorithm " + candidate.code() + " of " + problem.call(candidate);
    stream.synchronize(what);
    if (isOnlyTried) {
      return Optional.of(0.0);
    }
    try (Event start = new Event();
        Event end = new Event()) {
      double total = 0;
      int runs = 0;
      while (runs < MOST_REPEATS && total < LONG_ENOUGH_SECONDS) {
        start.record(stream);
        Status.cudnn(problem.launch(candidate), problem.call(candidate));
        end.record(stream);
        stream.synchronize(what);
        total += end.secondsSince(start);
        runs++;
      }
      return Optional.of(total / runs);
    }
  }

  /** Real versions answer a refusal with more than one code; if the device is well, go on. */
  private static void refused(DeviceFailure failure, int status, Problem problem) {
    if (failure.isSticky()) {
      throw failure;
    }
    if (Status.isUnsupported(status)) {
      logger.debug("{}; another algorithm is tried", failure.getMessage());
    } else {
      logger.warn("{}; another algorithm is tried for {}", failure.getMessage(), problem.subject());
    }
  }

  /** Makes room for any algorithm below {@code count} that keeps to the limit. */
  void makeRoom(int count, WorkspaceSize size) {
    long wanted = 0;
    for (int code = 0; code < count; code++) {
      long[] bytes = new long[1];
      if (size.ask(code, bytes) == DONE && bytes[0] <= context.options().workspaceLimitBytes()) {
        wanted = Math.max(wanted, bytes[0]);
      }
    }
    context.workspace().growTo(wanted);
  }

  /** Of the rows that cuDNN found, fastest first, those that the precision and memory allow. */
  List<Row> usable(List<Row> rows, Problem problem, String call) {
    long room = Math.min(context.options().workspaceLimitBytes(), context.workspace().bytes());
    List<Row> usable =
        rows.stream()
            .filter(row -> row.status() == DONE && row.workspaceBytes() <= room)
            .filter(row -> !isFma() || row.math() != MathType.TENSOR_OP.code())
            .toList();
    if (usable.isEmpty()) {
      throw DeviceFailure.passing(
          call
              + " found no algorithm for "
              + problem.key()
              + "; try --layout nchw, another precision or a larger workspace limit");
    }
    return usable;
  }

  /** The best few of them. */
  static List<Row> worthRetiming(List<Row> usable) {
    List<Row> best = new ArrayList<>();
    for (Row row : usable) {
      if (best.size() < MOST_RETIMED && row.seconds() <= usable.get(0).seconds() * WORTH_RETIMING) {
        best.add(row);
      }
    }
    return best;
  }

  /** FP32 means FMA, whatever name the search gives the arithmetic that it found a row with. */
  Algorithm algorithm(Row row, boolean isFused) {
    int math = isFma() ? context.math() : row.math();
    return new Algorithm(row.code(), math, row.workspaceBytes(), isFused);
  }

  private boolean isFma() {
    return context.math() == MathType.FMA.code();
  }
}
