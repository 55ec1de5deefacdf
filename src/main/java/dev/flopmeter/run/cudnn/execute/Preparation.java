package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.GraphPlans.GraphPlan;
import dev.flopmeter.run.cudnn.execute.PlanSearch.NoEngineException;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.GraphWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.text.Cut;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Prepares the works of one network on its device. */
record Preparation(PreparationContext context, PlanSearch search) {
  private static final Logger logger = LoggerFactory.getLogger(Preparation.class);

  /** In a result and a metric's label. */
  private static final int LONGEST_REASON = 80;

  Preparation(PreparationContext context) {
    this(context, new PlanSearch(context));
  }

  /**
   * Works launched one after the other. cuDNN's first launch determines layout and arithmetic.
   *
   * @param prefix of their names in reports
   */
  Executable series(String prefix, List<? extends Work> works) {
    List<Executable> parts = works.stream().map(this::prepare).toList();
    List<KernelInfo> infos = parts.stream().map(Executable::kernel).toList();
    String names =
        infos.stream().map(KernelInfo::algorithm).distinct().collect(Collectors.joining("+"));
    KernelInfo first =
        infos.stream()
            .filter(info -> infos.size() == 1 || info.layout() != null || info.math() != null)
            .findFirst()
            .orElse(new KernelInfo("", null, null, 0L));
    return new Executable(
        first.named(prefix + (names.isEmpty() ? "none" : names)),
        () -> parts.forEach(Executable::enqueue));
  }

  private Executable prepare(Work work) {
    return work instanceof KernelWork kernel ? kernel(kernel) : graph((GraphWork) work);
  }

  /** A launch of one of our kernels, its arguments packed once. */
  private Executable kernel(KernelWork work) {
    CUfunction function = context.gpu().kernel(work.kernel());
    Pointer parameters = Pointer.to(Pointer.to(work.arguments().pack(context.addresses())));
    return new Executable(
        new KernelInfo("ptx:" + work.kernel(), null, null, 0L),
        () ->
            Status.cuda(
                JCudaDriver.cuLaunchKernel(
                    function,
                    Math.toIntExact(work.blocks()),
                    1,
                    1,
                    work.threads(),
                    1,
                    1,
                    0,
                    context.gpu().stream().handle(),
                    parameters,
                    null),
                "cuLaunchKernel(" + work.kernel() + ")"));
  }

  /** By cuDNN if possible, else in separate steps. */
  private Executable graph(GraphWork work) {
    Optional<String> reason = work.reasonApart();
    if (reason.isEmpty()) {
      try {
        return byCudnn(work);
      } catch (NoEngineException e) {
        logger.debug("{}; it runs without cuDNN", e.getMessage());
        reason = Optional.of(Cut.end(Objects.requireNonNull(e.getMessage()), LONGEST_REASON));
      }
    }
    if (work instanceof ConvolutionWork convolution && convolution.x().storage().isNarrow()) {
      throw new UnsupportedOperatorException(
          DevicePlan.BACKEND,
          "Conv",
          "no engine of cuDNN computes %s by %s in 8 bits here: %s; --no-fuse computes it in floats"
              .formatted(
                  convolution.x().shape(), convolution.weights().shape(), reason.orElseThrow()));
    }
    return series(work.apartName(reason.orElseThrow()), work.apart());
  }

  private Executable byCudnn(GraphWork work) {
    List<GraphLaunch> ways =
        Spelling.all(work).stream()
            .map(
                spelling ->
                    new GraphLaunch(
                        context, spelling, spelling.after().stream().map(this::kernel).toList()))
            .toList();
    PlanSearch.Choice choice = search.choose(ways);
    GraphLaunch way = ways.get(choice.way());
    return new Executable(
        kernelInfo(way, choice.plan(), work.layout()), () -> way.enqueue(choice.plan()));
  }

  /** The engine's number, and the arithmetic by its notes. */
  private KernelInfo kernelInfo(GraphLaunch way, GraphPlan plan, @Nullable MemoryLayout layout) {
    if (plan.isOwn()) {
      return way.after().get(0).kernel();
    }
    // If floats must not use tensor cores, integers still may.
    MathType math = context.math();
    MathType used =
        plan.hasNotes() && plan.isTensorCore() != (math != MathType.FMA)
            ? plan.isTensorCore() ? MathType.TENSOR_OP : MathType.FMA
            : math;
    return new KernelInfo(
        way.spelling().name() + " engine " + plan.engine(),
        layout == null ? null : layout.label(),
        used.label(),
        plan.workspaceBytes());
  }
}
