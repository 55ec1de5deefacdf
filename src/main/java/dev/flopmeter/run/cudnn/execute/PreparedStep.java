package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.cudnn.plan.PlannedStep;
import java.util.List;
import java.util.stream.Collectors;

/** A step with its launches. */
record PreparedStep(PlannedStep plan, List<Executable> executables) {
  void enqueue() {
    for (Executable executable : executables) {
      executable.enqueue();
    }
  }

  /** For reports: the first launch that is cuDNN's tells layout and arithmetic. */
  Step describe() {
    return new Step(plan.name(), plan.op(), plan.nodes(), kernel());
  }

  private KernelInfo kernel() {
    return joined(executables.stream().map(Executable::kernel).toList());
  }

  static KernelInfo joined(List<KernelInfo> infos) {
    if (infos.size() == 1) {
      return infos.get(0);
    }
    String names =
        infos.stream().map(KernelInfo::algorithm).distinct().collect(Collectors.joining("+"));
    return infos.stream()
        .filter(info -> info.layout() != null || info.math() != null)
        .findFirst()
        .map(info -> new KernelInfo(names, info.layout(), info.math(), info.workspaceBytes()))
        .orElse(new KernelInfo(names.isEmpty() ? "none" : names, null, null, 0L));
  }
}
