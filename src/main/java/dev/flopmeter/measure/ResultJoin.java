package dev.flopmeter.measure;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.measure.RoofSet.Work;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Assignment;
import dev.flopmeter.result.ProfileResult.Attainable;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.result.ProfileResult.Throughput;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.trace.NodeJoin;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a network costs joined with how long it took. */
final class ResultJoin {
  private final ProfileRequest request;
  private final RoofSet roofs;
  private final List<Step> steps;
  private final double floorSeconds;
  private final StepTraffic traffic;
  private final StepChannels channels;
  private final Map<String, LayerCost> counted = new HashMap<>();

  /** The memory of a pass: all weights, and the peak of the activations. */
  private final double passBytes;

  private final Latency latency;
  private final List<Layer> layers;

  /**
   * @param floats how floats are stored
   * @param steps what was timed as one; empty where only the whole pass is known
   * @param floorSeconds what the clock tells apart from nothing; layers near it are marked, and not
   *     placed under a roof
   */
  ResultJoin(
      ProfileRequest request,
      Precision floats,
      RoofSet roofs,
      List<Step> steps,
      Samples samples,
      double floorSeconds) {
    this.request = request;
    this.roofs = roofs;
    this.steps = steps;
    this.floorSeconds = floorSeconds;
    GraphLinks links = new GraphLinks(request.graph());
    request.counts().layers().forEach(layer -> counted.put(layer.name(), layer));
    this.traffic = new StepTraffic(request.graph(), links, counted, floats);
    this.channels = new StepChannels(request.graph(), links);
    this.passBytes =
        weightBytes(request.counts().totals())
            + request.counts().peakActivationBytes() * floats.bytes() / 4.0;
    this.latency = latency(Distribution.of(samples.passes()));
    this.layers =
        IntStream.range(0, steps.size())
            .mapToObj(i -> layer(steps.get(i), samples.step(i)))
            .toList();
  }

  private static Latency latency(Distribution passes) {
    return new Latency(
        passes.median(),
        passes.q1(),
        passes.q3(),
        passes.min(),
        passes.tail(0.90),
        passes.tail(0.95),
        passes.tail(0.99),
        passes.tail(0.999),
        passes.medianInterval(),
        passes.relativeIqr());
  }

  Latency latency() {
    return latency;
  }

  List<Layer> layers() {
    return layers;
  }

  @Nullable Double layerSumRatio() {
    return layers.isEmpty() || latency.median() == 0
        ? null
        : layers.stream().mapToDouble(layer -> layer.time().median()).sum() / latency.median();
  }

  Throughput throughput() {
    double seconds = latency.median();
    return new Throughput(
        request.batch() / seconds, request.counts().totals().macFlops() / seconds);
  }

  Efficiency efficiency() {
    Cost cost = request.counts().totals();
    double bytes = traffic.bytes(request.counts().bytesByType());
    return new Efficiency(
        shares(Roof::flopsPerSecond, throughput().achievedFlopsPerSecond()),
        shares(Roof::bytesPerSecond, bytes / latency.median()),
        bytes == 0 ? null : cost.flops() / bytes,
        attainable());
  }

  /** Judges the times by the roofs, and says what is not counted. */
  void judge(Validity validity) {
    validity.judgePeak(throughput().achievedFlopsPerSecond(), roofs.roofs());
    validity.judgeLayers(layers);
    validity.judgeResolution(layers, floorSeconds);
    validity.judgeCounts(request.counts());
  }

  /** Steps that the runtime adds have no work, so that a perfect one takes no time for them. */
  private @Nullable Attainable attainable() {
    RoofSet.Roofline line = roofs.line();
    if (line == null) {
      return null;
    }
    double flops = 0;
    double seconds = 0;
    for (Step step : steps) {
      Work work = work(step, cost(step), line);
      flops += work.flops();
      seconds += line.idealSeconds(work);
    }
    if (flops == 0) {
      return null;
    }
    double rate = flops / seconds;
    return new Attainable(rate, line.basis(), shares(Roof::flopsPerSecond, rate));
  }

  private Cost cost(Step step) {
    return counted(step).map(LayerCost::cost).reduce(Cost.ZERO, Cost::plus);
  }

  private Stream<LayerCost> counted(Step step) {
    return step.nodes().stream().map(counted::get).filter(Objects::nonNull);
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

  /** How much of the work of the layers, which another runtime named, is the model's. */
  Assignment assignment(@Nullable Double profiledRatio) {
    double macs = 0;
    double known = 0;
    double all = 0;
    for (Layer layer : layers) {
      double seconds = layer.time().median();
      macs += layer.cost().macs();
      all += seconds;
      known += NodeJoin.isAssigned(layer.op(), layer.nodes()) ? seconds : 0;
    }
    long total = request.counts().totals().macs();
    return new Assignment(total == 0 ? 1 : macs / total, all == 0 ? 1 : known / all, profiledRatio);
  }

  static boolean isUnresolved(double seconds, double floorSeconds) {
    return seconds <= 2 * floorSeconds && floorSeconds > 0;
  }

  /** The work of a step; without a roofline no cache is known, so all weights are cold. */
  private Work work(Step step, Cost cost, RoofSet.@Nullable Roofline line) {
    double bytes = traffic.bytes(step);
    double weights = Math.min(bytes, weightBytes(cost));
    double cold = line == null ? 1 : line.coldShare(passBytes);
    return new Work(cost.macFlops(), bytes, cold * weights);
  }

  private double weightBytes(Cost cost) {
    return (double) cost.params() * request.options().precision().bytes();
  }

  private Layer layer(Step step, Distribution times) {
    Cost cost = cost(step);
    boolean isUnresolved = isUnresolved(times.median(), floorSeconds);
    RoofSet.Roofline line = isUnresolved ? null : roofs.line();
    double seconds = times.median();
    Work work = work(step, cost, line);
    boolean isPlaced = seconds > 0 && (work.flops() > 0 || work.bytes() > 0);
    RoofSet.Roofline roof = isPlaced ? line : null;
    return new Layer(
        step.name(),
        step.op(),
        step.nodes(),
        cost,
        new Time(seconds, times.q1(), times.q3(), times.min()),
        work.flops() > 0 && seconds > 0 ? work.flops() / seconds : null,
        work.bytes() > 0 ? cost.flops() / work.bytes() : null,
        roof == null ? null : roof.bound(work, seconds),
        roof == null ? null : roof.level(work),
        roof == null ? null : roof.idealSeconds(work) / seconds,
        isUnresolved ? step.kernel().unresolved() : step.kernel(),
        channels.of(step),
        counted(step).anyMatch(LayerCost::isAsRun) ? true : null);
  }
}
