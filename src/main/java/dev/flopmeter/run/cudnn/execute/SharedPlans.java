package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The graphs of one network with their plans; equal graphs, as of equal layers, are planned once.
 */
final class SharedPlans implements AutoCloseable {
  private final Gpu gpu;
  private final boolean isFma;
  private final ResourceStack owned = new ResourceStack();
  private final Map<String, GraphPlans> known = new HashMap<>();
  private final Map<String, String> refused = new HashMap<>();

  /**
   * @param isFma whether tensor cores must not be used
   */
  SharedPlans(Gpu gpu, boolean isFma) {
    this.gpu = gpu;
    this.isFma = isFma;
  }

  /**
   * The plans of a graph.
   *
   * @throws DeviceFailure if cuDNN does not offer it
   */
  GraphPlans of(OperationGraph graph) {
    String key = graph.key();
    GraphPlans plans = known.get(key);
    if (plans != null) {
      return plans;
    }
    String refusal = refused.get(key);
    if (refusal != null) {
      throw DeviceFailure.passing(refusal);
    }
    try {
      GraphPlans made = owned.add(new GraphPlans(gpu, graph, isFma));
      known.put(key, made);
      return made;
    } catch (DeviceFailure e) {
      GraphExecutable.requireHealthy(e);
      refused.put(key, Objects.requireNonNullElse(e.getMessage(), "cuDNN refuses it"));
      throw e;
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
