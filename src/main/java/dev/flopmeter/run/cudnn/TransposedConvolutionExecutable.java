package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.KernelInfo;
import java.util.Arrays;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnTensorDescriptor;

/** A transposed convolution with the fastest algorithm that the search found. */
final class TransposedConvolutionExecutable implements Executable {
  private final Site site;
  private final Closing owned = new Closing();
  private final cudnnTensorDescriptor x;
  private final cudnnTensorDescriptor y;
  private final cudnnFilterDescriptor weights;
  private final cudnnConvolutionDescriptor convolution;
  private final Address xAt;
  private final Address yAt;
  private final Address weightsAt;
  private final Algorithm algorithm;

  TransposedConvolutionExecutable(Site site, TransposedConvolutionWork work) {
    this.site = site;
    Descriptors make = new Descriptors(owned);
    try {
      x = make.tensor(work.x());
      y = make.tensor(work.y());
      weights = make.filter(work.weights(), Format.PLAIN);
      convolution =
          make.convolution(work.pad(), work.stride(), work.dilation(), work.groups(), site.math());
      xAt = site.address(work.x());
      yAt = site.address(work.y());
      weightsAt = site.address(work.weights());
      algorithm = search();
    } catch (RuntimeException | Error e) {
      owned.close();
      throw e;
    }
    Descriptors.setMath(convolution, algorithm.math());
    site.workspace().need(algorithm.workspaceBytes());
  }

  private Algorithm search() {
    long limit = site.options().workspaceLimitBytes();
    cudnnConvolutionBwdDataAlgoPerf[] found = new cudnnConvolutionBwdDataAlgoPerf[12];
    Arrays.setAll(found, i -> new cudnnConvolutionBwdDataAlgoPerf());
    int[] count = new int[1];
    long wanted = 0;
    for (int code = 0; code < 6; code++) {
      long[] bytes = new long[1];
      int status =
          JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(
              site.gpu().handle(), weights, x, convolution, y, code, bytes);
      if (status == 0 && bytes[0] <= limit) {
        wanted = Math.max(wanted, bytes[0]);
      }
    }
    long room = site.workspace().growTo(wanted);
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
            Math.min(room, site.workspace().bytes())),
        "cudnnFindConvolutionBackwardDataAlgorithmEx");
    boolean isFma = site.math() == MathType.FMA.code();
    return Arrays.stream(found, 0, count[0])
        .filter(row -> row.status == 0 && row.memory <= Math.min(limit, room))
        .findFirst()
        .map(row -> new Algorithm(row.algo, isFma ? site.math() : row.mathType, row.memory, false))
        .orElseThrow(
            () ->
                DeviceFailure.passing(
                    "cudnnFindConvolutionBackwardDataAlgorithmEx found no algorithm; try another"
                        + " precision or a larger workspace limit"));
  }

  @Override
  public void enqueue() {
    Status.cudnn(
        JCudnn.cudnnConvolutionBackwardData(
            site.gpu().handle(),
            Scalars.ONE,
            weights,
            weightsAt,
            x,
            xAt,
            convolution,
            algorithm.code(),
            site.workspace().pointer(),
            algorithm.workspaceBytes(),
            Scalars.ZERO,
            y,
            yAt),
        "cudnnConvolutionBackwardData");
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
