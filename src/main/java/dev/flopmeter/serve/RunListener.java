package dev.flopmeter.serve;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.serve.schedule.Target;
import dev.flopmeter.serve.worker.RunReport;

/** Hears of runs, to tell a person at a terminal. Called from the runs' threads. */
public interface RunListener {
  /** A run begins; its progress goes to what is returned. */
  Progress began(Target target);

  void ended(Target target, RunReport report);

  /** Hears nothing. */
  RunListener NOBODY =
      new RunListener() {
        @Override
        public Progress began(Target target) {
          return Progress.SILENT;
        }

        @Override
        public void ended(Target target, RunReport report) {}
      };
}
