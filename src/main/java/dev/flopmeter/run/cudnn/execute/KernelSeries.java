package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import java.util.List;

/** Launches of our kernels, one after the other. */
record KernelSeries(List<KernelExecutable> parts) implements Executable {
  static KernelSeries of(PreparationContext context, List<KernelWork> works) {
    return new KernelSeries(
        works.stream().map(work -> new KernelExecutable(context, work)).toList());
  }

  @Override
  public void enqueue() {
    parts.forEach(Executable::enqueue);
  }

  @Override
  public KernelInfo kernel() {
    return PreparedStep.joined(parts.stream().map(Executable::kernel).toList());
  }

  @Override
  public void close() {
    parts.forEach(Executable::close);
  }
}
