package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.AlgorithmSearch.Row;
import dev.flopmeter.run.cudnn.plan.ActivationWork;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnActivationDescriptor;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnTensorDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * A convolution with its algorithm. What is fused to it goes into the same cuDNN call where the
 * algorithm can do that, else into kernels after it.
 */
final class ConvolutionExecutable implements Executable, AlgorithmSearch.Problem {
  /** The only algorithm that takes a bias without a rectifier. */
  private static final int IMPLICIT_PRECOMP_GEMM = 1;

  private static final int ALGORITHMS = 8;
  private static final String FIND = "cudnnFindConvolutionForwardAlgorithmEx";

  private final PreparationContext context;
  private final ConvolutionWork work;
  private final AlgorithmSearch search;
  private final ResourceStack owned;
  private final cudnnTensorDescriptor x;
  private final cudnnTensorDescriptor y;
  private final cudnnFilterDescriptor weights;
  private final cudnnConvolutionDescriptor convolution;
  private final cudnnTensorDescriptor bias;
  private final cudnnActivationDescriptor activation;
  private final Address xAt;
  private final Address yAt;
  private final Address weightsAt;
  private final @Nullable Address biasAt;
  private final @Nullable Address residualAt;
  private final List<Executable> separate;
  private final Algorithm algorithm;

  private ConvolutionExecutable(
      PreparationContext context, ConvolutionWork work, ResourceStack owned) {
    this.context = context;
    this.owned = owned;
    this.work = work;
    search = new AlgorithmSearch(context);
    Descriptors make = new Descriptors(owned);
    x = make.tensor(work.x());
    y = make.tensor(work.y());
    weights = make.filter(work.weights(), work.format());
    convolution =
        make.convolution(work.pad(), work.stride(), work.dilation(), work.groups(), context.math());
    int[] dims = new int[work.y().rank()];
    Arrays.fill(dims, 1);
    dims[1] = Math.toIntExact(work.y().dim(1));
    int[] strides = new int[dims.length];
    Arrays.fill(strides, 1);
    strides[0] = dims[1];
    bias = make.tensor(work.y().storage(), dims, strides);
    activation =
        make.activation(work.relu() ? ActivationWork.Kind.RELU : ActivationWork.Kind.IDENTITY, 0);
    xAt = context.address(work.x());
    yAt = context.address(work.y());
    weightsAt = context.address(work.weights());
    biasAt = work.bias() == null ? null : context.address(work.bias());
    residualAt = work.residual() == null ? null : context.address(work.residual());
    separate = Epilogue.kernels(context, work);
    algorithm = search.choose(this);
    Descriptors.setMath(convolution, algorithm.math());
  }

  static ConvolutionExecutable prepare(PreparationContext context, ConvolutionWork work) {
    ResourceStack owned = new ResourceStack();
    return LegacyCalls.guarded(owned, () -> new ConvolutionExecutable(context, work, owned));
  }

  @Override
  public String key() {
    return String.join(
        " ",
        "x" + work.x().shape(),
        "w" + work.weights().shape(),
        "pad" + Arrays.toString(work.pad()).replace(" ", ""),
        "stride" + Arrays.toString(work.stride()).replace(" ", ""),
        "dilation" + Arrays.toString(work.dilation()).replace(" ", ""),
        "groups" + work.groups(),
        work.x().storage().name(),
        work.y().is(work.format())
            ? work.format().label()
            : work.format().label() + "/" + work.y().stride(0),
        "math" + context.math(),
        "limit" + context.options().workspaceLimitBytes(),
        (work.bias() != null ? "b" : "-")
            + (work.residual() != null ? "z" : "-")
            + (work.relu() ? "r" : "-"));
  }

  @Override
  public boolean offers(Algorithm noted) {
    Descriptors.setMath(convolution, noted.math());
    long[] bytes = new long[1];
    return workspaceSize(noted.code(), bytes) == 0
        && bytes[0] <= noted.workspaceBytes()
        && (!noted.isFused() || canFuse(noted.code()));
  }

  private int workspaceSize(int code, long[] bytes) {
    return JCudnn.cudnnGetConvolutionForwardWorkspaceSize(
        context.gpu().handle(), x, weights, convolution, y, code, bytes);
  }

  private boolean canFuse(int code) {
    return work.hasEpilogue() && (work.relu() || code == IMPLICIT_PRECOMP_GEMM);
  }

  /** In the order of the search's times, each fused where it can be. */
  @Override
  public List<Algorithm> candidates() {
    Descriptors.setMath(convolution, context.math());
    search.makeRoom(ALGORITHMS, this::workspaceSize);
    List<Row> usable = search.usable(found(), this, FIND);
    List<Algorithm> candidates = new ArrayList<>();
    for (Row row : AlgorithmSearch.worthRetiming(usable)) {
      candidates.add(search.algorithm(row, canFuse(row.code())));
    }
    // A bias alone is only fused by one algorithm: it is worth a try even where it is slower alone.
    if (work.hasEpilogue() && candidates.stream().noneMatch(Algorithm::isFused)) {
      usable.stream()
          .filter(row -> row.code() == IMPLICIT_PRECOMP_GEMM)
          .findFirst()
          .ifPresent(row -> candidates.add(search.algorithm(row, true)));
    }
    return candidates;
  }

  private List<Row> found() {
    cudnnConvolutionFwdAlgoPerf[] found = new cudnnConvolutionFwdAlgoPerf[2 * ALGORITHMS];
    Arrays.setAll(found, i -> new cudnnConvolutionFwdAlgoPerf());
    int[] count = new int[1];
    Status.cudnn(
        JCudnn.cudnnFindConvolutionForwardAlgorithmEx(
            context.gpu().handle(),
            x,
            xAt,
            weights,
            weightsAt,
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
  public Optional<Algorithm> instead(Algorithm refused) {
    return refused.isFused()
        ? Optional.of(
            new Algorithm(refused.code(), refused.math(), refused.workspaceBytes(), false))
        : Optional.empty();
  }

  @Override
  public int launch(Algorithm candidate) {
    Descriptors.setMath(convolution, candidate.math());
    return run(candidate);
  }

  private int run(Algorithm candidate) {
    int status = candidate.isFused() ? launchFused(candidate) : launchAlone(candidate);
    if (status == 0 && !candidate.isFused()) {
      separate.forEach(Executable::enqueue);
    }
    return status;
  }

  @Override
  public void enqueue() {
    Status.cudnn(run(algorithm), call(algorithm));
  }

  @Override
  public String call(Algorithm candidate) {
    return candidate.isFused()
        ? "cudnnConvolutionBiasActivationForward"
        : "cudnnConvolutionForward";
  }

  private int launchAlone(Algorithm candidate) {
    return JCudnn.cudnnConvolutionForward(
        context.gpu().handle(),
        Scalars.ONE,
        x,
        xAt,
        weights,
        weightsAt,
        convolution,
        candidate.code(),
        context.workspace().pointer(),
        candidate.workspaceBytes(),
        Scalars.ZERO,
        y,
        yAt);
  }

  private int launchFused(Algorithm candidate) {
    return JCudnn.cudnnConvolutionBiasActivationForward(
        context.gpu().handle(),
        Scalars.ONE,
        x,
        xAt,
        weights,
        weightsAt,
        convolution,
        candidate.code(),
        context.workspace().pointer(),
        candidate.workspaceBytes(),
        residualAt == null ? Scalars.ZERO : Scalars.ONE,
        y,
        residualAt == null ? yAt : residualAt,
        bias,
        biasAt == null ? zeros() : biasAt,
        activation,
        y,
        yAt);
  }

  /** A bias is not optional in the fused call. */
  private Address zeros() {
    throw new IllegalStateException("a fused convolution has a bias, if only one of zeros");
  }

  @Override
  public KernelInfo kernel() {
    String name = (algorithm.isFused() ? "fused " : "") + Algorithm.forwardName(algorithm.code());
    return new KernelInfo(
        name, work.format().label(), MathType.label(algorithm.math()), algorithm.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
