package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.Map;

/**
 * A whole plan before it meets a device.
 *
 * @param inputs where each fed value goes
 * @param outputs where each result is read; constants may be among them
 */
public record Blueprint(
    List<PlannedStep> steps, Map<String, View> inputs, Map<String, View> outputs) {
  /** The name of the backend that runs it, on the command line, in results and in errors. */
  public static final String BACKEND = "cudnn";

  public Blueprint {
    steps = List.copyOf(steps);
    inputs = Map.copyOf(inputs);
    outputs = Map.copyOf(outputs);
  }
}
