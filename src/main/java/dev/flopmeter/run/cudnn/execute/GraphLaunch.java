package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Bound;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToLongBiFunction;
import jcuda.jcudnn.JCudnn;

/** One step's graph with the step's addresses. */
final class GraphLaunch {
  private static final int PACK_IDS = 1000;
  private static final int PACK_POINTERS = 1001;
  private static final int PACK_WORKSPACE = 1003;

  /** Enough for the attributes of any one call; the graph's numbers are stored behind them. */
  private static final int NUMBERS_AT = 960;

  private static final long HOST_BYTES = 1024;

  private final PreparationContext context;
  private final ResourceStack owned;
  private final HostBlock host;
  private final int launches;
  private final OperationGraph graph;
  private final List<BackendDescriptor> packs = new ArrayList<>();

  /**
   * @param owned what this makes is closed with it
   * @param launches how often the graph is launched, each time at other addresses
   * @param operations adds the operations to the graph
   */
  GraphLaunch(
      PreparationContext context,
      ResourceStack owned,
      int launches,
      Consumer<OperationGraph> operations) {
    this.context = context;
    this.owned = owned;
    this.launches = launches;
    graph = new OperationGraph(view -> context.address(view).value());
    operations.accept(graph);
    host = owned.add(new HostBlock(HOST_BYTES));
  }

  /** Everything that the choice of a plan depends on, on one line. */
  String key() {
    return launches == 1 ? graph.key() : graph.key() + " launches " + launches;
  }

  /** What cuDNN offers for the graph, shared with all steps that have the same. */
  GraphPlans plans() {
    return context.sharedPlans().of(graph);
  }

  /** For a trial, with the workspace as it is now; answers cuDNN's status. */
  int tryOnce(GraphPlan plan) {
    int status = 0;
    for (int launch = 0; launch < launches && status == 0; launch++) {
      try (BackendDescriptor pack = pack(launch)) {
        status = execute(plan, pack);
      }
    }
    return status;
  }

  /** Puts the step onto the stream; answers cuDNN's status. */
  int enqueue(GraphPlan plan) {
    if (packs.isEmpty()) {
      // Made at the first launch: only then is the workspace where it stays.
      for (int launch = 0; launch < launches; launch++) {
        packs.add(owned.add(pack(launch)));
      }
    }
    int status = 0;
    for (int launch = 0; launch < launches && status == 0; launch++) {
      status = execute(plan, packs.get(launch));
    }
    return status;
  }

  private int execute(GraphPlan plan, BackendDescriptor pack) {
    return execute(context.gpu(), plan, pack);
  }

  static int execute(Gpu gpu, GraphPlan plan, BackendDescriptor pack) {
    return JCudnn.cudnnBackendExecute(gpu.handle(), plan.descriptor(), pack);
  }

  private BackendDescriptor pack(int launch) {
    return pack(
        host,
        graph.bound(),
        (bound, view) -> context.address(view).value() + bound.shifts().applyAsLong(launch),
        context.workspace().address());
  }

  /**
   * Where everything is in one launch.
   *
   * @param host of 1 KiB; keeps the graph's numbers as long as the pack is used
   * @param stored addresses of what is no number
   */
  static BackendDescriptor pack(
      HostBlock host,
      List<Bound> bound,
      ToLongBiFunction<Bound, TensorView> stored,
      long workspace) {
    long[] addresses = new long[bound.size()];
    for (int i = 0; i < addresses.length; i++) {
      Bound one = bound.get(i);
      TensorView view = one.view();
      if (view == null) {
        int at = NUMBERS_AT + Integer.BYTES * i;
        host.bytes().putInt(at, one.bits());
        addresses[i] = host.address() + at;
      } else {
        addresses[i] = stored.applyAsLong(one, view);
      }
    }
    return new BackendDescriptor(Kind.VARIANT_PACK, host)
        .set(PACK_IDS, ValueType.INT64, bound.stream().mapToLong(Bound::id).toArray())
        .set(PACK_POINTERS, ValueType.VOID_POINTER, addresses)
        .set(PACK_WORKSPACE, ValueType.VOID_POINTER, workspace)
        .ready();
  }
}
