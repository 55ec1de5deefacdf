package dev.flopmeter.measure;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.result.ProfileResult.Throughput;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.run.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Joins what a network costs with how long it took. */
final class ResultJoin {
  private final ProfileRequest request;
  private final RoofSet roofs;
  private final StepTraffic traffic;
  private final StepChannels channels;

  ResultJoin(ProfileRequest request, RoofSet roofs) {
    this.request = request;
    this.roofs = roofs;
    this.traffic =
        new StepTraffic(request.graph(), request.counts(), request.options().precision());
    this.channels = new StepChannels(request.graph());
  }

  static Latency latency(Distribution passes) {
    Distribution.Interval interval = passes.medianInterval();
    return new Latency(
        passes.median(),
        passes.q1(),
        passes.q3(),
        passes.min(),
        boxed(passes.tail(0.90)),
        boxed(passes.tail(0.95)),
        boxed(passes.tail(0.99)),
        boxed(passes.tail(0.999)),
        interval.low(),
        interval.high(),
        passes.relativeIqr());
  }

  private static @Nullable Double boxed(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }

  Throughput throughput(double seconds) {
    return new Throughput(
        request.batch() / seconds, request.counts().totals().macFlops() / seconds);
  }

  Efficiency efficiency(double seconds) {
    Cost cost = request.counts().totals();
    double bytes = traffic.bytes(request.counts().bytesByType());
    return new Efficiency(
        shares(Roof::flopsPerSecond, cost.macFlops() / seconds),
        shares(Roof::bytesPerSecond, bytes / seconds),
        bytes == 0 ? null : cost.flops() / bytes);
  }

  private Shares shares(Function<Roof, @Nullable Double> axis, double rate) {
    Roofs known = roofs.roofs();
    return new Shares(
        share(known.datasheet(), axis, rate),
        share(known.measured(), axis, rate),
        share(known.clockAdjusted(), axis, rate));
  }

  private static @Nullable Double share(
      @Nullable Roof roof, Function<Roof, @Nullable Double> axis, double rate) {
    Double peak = roof == null ? null : axis.apply(roof);
    return peak == null ? null : rate / peak;
  }

  List<Layer> layers(List<Step> steps, Samples samples) {
    Map<String, Cost> costs = new HashMap<>();
    for (LayerCost layer : request.counts().layers()) {
      costs.put(layer.name(), layer.cost());
    }
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      Cost cost = Cost.ZERO;
      for (String node : step.nodes()) {
        cost = cost.plus(costs.getOrDefault(node, Cost.ZERO));
      }
      layers.add(layer(step, cost, traffic.bytes(step), samples.step(i)));
    }
    return layers;
  }

  private Layer layer(Step step, Cost cost, double bytes, Distribution times) {
    double seconds = times.median();
    long flops = cost.macFlops();
    Roofline line = roofs.line();
    boolean isPlaced = line != null && seconds > 0 && (flops > 0 || bytes > 0);
    return new Layer(
        step.name(),
        step.op(),
        step.nodes(),
        cost,
        new Time(seconds, times.q1(), times.q3(), times.min()),
        flops > 0 && seconds > 0 ? flops / seconds : null,
        bytes > 0 ? cost.flops() / bytes : null,
        isPlaced && line != null ? line.bound(flops, bytes) : null,
        isPlaced && line != null ? line.efficiency(flops, bytes, seconds) : null,
        step.kernel(),
        channels.of(step));
  }
}
