package dev.flopmeter.live;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.live.ShapeCosts.Counted;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.ValueInfo;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The live efficiency of a model in a service: how much of the device's peak it uses during
 * inference.
 *
 * <pre>{@code
 * ModelEfficiency efficiency =
 *     ModelEfficiency.of(Flopmeter.count(block, new Shape(1, 3, 224, 224)))
 *         .device("cuda:0", "NVIDIA H200")
 *         .precision("tf32")
 *         .bindTo(registry);
 * ...
 * efficiency.record(8, nanos); // a call of 8 inferences took this long
 * }</pre>
 *
 * <p>Thread-safe. {@link #record(long, long)} takes no lock, never waits and allocates nothing;
 * only the first call registers the meters that need one. The meters read sums in memory.
 */
public final class ModelEfficiency implements MeterBinder, AutoCloseable {
  private final Workload workload;
  private final CallCosts costs;
  private final Totals totals = new Totals();
  private final Meters meters;
  private volatile boolean hasStarted;

  ModelEfficiency(Workload workload, CallCosts costs) {
    this.workload = workload;
    this.costs = costs;
    this.meters = new Meters(workload, costs, totals);
  }

  /** For a model whose calls differ at most in their batch. */
  public static EfficiencyBuilder of(Counts counts) {
    return new EfficiencyBuilder(
        counts.model().name(), (batch, precision) -> BatchCosts.of(counts, batch, precision));
  }

  /**
   * For a model whose calls differ in their shapes. Each distinct set of shapes is counted on first
   * use; the leading dimension of the first input is the batch.
   *
   * @param model name for the label {@code model}
   * @param counter the count for a call's shapes; throws {@link ModelException} if the model does
   *     not accept them
   * @param limit the number of distinct sets of shapes to keep; the oldest is dropped first
   */
  public static EfficiencyBuilder of(
      String model, Function<InputShapes, Counts> counter, int limit) {
    return byShape(model, shapes -> new Counted(counter.apply(shapes), shapes.batch()), limit);
  }

  /**
   * The same for a model that flopmeter reads, such as an ONNX file. A call passes the shapes of
   * all inputs in the model's order; the batch is the dimension that the model declares as such.
   */
  public static EfficiencyBuilder of(Model model, int limit) {
    List<ValueInfo> inputs = model.inputs();
    return byShape(
        model.name(),
        shapes -> {
          if (shapes.shapes().size() != inputs.size()) {
            throw new ModelException(
                "the model has %d inputs; the call gives %d"
                    .formatted(inputs.size(), shapes.shapes().size()));
          }
          Bindings bindings = Bindings.NONE;
          for (int i = 0; i < inputs.size(); i++) {
            bindings = bindings.withShape(inputs.get(i).name(), shapes.shapes().get(i));
          }
          Graph graph = model.bind(bindings);
          return new Counted(Counter.standard().count(model, graph), graph.batch());
        },
        limit);
  }

  private static EfficiencyBuilder byShape(
      String model, Function<InputShapes, Counted> counter, int limit) {
    if (limit < 1) {
      throw new IllegalArgumentException("the limit of shapes must be at least 1, not " + limit);
    }
    return new EfficiencyBuilder(
        model,
        (batch, precision) -> {
          if (batch != null) {
            throw new IllegalArgumentException("a fixed batch needs a count, not one per shape");
          }
          return new ShapeCosts(counter, limit, precision);
        });
  }

  /**
   * Publishes the meters in a registry. Several registries may be bound, and all show the same
   * sums; binding one a second time changes nothing. Bind either a composite or the registries in
   * it, not both. The histogram of durations goes to each Prometheus registry, also to the current
   * members of a composite; others get the count and the sum, and all get quantiles of the window.
   *
   * <p>Predictors of one model share one instance.
   *
   * @throws IllegalStateException if the registry has another workload of the same labels, or its
   *     filters remove the label that tells the two apart
   */
  @Override
  public synchronized void bindTo(MeterRegistry registry) {
    meters.bindTo(registry, hasStarted);
  }

  /**
   * Removes the meters from all registries, except the device's peaks, which other workloads may
   * share. Calls may still be recorded, and the sums grow; {@link #bindTo} publishes them again.
   */
  @Override
  public synchronized void close() {
    meters.close();
  }

  /** The values of this workload's labels. */
  public Workload workload() {
    return workload;
  }

  /**
   * Records a call.
   *
   * @param batch inferences in it
   * @param nanos the duration, measured as {@link Workload#timing} says
   * @throws IllegalArgumentException if the batch is below 1 or not the fixed one, or the time is
   *     negative
   * @throws IllegalStateException if the cost depends on shapes, so that they are needed
   */
  public void record(long batch, long nanos) {
    if (!(costs instanceof BatchCosts byBatch)) {
      throw new IllegalStateException(
          "the cost of '" + workload.name() + "' depends on shapes; record a call with its shapes");
    }
    requireSane(batch, nanos);
    if (byBatch.fixedBatch() != null && byBatch.fixedBatch() != batch) {
      throw new IllegalArgumentException(
          "a batch of %s in '%s', which is fixed to %s"
              .formatted(batch, workload.name(), byBatch.fixedBatch()));
    }
    add(batch, nanos);
  }

  /**
   * Records a call by the shapes of its inputs.
   *
   * @throws IllegalArgumentException if the batch is below 1, the time is negative, or the model
   *     does not accept the shapes
   */
  public void record(InputShapes shapes, long nanos) {
    if (costs instanceof BatchCosts byBatch) {
      record(byBatch.batch(shapes), nanos);
      return;
    }
    ShapeCosts.Entry call = ((ShapeCosts) costs).of(shapes);
    requireSane(call.batch(), nanos);
    totals.addShaped(2.0 * call.cost().macs(), call.bytes());
    add(call.batch(), nanos);
  }

  /** Records a call without ever failing its host; a call that cannot be recorded is counted. */
  void recordOrDiscard(Supplier<InputShapes> shapes, long nanos) {
    try {
      record(shapes.get(), nanos);
    } catch (IllegalArgumentException | ModelException e) {
      discard("shape");
    } catch (RuntimeException e) {
      discard("error");
    }
  }

  /**
   * Counts a call whose efficiency could not be recorded.
   *
   * @param reason one word for the label, of a small set
   */
  public void discard(String reason) {
    meters.discarded(reason);
  }

  private static void requireSane(long batch, long nanos) {
    if (batch < 1) {
      throw new IllegalArgumentException("a batch of " + batch + "; it must be at least 1");
    }
    if (nanos < 0) {
      throw new IllegalArgumentException(
          "a call of " + nanos + " ns; measure with System.nanoTime, which is monotonic");
    }
  }

  private void add(long batch, long nanos) {
    totals.add(batch, nanos);
    if (!hasStarted) {
      start();
    }
  }

  private synchronized void start() {
    if (!hasStarted) {
      hasStarted = true;
      meters.started();
    }
  }
}
