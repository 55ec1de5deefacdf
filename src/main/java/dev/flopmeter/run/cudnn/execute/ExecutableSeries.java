package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Works launched one after the other.
 *
 * @param prefix what their names begin with in reports
 */
record ExecutableSeries(String prefix, List<Executable> parts, ResourceStack owned)
    implements Executable {
  static ExecutableSeries prepare(
      PreparationContext context, String prefix, List<? extends Work> works) {
    ResourceStack owned = new ResourceStack();
    return owned.guarding(
        () ->
            new ExecutableSeries(
                prefix,
                works.stream().map(work -> owned.add(context.prepare(work))).toList(),
                owned));
  }

  @Override
  public void enqueue() {
    parts.forEach(Executable::enqueue);
  }

  /** The first launch that is cuDNN's tells layout and arithmetic. */
  @Override
  public KernelInfo kernel() {
    List<KernelInfo> infos = parts.stream().map(Executable::kernel).toList();
    String names =
        infos.stream().map(KernelInfo::algorithm).distinct().collect(Collectors.joining("+"));
    KernelInfo first =
        infos.stream()
            .filter(info -> infos.size() == 1 || info.layout() != null || info.math() != null)
            .findFirst()
            .orElse(new KernelInfo("", null, null, 0L));
    return first.named(prefix + (names.isEmpty() ? "none" : names));
  }

  @Override
  public void close() {
    owned.close();
  }
}
