package dev.flopmeter.measure;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;

/** A plan whose passes take the times of a series, on its own clock. */
final class FakePlan implements Plan {
  final List<String> calls = new ArrayList<>();
  final FakeTime time;
  private final List<Step> steps;
  private final IntToDoubleFunction seconds;
  private final double layerShare;
  private final UnaryOperator<Map<String, Tensor>> answer;
  private final double eagerFactor;
  private int passes;
  boolean isClosed;
  double floor;

  /**
   * @param seconds time of pass 0, 1, ...
   * @param layerShare the layers' sum over the time of the last pass
   */
  FakePlan(
      FakeTime time,
      List<Step> steps,
      IntToDoubleFunction seconds,
      double layerShare,
      UnaryOperator<Map<String, Tensor>> answer,
      double eagerFactor) {
    this.time = time;
    this.steps = steps;
    this.seconds = seconds;
    this.layerShare = layerShare;
    this.answer = answer;
    this.eagerFactor = eagerFactor;
  }

  /** A plan of two steps that returns its inputs as outputs. */
  static FakePlan of(FakeTime time, IntToDoubleFunction seconds) {
    KernelInfo kernel = new KernelInfo("fake", null, null, null);
    List<Step> steps =
        List.of(
            new Step("a", "Conv", List.of("a"), kernel),
            new Step("b", "Relu", List.of("b"), kernel));
    return new FakePlan(time, steps, seconds, 1, inputs -> inputs, 0);
  }

  @Override
  public List<Step> steps() {
    return steps;
  }

  @Override
  public Memory memory() {
    return new Memory(1000, 2000, 300);
  }

  @Override
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    calls.add("run");
    return answer.apply(inputs);
  }

  @Override
  public void load(Map<String, Tensor> inputs) {
    calls.add("load");
  }

  @Override
  public double timePass() {
    calls.add("pass");
    double taken = seconds.applyAsDouble(passes++);
    time.advance(taken);
    return taken;
  }

  /** The first step takes three quarters. */
  @Override
  public double[] timeSteps() {
    calls.add("steps");
    double taken = layerShare * seconds.applyAsDouble(Math.max(0, passes - 1));
    time.advance(taken);
    double[] times = new double[steps.size()];
    java.util.Arrays.fill(times, 0.25 * taken / Math.max(1, steps.size() - 1));
    times[0] = steps.size() == 1 ? taken : 0.75 * taken;
    return times;
  }

  @Override
  public Optional<Double> timeEagerPass() {
    return eagerFactor == 0
        ? Optional.empty()
        : Optional.of(eagerFactor * seconds.applyAsDouble(passes));
  }

  @Override
  public double floorSeconds() {
    return floor;
  }

  @Override
  public void close() {
    isClosed = true;
  }
}
