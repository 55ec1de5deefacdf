package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A convolution by cuDNN's graph API. Its epilogue is residual, bias, rectifier, in this order: for
 * it cuDNN has engines that need no compiling. Where the fused graph has no engine, or only a slow
 * one (groups), the convolution alone is tried as well, with our kernels behind it.
 */
final class GraphConvolution implements Executable, AlgorithmSearch.Problem {
  private static final Logger logger = LoggerFactory.getLogger(GraphConvolution.class);

  private final ConvolutionWork work;
  private final ResourceStack owned;
  private final @Nullable GraphLaunch fused;
  private final @Nullable GraphLaunch alone;
  private final List<Executable> separate;
  private final Algorithm algorithm;

  private GraphConvolution(PreparationContext context, ConvolutionWork work, ResourceStack owned) {
    this.work = work;
    this.owned = owned;
    fused = work.hasEpilogue() ? launch(context, true) : null;
    boolean isAloneTried = fused == null || work.groups() > 1 || fused.candidates(true).isEmpty();
    alone = isAloneTried ? launch(context, false) : null;
    separate = alone == null ? List.of() : Epilogue.kernels(context, work);
    algorithm = new AlgorithmSearch(context).choose(this);
  }

  /** Nothing where cuDNN's graph API does not offer the convolution. */
  static Optional<Executable> prepare(PreparationContext context, ConvolutionWork work) {
    ResourceStack owned = new ResourceStack();
    try {
      return Optional.of(
          LegacyCalls.guarded(owned, () -> new GraphConvolution(context, work, owned)));
    } catch (DeviceFailure e) {
      GraphExecutable.requireHealthy(e);
      logger.debug("{}; a convolution runs by a legacy call", e.getMessage());
      return Optional.empty();
    }
  }

  /** Nothing where cuDNN refuses the graph. */
  private @Nullable GraphLaunch launch(PreparationContext context, boolean isFused) {
    try {
      return new GraphLaunch(context, owned, 1, graph -> addTo(graph, isFused));
    } catch (DeviceFailure e) {
      GraphExecutable.requireHealthy(e);
      if (!isFused) {
        throw e;
      }
      return null;
    }
  }

  private void addTo(OperationGraph graph, boolean isFused) {
    Tensor x = graph.stored(work.x());
    TensorView weights = work.weights();
    Tensor filter =
        graph.stored(
            weights, weights.shape().dims(), TensorView.strides(weights.shape(), work.format()));
    if (!isFused) {
      convolution(graph, x, filter, graph.stored(work.y()));
      return;
    }
    Tensor last = virtual(graph);
    convolution(graph, x, filter, last);
    List<Stage> stages = stages(graph);
    for (int i = 0; i < stages.size(); i++) {
      Tensor next = i == stages.size() - 1 ? graph.stored(work.y()) : virtual(graph);
      graph.pointwise(stages.get(i).mode(), last, stages.get(i).operand(), next);
      last = next;
    }
  }

  private record Stage(int mode, @Nullable Tensor operand) {}

  private List<Stage> stages(OperationGraph graph) {
    List<Stage> stages = new ArrayList<>();
    if (work.residual() != null) {
      stages.add(new Stage(OperationGraph.ADD, graph.stored(work.residual())));
    }
    if (work.bias() != null) {
      stages.add(new Stage(OperationGraph.ADD, bias(graph, work.bias())));
    }
    if (work.relu()) {
      stages.add(new Stage(OperationGraph.RELU, null));
    }
    return stages;
  }

  private void convolution(OperationGraph graph, Tensor x, Tensor filter, Tensor y) {
    graph.convolution(false, x, filter, y, work.pad(), work.stride(), work.dilation());
  }

  private Tensor virtual(OperationGraph graph) {
    return graph.virtual(
        OperationGraph.FLOAT,
        work.y().shape().dims(),
        TensorView.strides(work.y().shape(), work.format()));
  }

  private Tensor bias(OperationGraph graph, TensorView bias) {
    long channels = work.y().dim(1);
    long[] dims = new long[work.y().rank()];
    long[] strides = new long[work.y().rank()];
    java.util.Arrays.fill(dims, 1);
    java.util.Arrays.fill(strides, work.format() == MemoryLayout.CHANNELS_LAST ? channels : 1);
    dims[1] = channels;
    strides[0] = channels;
    strides[1] = 1;
    return graph.stored(bias, dims, strides);
  }

  private GraphLaunch of(Algorithm candidate) {
    GraphLaunch launch = candidate.isFused() ? fused : alone;
    if (launch == null) {
      throw new IllegalStateException("no graph for " + candidate);
    }
    return launch;
  }

  @Override
  public String key() {
    return "convolution "
        + (fused == null ? "" : fused.key())
        + " | "
        + (alone == null ? "" : alone.key());
  }

  @Override
  public String subject() {
    return "this convolution";
  }

  @Override
  public List<Algorithm> candidates() {
    List<Algorithm> candidates = new ArrayList<>();
    if (fused != null) {
      candidates.addAll(fused.candidates(true));
    }
    if (alone != null) {
      candidates.addAll(alone.candidates(false));
    }
    return candidates;
  }

  @Override
  public boolean offers(Algorithm noted) {
    GraphLaunch launch = noted.isFused() ? fused : alone;
    return launch != null && launch.offers(noted);
  }

  @Override
  public int launch(Algorithm candidate) {
    int status = of(candidate).tryOnce(candidate.code());
    if (status == 0 && !candidate.isFused()) {
      separate.forEach(Executable::enqueue);
    }
    return status;
  }

  @Override
  public void enqueue() {
    Status.cudnn(of(algorithm).enqueue(algorithm.code()), GraphExecutable.CALL);
    if (!algorithm.isFused()) {
      separate.forEach(Executable::enqueue);
    }
  }

  @Override
  public String call(Algorithm candidate) {
    return GraphExecutable.CALL;
  }

  @Override
  public KernelInfo kernel() {
    String name = (algorithm.isFused() ? "fused " : "") + "graph convolution";
    return GraphExecutable.kernel(name, work.format().label(), of(algorithm), algorithm);
  }

  @Override
  public void close() {
    owned.close();
  }
}
