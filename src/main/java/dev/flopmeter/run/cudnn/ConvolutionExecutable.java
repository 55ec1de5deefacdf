package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.KernelInfo;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A convolution with its algorithm. What is fused to it goes into the same cuDNN call where the
 * algorithm can do that, else into kernels after it.
 */
final class ConvolutionExecutable implements Executable {
  private static final Logger logger = LoggerFactory.getLogger(ConvolutionExecutable.class);

  /** The only algorithm that takes a bias without a rectifier. */
  private static final int IMPLICIT_PRECOMP_GEMM = 1;

  private static final int IMPLICIT_GEMM = 0;
  private static final int ALGORITHMS = 8;
  private static final int MOST_RETIMED = 3;

  /** Candidates slower than this many times the best are not timed again. */
  private static final double WORTH_RETIMING = 1.25;

  private static final double LONG_ENOUGH_SECONDS = 1e-3;
  private static final int MOST_REPEATS = 10;

  private final Site site;
  private final ConvolutionWork work;
  private final Closing owned = new Closing();
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
  private final List<Executable> separate = new ArrayList<>();
  private Algorithm algorithm;

  private ConvolutionExecutable(Site site, ConvolutionWork work) {
    this.site = site;
    this.work = work;
    Descriptors make = new Descriptors(owned);
    x = make.tensor(work.x());
    y = make.tensor(work.y());
    weights = make.filter(work.weights(), work.format());
    convolution =
        make.convolution(work.pad(), work.stride(), work.dilation(), work.groups(), site.math());
    int[] dims = new int[work.y().rank()];
    Arrays.fill(dims, 1);
    dims[1] = Math.toIntExact(work.y().dim(1));
    int[] strides = new int[dims.length];
    Arrays.fill(strides, 1);
    strides[0] = dims[1];
    bias = make.tensor(work.y().storage(), dims, strides);
    activation =
        make.activation(work.relu() ? ActivationWork.Kind.RELU : ActivationWork.Kind.IDENTITY, 0);
    xAt = site.address(work.x());
    yAt = site.address(work.y());
    weightsAt = site.address(work.weights());
    biasAt = work.bias() == null ? null : site.address(work.bias());
    residualAt = work.residual() == null ? null : site.address(work.residual());
    algorithm = new Algorithm(IMPLICIT_GEMM, site.math(), 0, false);
  }

  static ConvolutionExecutable prepare(Site site, ConvolutionWork work) {
    ConvolutionExecutable made = new ConvolutionExecutable(site, work);
    return PlainExecutables.guarded(
        made.owned,
        () -> {
          made.prepareSeparate();
          made.choose();
          return made;
        });
  }

  private boolean hasMore() {
    return work.bias() != null || work.residual() != null || work.relu();
  }

  private void prepareSeparate() {
    View result = work.y();
    boolean isBiasLast = work.residual() == null && work.relu();
    if (work.bias() != null) {
      long[] perChannel = new long[result.rank()];
      perChannel[1] = 1;
      View repeated = work.bias().as(result.shape(), perChannel);
      Binary.Kind kind = isBiasLast ? Binary.Kind.ADD_RELU : Binary.Kind.ADD;
      separate.add(kernel(Binary.work(kind, result, repeated, result)));
    }
    if (work.residual() != null) {
      Binary.Kind kind = work.relu() ? Binary.Kind.ADD_RELU : Binary.Kind.ADD;
      separate.add(kernel(Binary.work(kind, result, work.residual(), result)));
    } else if (work.relu() && work.bias() == null) {
      separate.add(kernel(Unary.work(Unary.Kind.RELU, result, result, 0, 0)));
    }
  }

  private Executable kernel(KernelWork kernel) {
    return new KernelExecutable(site, kernel);
  }

  /** What makes two convolutions the same problem to the search. */
  private String problem() {
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
        "math" + site.math(),
        "limit" + site.options().workspaceLimitBytes(),
        (work.bias() != null ? "b" : "-")
            + (work.residual() != null ? "z" : "-")
            + (work.relu() ? "r" : "-"));
  }

  private void choose() {
    Optional<Algorithm> known = site.cache().find(problem());
    if (known.isPresent()
        && known.get().workspaceBytes() <= site.options().workspaceLimitBytes()
        && fits(known.get())) {
      algorithm = known.get();
      Descriptors.setMath(convolution, algorithm.math());
    } else {
      algorithm = search();
      Descriptors.setMath(convolution, algorithm.math());
      site.cache().put(problem(), algorithm);
    }
    site.workspace().need(algorithm.workspaceBytes());
  }

  /** Whether this cuDNN still wants no more workspace for it than was noted. */
  private boolean fits(Algorithm candidate) {
    Descriptors.setMath(convolution, candidate.math());
    long[] bytes = new long[1];
    int status = workspaceSize(candidate.code(), bytes);
    return status == 0 && bytes[0] <= candidate.workspaceBytes();
  }

  private int workspaceSize(int code, long[] bytes) {
    return JCudnn.cudnnGetConvolutionForwardWorkspaceSize(
        site.gpu().handle(), x, weights, convolution, y, code, bytes);
  }

  private Algorithm search() {
    long limit = site.options().workspaceLimitBytes();
    long wanted = 0;
    for (int code = 0; code < ALGORITHMS; code++) {
      long[] bytes = new long[1];
      int status = workspaceSize(code, bytes);
      if (status == 0 && bytes[0] <= limit) {
        wanted = Math.max(wanted, bytes[0]);
      }
    }
    long room = site.workspace().growTo(wanted);
    cudnnConvolutionFwdAlgoPerf[] found = new cudnnConvolutionFwdAlgoPerf[2 * ALGORITHMS];
    Arrays.setAll(found, i -> new cudnnConvolutionFwdAlgoPerf());
    int[] count = new int[1];
    int status =
        JCudnn.cudnnFindConvolutionForwardAlgorithmEx(
            site.gpu().handle(),
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
            site.workspace().pointer(),
            Math.min(room, site.workspace().bytes()));
    Status.cudnn(status, "cudnnFindConvolutionForwardAlgorithmEx");
    List<cudnnConvolutionFwdAlgoPerf> usable =
        Arrays.stream(found, 0, count[0])
            .filter(row -> row.status == 0 && row.memory <= Math.min(limit, room))
            .filter(
                row ->
                    site.math() != MathType.FMA.code() || row.mathType != MathType.TENSOR_OP.code())
            .toList();
    if (usable.isEmpty()) {
      throw DeviceFailure.passing(
          "cudnnFindConvolutionForwardAlgorithmEx found no algorithm for "
              + problem()
              + "; try --layout nchw, another precision or a larger workspace limit");
    }
    return fastest(candidates(usable));
  }

  /** In the order of the search's times, each fused first where it can be. */
  private List<Algorithm> candidates(List<cudnnConvolutionFwdAlgoPerf> usable) {
    List<Algorithm> candidates = new ArrayList<>();
    double best = usable.get(0).time;
    for (cudnnConvolutionFwdAlgoPerf row : usable) {
      // FP32 means FMA, whatever name the search gives the arithmetic it found it with.
      int math = site.math() == MathType.FMA.code() ? site.math() : row.mathType;
      boolean canFuse = work.relu() || row.algo == IMPLICIT_PRECOMP_GEMM;
      if (candidates.size() < MOST_RETIMED && row.time <= best * WORTH_RETIMING) {
        candidates.add(new Algorithm(row.algo, math, row.memory, hasMore() && canFuse));
      }
    }
    // A bias alone is only fused by one algorithm: it is worth a try even where it is slower alone.
    if (hasMore() && candidates.stream().noneMatch(Algorithm::isFused)) {
      usable.stream()
          .filter(row -> row.algo == IMPLICIT_PRECOMP_GEMM)
          .findFirst()
          .ifPresent(
              row ->
                  candidates.add(
                      new Algorithm(
                          row.algo,
                          site.math() == MathType.FMA.code() ? site.math() : row.mathType,
                          row.memory,
                          true)));
    }
    return candidates;
  }

  /** Times the candidates as they will run, what is fused included. */
  private Algorithm fastest(List<Algorithm> candidates) {
    Algorithm best = null;
    double bestSeconds = Double.POSITIVE_INFINITY;
    for (Algorithm candidate : candidates) {
      for (Algorithm variant :
          candidate.isFused() ? List.of(candidate, separately(candidate)) : List.of(candidate)) {
        Optional<Double> seconds = time(variant, candidates.size() == 1);
        if (seconds.isPresent()) {
          if (seconds.get() < bestSeconds) {
            bestSeconds = seconds.get();
            best = variant;
          }
          break; // fused works: the separate variant is only for when it does not
        }
      }
    }
    if (best == null) {
      throw DeviceFailure.passing(
          "cuDNN ran none of the algorithms that it found for " + problem());
    }
    return best;
  }

  private static Algorithm separately(Algorithm candidate) {
    return new Algorithm(candidate.code(), candidate.math(), candidate.workspaceBytes(), false);
  }

  /** Seconds of one run; nothing if cuDNN does not offer it after all. */
  private Optional<Double> time(Algorithm candidate, boolean onlyTry) {
    algorithm = candidate;
    Descriptors.setMath(convolution, candidate.math());
    int status = launch();
    if (status != 0) {
      DeviceFailure failure = Status.cudnnFailure(status, call());
      if (failure.isSticky()) {
        throw failure;
      }
      // Real versions answer a refusal with more than one code; the device is well, so go on.
      if (Status.isUnsupported(status)) {
        logger.debug("{}; another algorithm is tried", failure.getMessage());
      } else {
        logger.warn("{}; another algorithm is tried for {}", failure.getMessage(), problem());
      }
      return Optional.empty();
    }
    Stream stream = site.gpu().stream();
    stream.synchronize("trying " + Algorithm.forwardName(candidate.code()));
    if (onlyTry) {
      return Optional.of(0.0);
    }
    try (Event start = new Event();
        Event end = new Event()) {
      double total = 0;
      int runs = 0;
      while (runs < MOST_REPEATS && total < LONG_ENOUGH_SECONDS) {
        start.record(stream);
        enqueue();
        end.record(stream);
        stream.synchronize("timing " + Algorithm.forwardName(candidate.code()));
        total += end.secondsSince(start);
        runs++;
      }
      return Optional.of(total / runs);
    }
  }

  @Override
  public void enqueue() {
    Status.cudnn(launch(), call());
    if (!algorithm.isFused()) {
      separate.forEach(Executable::enqueue);
    }
  }

  private String call() {
    return algorithm.isFused()
        ? "cudnnConvolutionBiasActivationForward"
        : "cudnnConvolutionForward";
  }

  private int launch() {
    if (!algorithm.isFused()) {
      return JCudnn.cudnnConvolutionForward(
          site.gpu().handle(),
          Scalars.ONE,
          x,
          xAt,
          weights,
          weightsAt,
          convolution,
          algorithm.code(),
          site.workspace().pointer(),
          algorithm.workspaceBytes(),
          Scalars.ZERO,
          y,
          yAt);
    }
    return JCudnn.cudnnConvolutionBiasActivationForward(
        site.gpu().handle(),
        Scalars.ONE,
        x,
        xAt,
        weights,
        weightsAt,
        convolution,
        algorithm.code(),
        site.workspace().pointer(),
        algorithm.workspaceBytes(),
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
