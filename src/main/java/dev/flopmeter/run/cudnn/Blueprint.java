package dev.flopmeter.run.cudnn;

import java.util.List;
import java.util.Map;

/**
 * A whole plan before it meets a device.
 *
 * @param inputs where each fed value goes
 * @param outputs where each result is read; constants may be among them
 */
record Blueprint(List<PlannedStep> steps, Map<String, View> inputs, Map<String, View> outputs) {
  Blueprint {
    steps = List.copyOf(steps);
    inputs = Map.copyOf(inputs);
    outputs = Map.copyOf(outputs);
  }
}
