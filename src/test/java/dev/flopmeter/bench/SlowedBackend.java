package dev.flopmeter.bench;

import dev.flopmeter.device.Device;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.util.List;
import java.util.Map;

/** A backend whose passes really take longer by about a given share: it spins after each pass. */
record SlowedBackend(Backend backend, double share) implements Backend {
  @Override
  public String name() {
    return backend.name();
  }

  @Override
  public Device device() {
    return backend.device();
  }

  @Override
  public Map<String, String> libraries() {
    return backend.libraries();
  }

  @Override
  public Plan prepare(Graph graph, RunOptions options) {
    return new SlowedPlan(backend.prepare(graph, options), share);
  }

  @Override
  public void close() {}

  private record SlowedPlan(Plan plan, double share) implements Plan {
    @Override
    public List<Step> steps() {
      return plan.steps();
    }

    @Override
    public Memory memory() {
      return plan.memory();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
      return plan.run(inputs);
    }

    @Override
    public void load(Map<String, Tensor> inputs) {
      plan.load(inputs);
    }

    @Override
    public double timePass() {
      return slowed(plan.timePass());
    }

    @Override
    public double[] timeSteps() {
      double[] steps = plan.timeSteps();
      for (int i = 0; i < steps.length; i++) {
        steps[i] = slowed(steps[i]);
      }
      return steps;
    }

    private double slowed(double seconds) {
      long start = System.nanoTime();
      long until = start + Math.round(share * seconds * 1e9);
      long now = start;
      while (now < until) {
        Thread.onSpinWait();
        now = System.nanoTime();
      }
      return seconds + (now - start) * 1e-9;
    }

    @Override
    public void close() {
      plan.close();
    }
  }
}
