package dev.flopmeter.measure;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Assignment;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Totals;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.trace.NodeJoin;
import dev.flopmeter.run.trace.NodeJoin.Joined;
import dev.flopmeter.run.trace.Trace;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** The profile of a network that another runtime ran and timed. */
public final class TraceResult {
  /** Below this share of the model's work, the trace must be of another model. */
  private static final double LEAST_MACS = 0.5;

  private static final int NAMES_SHOWN = 3;

  private TraceResult() {}

  /**
   * Joins a trace with the cost of its model.
   *
   * @param joined the steps that the trace's kernels form
   * @param recordedAt when the trace was written
   * @throws ModelException if most of the model's work is not in the trace
   */
  public static ProfileResult of(
      Trace trace,
      Joined joined,
      ProfileRequest request,
      DeviceRoofs roofs,
      Environment environment,
      Instant recordedAt) {
    List<Step> steps = joined.steps();
    Samples samples = samples(trace, joined);
    Precision precision = request.options().precision();
    RoofSet known = roofs.at(precision, null);
    ResultJoin join =
        new ResultJoin(request, precision, known, steps, samples, trace.floorSeconds());
    if (!(join.latency().median() > 0)) {
      throw new ModelException("the passes of the trace take no time");
    }
    Validity validity = new Validity();
    Assignment assignment = steps.isEmpty() ? null : join.assignment(null);
    if (assignment != null) {
      judge(assignment, steps, validity);
    }
    warn(trace, steps, samples.passes().size(), validity);
    validity.judgeNoise(join.latency().relativeIqr());
    join.judge(validity);
    return new ProfileResult(
        request.counts().model(),
        roofs.device(),
        request.run(trace.runtime(), samples, recordedAt),
        environment,
        Totals.of(request.counts()),
        join.latency(),
        join.throughput(),
        join.efficiency(),
        join.layers(),
        trace.passSeconds().isEmpty() ? null : join.layerSumRatio(),
        null,
        null,
        null,
        null,
        assignment,
        known.roofs(),
        null,
        validity.isValid(),
        validity.warnings());
  }

  private static Samples samples(Trace trace, Joined joined) {
    List<double[]> passes = passes(trace, joined);
    List<Double> whole =
        trace.passSeconds().isEmpty()
            ? passes.stream().map(pass -> Arrays.stream(pass).sum()).toList()
            : trace.passSeconds();
    return new Samples(whole.get(0), 0, true, whole, passes, Map.of(), StopReason.TRACE_END);
  }

  /** Says what the trace leaves open. */
  private static void warn(Trace trace, List<Step> steps, int passes, Validity validity) {
    trace.notes().forEach(validity::warn);
    if (isByOrder(trace, steps)) {
      validity.warn(
          "the trace names other nodes than the model: its kernels were matched by kind and shape,"
              + " in their order");
    }
    if (trace.passSeconds().isEmpty()) {
      validity.warn("the trace has no end-to-end time: the sum of its kernels is used instead");
    }
    if (passes < Distribution.INTERVAL_SAMPLES) {
      validity.warn(
          passes == 1
              ? "the trace has one time for all passes: their spread is not known"
              : "the trace holds " + passes + " passes only");
    }
  }

  /** The kernels' times pass by pass. */
  private static List<double[]> passes(Trace trace, Joined joined) {
    int count =
        trace.kernels().stream().mapToInt(kernel -> kernel.seconds().size()).min().orElse(0);
    return IntStream.range(0, count)
        .mapToObj(pass -> trace.kernels().stream().mapToDouble(one -> one.seconds().get(pass)))
        .map(seconds -> joined.sum(seconds.toArray()))
        .toList();
  }

  private static boolean isByOrder(Trace trace, List<Step> steps) {
    return IntStream.range(0, Math.min(steps.size(), trace.kernels().size()))
        .anyMatch(
            i -> {
              List<String> named = trace.kernels().get(i).nodes();
              List<String> found = steps.get(i).nodes();
              return !named.isEmpty() && !found.isEmpty() && Collections.disjoint(named, found);
            });
  }

  private static void judge(Assignment assignment, List<Step> steps, Validity validity) {
    List<String> strangers =
        steps.stream()
            .filter(step -> !NodeJoin.isAssigned(step.op(), step.nodes()))
            .map(Step::name)
            .toList();
    String found =
        String.format(
            Locale.ROOT,
            "MACs assigned: %.1f %%, time assigned: %.1f %%",
            100 * assignment.macs(),
            100 * assignment.time());
    if (assignment.macs() < LEAST_MACS) {
      throw new ModelException(
          "the trace is of another model (%s): %s of its %s nodes are not in the model%s"
              .formatted(found, strangers.size(), steps.size(), shown(strangers)));
    }
    if (!strangers.isEmpty() || assignment.macs() < 1) {
      validity.warn(
          found + "; not in the model: " + strangers.size() + " kernels" + shown(strangers));
    }
  }

  private static String shown(List<String> names) {
    String first = String.join("', '", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
    return names.isEmpty() ? "" : ": '" + first + (names.size() > NAMES_SHOWN ? "', ..." : "'");
  }
}
