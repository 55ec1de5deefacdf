package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Workspace;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.function.ToLongFunction;

/**
 * What preparing work on the device needs.
 *
 * @param owned what is made is closed with it
 * @param addresses of views on the device
 * @param onSearch to be run before a search
 */
record PreparationContext(
    Gpu gpu,
    ResourceStack owned,
    RunOptions options,
    ToLongFunction<TensorView> addresses,
    Workspace workspace,
    PlanCache cache,
    Runnable onSearch) {

  /** A new descriptor of cuDNN's graph API. */
  BackendDescriptor descriptor(String kind) {
    return owned.add(gpu.descriptor(kind));
  }

  MathType math() {
    return MathType.of(options.precision());
  }
}
