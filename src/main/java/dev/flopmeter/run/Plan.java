package dev.flopmeter.run;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.ProfileResult.Memory;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A graph made ready to run on one device: weights placed, kernels chosen, memory laid out. Not
 * thread-safe. Closing frees everything it holds, also after a failure.
 */
public interface Plan extends AutoCloseable {
  /** The steps, in order. */
  List<Step> steps();

  /** Its memory on the device. */
  Memory memory();

  /**
   * Computes the outputs for these inputs, both by value name.
   *
   * @throws BackendException if the device fails
   */
  Map<String, Tensor> run(Map<String, Tensor> inputs);

  /** Places inputs on the device, for the timed passes that follow. */
  void load(Map<String, Tensor> inputs);

  /**
   * One undisturbed pass over the loaded inputs, outputs left on the device.
   *
   * @return seconds from the first launch to the last result
   */
  double timePass();

  /**
   * One pass with a clock reading between steps.
   *
   * @return seconds of each step, in the order of {@link #steps}
   */
  double[] timeSteps();

  /**
   * Launch overhead: seconds of one pass launched step by step, where that differs from {@link
   * #timePass} (which replays a captured graph); nothing if it does not.
   */
  default Optional<Double> timeEagerPass() {
    return Optional.empty();
  }

  /**
   * Time of a pass with a runtime's own profiler over the time without it; nothing for a plan that
   * reads the clock itself between its steps.
   */
  default Optional<Double> profiledRatio() {
    return Optional.empty();
  }

  /** Notes for readers of its times; known once they were taken. */
  default List<String> notes() {
    return List.of();
  }

  /** The resolution of {@link #timeSteps}; 0 if there is no limit. */
  default double floorSeconds() {
    return 0;
  }

  @Override
  void close();
}
