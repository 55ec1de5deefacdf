package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.Map;

/**
 * The plan of a whole graph, before it is prepared on a device.
 *
 * @param inputs where each fed value goes
 * @param outputs where each result is read; constants may be among them
 */
public record DevicePlan(
    List<PlannedStep> steps, Map<String, TensorView> inputs, Map<String, TensorView> outputs) {
  /** The name of the backend that runs it, on the command line, in results and in errors. */
  public static final String BACKEND = "cudnn";

  public DevicePlan {
    steps = List.copyOf(steps);
    inputs = Map.copyOf(inputs);
    outputs = Map.copyOf(outputs);
  }
}
