package dev.flopmeter.serve;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.result.Basis;
import dev.flopmeter.serve.Daemon.RunListener;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Gate;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.ResultLine;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.DeviceProbe;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import dev.flopmeter.serve.worker.WorkerCommand;
import dev.flopmeter.serve.worker.WorkerRun;
import dev.flopmeter.units.Figures;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a target in a worker if the target's gate is open. A child process reads how busy the device
 * is right before the run, so that a busy device is not even opened.
 */
final class WorkerRunner {
  private static final Logger logger = LoggerFactory.getLogger(WorkerRunner.class);

  /**
   * What a run is doing.
   *
   * @param done share of its work, from 0 to 1
   */
  record Step(String phase, double done, String detail) {
    static final Step NONE = new Step("", 0, "");
  }

  private final WorkerCommand command;
  private final DeviceProbe probe;
  private final Clocks clocks;
  private final RunListener listener;
  private final Map<Target, WorkerRun> runs = new ConcurrentHashMap<>();
  private final Map<Target, Step> steps = new ConcurrentHashMap<>();
  private final Faults faults;
  private volatile ServeConfig.Worker rules;

  /** What happens to devices while they measure. */
  interface Faults {
    /** Why what a device measured in this time is not valid; empty if it may be. */
    Optional<String> between(String device, Instant from, Instant to);
  }

  WorkerRunner(
      WorkerCommand command,
      ServeConfig.Worker rules,
      Clocks clocks,
      RunListener listener,
      Faults faults) {
    this.command = command;
    this.probe = new DeviceProbe(command);
    this.rules = rules;
    this.clocks = clocks;
    this.listener = listener;
    this.faults = faults;
  }

  void rules(ServeConfig.Worker next) {
    rules = next;
  }

  RunReport run(Target target) throws InterruptedException {
    RunReport closed = gate(target);
    RunReport report = closed == null ? measure(target) : closed;
    log(target, report);
    listener.ended(target, report);
    return report;
  }

  /** Ends a run that is going on. */
  void stop(Target target) {
    WorkerRun run = runs.get(target);
    if (run != null) {
      run.stop();
    }
  }

  /** What a target's run is doing; nothing before it begins. */
  Step step(Target target) {
    return steps.getOrDefault(target, Step.NONE);
  }

  private RunReport measure(Target target) throws InterruptedException {
    Progress shown = listener.began(target);
    Instant began = clocks.wall().instant();
    WorkerRun run =
        new WorkerRun(
            target,
            rules.grace(),
            rules.maxMemory(),
            clocks.nanos(),
            (phase, done, detail) -> {
              steps.put(target, new Step(phase, done, detail));
              shown.report(phase, done, detail);
            });
    runs.put(target, run);
    try {
      return judged(run.run(command), began, clocks.wall().instant());
    } finally {
      runs.remove(target);
      steps.remove(target);
    }
  }

  private RunReport judged(RunReport report, Instant began, Instant ended) {
    List<ResultLine> results = new ArrayList<>();
    for (ResultLine line : report.results()) {
      Optional<String> fault = faults.between(line.result().key().device(), began, ended);
      results.add(fault.map(line::invalid).orElse(line));
    }
    return new RunReport(report.outcome(), report.duration(), results, report.detail());
  }

  /** The report of a run that may not begin; null if it may. */
  private @Nullable RunReport gate(Target target) throws InterruptedException {
    Gate gate = target.workload().gate();
    if (gate.isOpen()) {
      return null;
    }
    try {
      for (DeviceState device : probe.read()) {
        if (target.device().equals("auto") || device.id().equals(target.device())) {
          return gate(gate, device);
        }
      }
      return RunReport.of(Outcome.DEVICE_FAILED, "is no longer a device of this host");
    } catch (IOException e) {
      return RunReport.of(
          Outcome.DEVICE_FAILED, "its utilization cannot be read: " + e.getMessage());
    }
  }

  private static @Nullable RunReport gate(Gate gate, DeviceState device) {
    Optional<String> unknown = unreadable(gate, device);
    return unknown.isPresent()
        ? RunReport.of(
            Outcome.DEVICE_FAILED, unknown.get() + " cannot be read, and only_when depends on it")
        : busy(gate, device).map(why -> RunReport.of(Outcome.SKIPPED_BUSY, why)).orElse(null);
  }

  /** What the gate depends on and the device does not report: a lost GPU is not a busy one. */
  static Optional<String> unreadable(Gate gate, DeviceState device) {
    if (gate.utilizationBelow().isPresent() && device.utilization() == null) {
      return Optional.of("its utilization");
    }
    if (gate.memoryFreeAbove().isPresent() && device.memoryFreeBytes() == null) {
      return Optional.of("its free memory");
    }
    return Optional.empty();
  }

  private static Optional<String> busy(Gate gate, DeviceState device) {
    Double busy = device.utilization();
    if (busy != null && gate.utilizationBelow().filter(most -> busy >= most).isPresent()) {
      return Optional.of("is " + Math.round(busy * 100) + "% busy");
    }
    Double free = device.memoryFreeBytes();
    if (free != null && gate.memoryFreeAbove().filter(least -> free <= least).isPresent()) {
      return Optional.of("has " + Figures.bytes(free.longValue()) + " of memory free");
    }
    return Optional.empty();
  }

  private static void log(Target target, RunReport report) {
    String what = target.workload().name() + " on " + target.device() + " in " + target.precision();
    String took = report.duration().toMillis() / 1000.0 + " s";
    if (report.outcome() == Outcome.SUCCESS) {
      String results =
          report.results().stream()
              .map(result -> headline(result.result()))
              .collect(Collectors.joining("; "));
      logger.info("{}: {}; took {}", what, results, took);
    } else if (report.outcome().isNeutral()) {
      logger.info("{}: {} {}", what, report.outcome().label(), report.detail());
    } else {
      logger.warn("{}: {} after {}: {}", what, report.outcome().label(), took, report.detail());
    }
  }

  /** {@code batch 8: 27.3 ms, MFU 64 %}. */
  private static String headline(Result result) {
    StringBuilder line = new StringBuilder("batch " + result.key().batch());
    line.append(": ").append(Figures.seconds(result.median()));
    for (Basis basis : List.of(Basis.DATASHEET, Basis.MEASURED)) {
      Double mfu = result.profile().efficiency().mfu().of(basis);
      if (mfu != null) {
        line.append(", MFU ")
            .append(Math.round(mfu * 100))
            .append(" % (")
            .append(basis)
            .append(')');
      }
    }
    return line.append(result.isValid() ? "" : ", not valid").toString();
  }
}
