package dev.flopmeter.serve;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;

/** Receives the start and the end of each run. Called from the threads of the devices. */
public interface RunListener {
  /** A run begins; its progress is reported to the returned value. */
  Progress began(Target target);

  void ended(Target target, RunReport report);
}
