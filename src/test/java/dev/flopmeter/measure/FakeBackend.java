package dev.flopmeter.measure;

import dev.flopmeter.device.Device;
import dev.flopmeter.model.Graph;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.Map;
import java.util.function.BiFunction;

/** A backend that returns given plans. */
record FakeBackend(Device device, BiFunction<Graph, RunOptions, Plan> plans) implements Backend {
  @Override
  public String name() {
    return "fake";
  }

  @Override
  public Map<String, String> libraries() {
    return Map.of("fakelib", "1.2");
  }

  @Override
  public Plan prepare(Graph graph, RunOptions options) {
    return plans.apply(graph, options);
  }

  @Override
  public void close() {}
}
