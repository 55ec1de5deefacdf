package dev.flopmeter.measure;

import dev.flopmeter.count.RunFacts;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.Map;
import java.util.Optional;

/**
 * A backend's unfused float32 result in the model's own layout. For the tested backend itself, this
 * still shows whether fusion and layouts preserve the result.
 *
 * @param isOwned whether the backend is closed with this
 */
public record BackendReference(Backend backend, boolean isOwned) implements Reference {
  @Override
  public String name() {
    return backend.name() + ", unfused";
  }

  @Override
  public Map<String, Tensor> outputs(Graph graph, Map<String, Tensor> inputs) {
    RunOptions plain =
        RunOptions.DEFAULT.withPrecision(Precision.FP32).withLayout(Layout.NCHW).withFuse(false);
    try (Plan plan = backend.prepare(graph, plain)) {
      return plan.run(inputs);
    }
  }

  @Override
  public Optional<RunFacts> facts(Graph graph, Map<String, Tensor> inputs) {
    return backend.facts(graph, inputs);
  }

  @Override
  public void close() {
    if (isOwned) {
      backend.close();
    }
  }
}
