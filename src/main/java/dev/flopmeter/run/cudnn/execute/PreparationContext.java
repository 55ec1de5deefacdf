package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.Workspace;
import dev.flopmeter.run.cudnn.plan.GraphWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.function.Function;

/**
 * What preparing work on the device needs: the device, the addresses of views, the workspace.
 *
 * @param onSearch to be run before a search
 */
record PreparationContext(
    Gpu gpu,
    RunOptions options,
    Function<TensorView, Address> addresses,
    Workspace workspace,
    PlanCache cache,
    SharedPlans sharedPlans,
    Runnable onSearch) {
  Address address(TensorView view) {
    return addresses.apply(view);
  }

  MathType math() {
    return MathType.of(options.precision());
  }

  Executable prepare(Work work) {
    return work instanceof KernelWork kernel
        ? new KernelExecutable(this, kernel)
        : GraphStep.prepare(this, (GraphWork) work);
  }
}
