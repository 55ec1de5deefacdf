package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.Closing;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.AlgorithmSearch.Row;
import dev.flopmeter.run.cudnn.plan.Format;
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

  private final Site site;
  private final TransposedConvolutionWork work;
  private final AlgorithmSearch search;
  private final Closing owned;
  private final cudnnTensorDescriptor x;
  private final cudnnTensorDescriptor y;
  private final cudnnFilterDescriptor weights;
  private final cudnnConvolutionDescriptor convolution;
  private final Address xAt;
  private final Address yAt;
  private final Address weightsAt;
  private final Algorithm algorithm;

  private TransposedConvolutionExecutable(
      Site site, TransposedConvolutionWork work, Closing owned) {
    this.site = site;
    this.work = work;
    this.owned = owned;
    search = new AlgorithmSearch(site);
    Descriptors make = new Descriptors(owned);
    x = make.tensor(work.x());
    y = make.tensor(work.y());
    weights = make.filter(work.weights(), Format.PLAIN);
    convolution =
        make.convolution(work.pad(), work.stride(), work.dilation(), work.groups(), site.math());
    xAt = site.address(work.x());
    yAt = site.address(work.y());
    weightsAt = site.address(work.weights());
    algorithm = search.choose(this);
    Descriptors.setMath(convolution, algorithm.math());
  }

  static TransposedConvolutionExecutable prepare(Site site, TransposedConvolutionWork work) {
    Closing owned = new Closing();
    return PlainExecutables.guarded(
        owned, () -> new TransposedConvolutionExecutable(site, work, owned));
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
        Format.PLAIN.label(),
        "math" + site.math(),
        "limit" + site.options().workspaceLimitBytes());
  }

  @Override
  public boolean offers(Algorithm noted) {
    Descriptors.setMath(convolution, noted.math());
    long[] bytes = new long[1];
    return workspaceSize(noted.code(), bytes) == 0 && bytes[0] <= noted.workspaceBytes();
  }

  private int workspaceSize(int code, long[] bytes) {
    return JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(
        site.gpu().handle(), weights, x, convolution, y, code, bytes);
  }

  @Override
  public List<Algorithm> candidates() {
    Descriptors.setMath(convolution, site.math());
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
            site.gpu().handle(),
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
            site.workspace().pointer(),
            site.workspace().bytes()),
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
        site.gpu().handle(),
        Scalars.ONE,
        weights,
        weightsAt,
        x,
        xAt,
        convolution,
        candidate.code(),
        site.workspace().pointer(),
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
        Format.PLAIN.label(),
        MathType.label(algorithm.math()),
        algorithm.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
