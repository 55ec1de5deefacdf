package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.Precision;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.Workspace;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.function.Function;

/** What preparing work on the device needs: the device, the addresses of views, the workspace. */
record PreparationContext(
    Gpu gpu,
    RunOptions options,
    Function<TensorView, Address> addresses,
    Workspace workspace,
    AlgorithmCache cache,
    SharedPlans sharedPlans) {
  Address address(TensorView view) {
    return addresses.apply(view);
  }

  /** What cuDNN offers for a graph, once for all steps that have the same. */
  GraphPlans plans(OperationGraph graph) {
    return sharedPlans.of(graph);
  }

  /** cuDNN's number of the arithmetic that the precision allows. */
  int math() {
    return math(options.precision());
  }

  static int math(Precision precision) {
    return switch (precision) {
      case FP32 -> MathType.FMA.code();
      case TF32 -> MathType.DEFAULT.code();
      case FP16, BF16 -> MathType.TENSOR_OP.code();
    };
  }

  Executable prepare(Work work) {
    return work.match(new Executables(this));
  }
}
