package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.GraphPlans.GraphPlan;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Bound;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import jcuda.jcudnn.JCudnn;

/**
 * A spelling with one step's addresses.
 *
 * @param after our kernels that do the rest
 * @param packs where everything is in each launch, from the first one on
 */
record GraphLaunch(
    PreparationContext context,
    Spelling spelling,
    OperationGraph graph,
    List<Executable> after,
    List<BackendDescriptor> packs) {
  static final String CALL = "cudnnBackendExecute";

  GraphLaunch(PreparationContext context, Spelling spelling, List<Executable> after) {
    this(context, spelling, new OperationGraph(context), after, new ArrayList<>());
    spelling.operations().accept(graph);
  }

  /** Everything that the choice of a plan depends on, on one line. */
  String key() {
    return spelling.launches() == 1
        ? graph.key()
        : graph.key() + " launches " + spelling.launches();
  }

  /** For a trial, with the current workspace; returns cuDNN's status. */
  int tryOnce(GraphPlan plan) {
    for (int launch = 0; launch < spelling.launches(); launch++) {
      try (BackendDescriptor pack = pack(launch)) {
        int status = execute(context.gpu(), plan, pack);
        if (status != 0) {
          return status;
        }
      }
    }
    after.forEach(Executable::enqueue);
    return 0;
  }

  /** Puts the step onto the stream. */
  void enqueue(GraphPlan plan) {
    if (packs.isEmpty()) {
      // Made at the first launch: only then is the workspace where it stays.
      for (int launch = 0; launch < spelling.launches(); launch++) {
        packs.add(context.owned().add(pack(launch)));
      }
    }
    for (BackendDescriptor pack : packs) {
      Status.cudnn(execute(context.gpu(), plan, pack), CALL);
    }
    after.forEach(Executable::enqueue);
  }

  /** Answers cuDNN's status. */
  static int execute(Gpu gpu, GraphPlan plan, BackendDescriptor pack) {
    return JCudnn.cudnnBackendExecute(gpu.handle(), plan.descriptor(), pack);
  }

  private BackendDescriptor pack(int launch) {
    return pack(
        context.gpu(),
        graph.bound(),
        bound -> bound.address().applyAsLong(launch),
        context.workspace().address());
  }

  static BackendDescriptor pack(
      Gpu gpu, List<Bound> bound, ToLongFunction<Bound> addresses, long workspace) {
    BackendDescriptor pack = gpu.descriptor("variant pack");
    try {
      return pack.set("ids", bound.stream().mapToLong(Bound::id).toArray())
          .set("pointers", bound.stream().mapToLong(addresses).toArray())
          .set("workspace", workspace)
          .ready();
    } catch (RuntimeException e) {
      try (pack) {
        throw e;
      }
    }
  }
}
