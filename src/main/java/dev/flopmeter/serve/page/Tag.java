package dev.flopmeter.serve.page;

import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.serve.page.Snapshot.DeviceState;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.page.Snapshot.WorkloadState;
import dev.flopmeter.serve.worker.Outcome;
import java.util.Locale;

/** A state, in words and as a colour. */
record Tag(Health health, String text) {
  enum Health {
    GOOD,
    /** In progress. */
    BUSY,
    /** Nothing known yet, or idle. */
    IDLE,
    WARNING,
    BAD
  }

  static Tag of(Outcome outcome) {
    Health ended = outcome.isNeutral() ? Health.IDLE : Health.BAD;
    Health health = outcome == Outcome.SUCCESS ? Health.GOOD : ended;
    return new Tag(health, outcome.label().replace('_', ' '));
  }

  /** Of the last run; that a run is going on shows only where the last one did not fail. */
  static Tag of(WorkloadState workload) {
    EndedRun last = workload.lastRun();
    Tag tag = last == null ? new Tag(Health.IDLE, "waiting") : of(last.outcome());
    if (workload.isRunning()) {
      return new Tag(tag.isBad() ? Health.BAD : Health.BUSY, "measuring");
    }
    return tag.health == Health.GOOD ? new Tag(Health.GOOD, "waiting") : tag;
  }

  static Tag of(Series series) {
    int warnings = series.profile().warnings().size();
    if (!series.profile().valid()) {
      return new Tag(Health.BAD, "not valid");
    }
    if (series.isEmulated()) {
      return new Tag(Health.IDLE, "emulated");
    }
    if (!series.isFresh()) {
      return new Tag(Health.WARNING, "old");
    }
    return warnings > 0
        ? new Tag(Health.WARNING, Verdict.count(warnings, "warning"))
        : new Tag(Health.GOOD, "valid");
  }

  static Tag of(DeviceState device) {
    if (device.isQuarantined()) {
      return new Tag(Health.BAD, "quarantined after failures");
    }
    return device.isRunning() ? new Tag(Health.BUSY, "measuring") : new Tag(Health.IDLE, "idle");
  }

  static Tag of(State gpu) {
    Health health =
        switch (gpu) {
          case LOST -> Health.BAD;
          case THROTTLED, HELD, UNKNOWN -> Health.WARNING;
          case BUSY, MEASURED, OCCUPIED -> Health.BUSY;
          case IDLE -> Health.IDLE;
        };
    return new Tag(health, gpu.label());
  }

  boolean isBad() {
    return health == Health.BAD;
  }

  /** The style sheet's class for its colour. */
  String style() {
    return "h-" + health.name().toLowerCase(Locale.ROOT);
  }
}
