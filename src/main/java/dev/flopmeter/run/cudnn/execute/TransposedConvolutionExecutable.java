package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.AlgorithmSearch.Row;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TransposedConvolutionWork;
import java.util.Arrays;
import java.util.List;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnTensorDescriptor;

/** A transposed convolution with its algorithm. */
final class TransposedConvolutionExecutable implements Executable, AlgorithmSearch.Problem {
  private static final int ALGORITHMS = 6;
  private static final String FIND = "cudnnFindConvolutionBackwardDataAlgorithmEx";

  private final PreparationContext context;
  private final TransposedConvolutionWork work;
  private final AlgorithmSearch search;
  private final ResourceStack owned;
  private final cudnnTensorDescriptor x;
  private final cudnnTensorDescriptor y;
  private final cudnnFilterDescriptor weights;
  private final cudnnConvolutionDescriptor convolution;
  private final Address xAt;
  private final Address yAt;
  private final Address weightsAt;
  private final Algorithm algorithm;

  private TransposedConvolutionExecutable(
      PreparationContext context, TransposedConvolutionWork work, ResourceStack owned) {
    this.context = context;
    this.work = work;
    this.owned = owned;
    search = new AlgorithmSearch(context);
    Descriptors make = new Descriptors(owned);
    x = make.tensor(work.x());
    y = make.tensor(work.y());
    weights = make.filter(work.weights(), MemoryLayout.PLAIN);
    convolution =
        make.convolution(work.pad(), work.stride(), work.dilation(), work.groups(), context.math());
    xAt = context.address(work.x());
    yAt = context.address(work.y());
    weightsAt = context.address(work.weights());
    algorithm = search.choose(this);
    Descriptors.setMath(convolution, algorithm.math());
  }

  static TransposedConvolutionExecutable prepare(
      PreparationContext context, TransposedConvolutionWork work) {
    ResourceStack owned = new ResourceStack();
    return LegacyCalls.guarded(
        owned, () -> new TransposedConvolutionExecutable(context, work, owned));
  }

  @Override
  public String key() {
    return String.join(
        " ",
        "transposed",
        "x" + work.x().shape(),
        "w" + work.weights().shape(),
        "y" + work.y().shape(),
        "pad" + Arrays.toString(work.pad()).replace(" ", ""),
        "stride" + Arrays.toString(work.stride()).replace(" ", ""),
        "dilation" + Arrays.toString(work.dilation()).replace(" ", ""),
        "groups" + work.groups(),
        work.x().storage().name(),
        MemoryLayout.PLAIN.label(),
        "math" + context.math(),
        "limit" + context.options().workspaceLimitBytes());
  }

  @Override
  public boolean offers(Algorithm noted) {
    Descriptors.setMath(convolution, noted.math());
    long[] bytes = new long[1];
    return workspaceSize(noted.code(), bytes) == 0 && bytes[0] <= noted.workspaceBytes();
  }

  private int workspaceSize(int code, long[] bytes) {
    return JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(
        context.gpu().handle(), weights, x, convolution, y, code, bytes);
  }

  @Override
  public List<Algorithm> candidates() {
    Descriptors.setMath(convolution, context.math());
    search.makeRoom(ALGORITHMS, this::workspaceSize);
    return AlgorithmSearch.worthRetiming(search.usable(found(), this, FIND)).stream()
        .map(row -> search.algorithm(row, false))
        .toList();
  }

  private List<Row> found() {
    cudnnConvolutionBwdDataAlgoPerf[] found = new cudnnConvolutionBwdDataAlgoPerf[2 * ALGORITHMS];
    Arrays.setAll(found, i -> new cudnnConvolutionBwdDataAlgoPerf());
    int[] count = new int[1];
    Status.cudnn(
        JCudnn.cudnnFindConvolutionBackwardDataAlgorithmEx(
            context.gpu().handle(),
            weights,
            weightsAt,
            x,
            xAt,
            convolution,
            y,
            yAt,
            found.length,
            count,
            found,
            context.workspace().pointer(),
            context.workspace().bytes()),
        FIND);
    return Arrays.stream(found, 0, count[0])
        .map(row -> new Row(row.status, row.algo, row.mathType, row.memory, row.time))
        .toList();
  }

  @Override
  public int launch(Algorithm candidate) {
    Descriptors.setMath(convolution, candidate.math());
    return run(candidate);
  }

  private int run(Algorithm candidate) {
    return JCudnn.cudnnConvolutionBackwardData(
        context.gpu().handle(),
        Scalars.ONE,
        weights,
        weightsAt,
        x,
        xAt,
        convolution,
        candidate.code(),
        context.workspace().pointer(),
        candidate.workspaceBytes(),
        Scalars.ZERO,
        y,
        yAt);
  }

  @Override
  public String call(Algorithm candidate) {
    return "cudnnConvolutionBackwardData";
  }

  @Override
  public void enqueue() {
    Status.cudnn(run(algorithm), call(algorithm));
  }

  @Override
  public KernelInfo kernel() {
    return new KernelInfo(
        "backward data " + Algorithm.backwardName(algorithm.code()),
        MemoryLayout.PLAIN.label(),
        MathType.label(algorithm.math()),
        algorithm.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
