package dev.flopmeter.report.html;

import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Assignment;
import dev.flopmeter.result.ProfileResult.Cache;
import dev.flopmeter.result.ProfileResult.Launch;
import dev.flopmeter.result.ProfileResult.NumericCheck;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.units.Figures;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** How and where a result was measured: enough to reproduce it. */
record MethodFacts(ProfileResult result) {
  Facts model() {
    ModelInfo model = result.model();
    Facts facts = new Facts();
    facts.add("Name", model.name()).add("Source", model.source());
    facts.add("Operator set", model.opset());
    model.inputs().forEach(input -> facts.add("Input " + input.name(), input.type()));
    facts.add("MACs", Figures.exact(result.cost().macs()));
    facts.add("MACs as run", result.cost().asRunMacs(), Figures::exact);
    facts.add("FLOPs", Figures.exact(result.cost().flops()));
    facts.add("Parameters", Figures.exact(result.cost().params()));
    return facts.add("Peak of activations", Figures.bytes(result.cost().peakActivationBytes()));
  }

  Facts run() {
    Run run = result.run();
    Facts facts = new Facts();
    facts.add("Started", run.startedAt()).add("Backend", run.backend());
    facts.add("Precision", run.precision()).add("Layout", run.layout());
    facts.add("Batch", run.batch()).add("Operators fused", run.fused() ? "yes" : "no");
    facts.add("Warm-up", Verdict.count(run.warmupRuns(), "run"));
    facts.add("Samples kept", run.samples()).addAll("Left out: ", run.droppedSamples());
    facts.add("Stopped because", run.stopReason());
    facts.add("Layers' sum over whole pass", result.layerSumRatio(), Figures::percent);
    Assignment assigned = result.assignment();
    facts.add("MACs assigned", assigned, found -> Figures.percent(found.macs()));
    facts.add("Time assigned", assigned, found -> Figures.percent(found.time()));
    facts.add("Added for padded channels", Breakdown.padding(result));
    Launch launch = result.launch();
    facts.add("Launched step by step", launch, one -> Figures.seconds(one.eagerSeconds()));
    facts.add("Replayed as a graph", launch, one -> Figures.seconds(one.graphSeconds()));
    NumericCheck check = result.numericCheck();
    return facts.add("Output checked", check == null ? "no" : checked(check));
  }

  private static String checked(NumericCheck check) {
    return String.format(
        "%s %s, relative L2 %s (allowed %s)",
        check.passed() ? "agrees with" : "differs from",
        check.reference(),
        scientific(check.relativeL2()),
        scientific(check.tolerance()));
  }

  /** Figures has no prefixes for numbers below one. */
  private static String scientific(double value) {
    if (value == 0 || value >= 0.001) {
      return Figures.number(value);
    }
    int exponent = (int) Math.floor(Math.log10(value));
    return Figures.number(value / Math.pow(10, exponent)) + "e" + exponent;
  }

  Facts device() {
    return new Facts()
        .add("Name", result.device().name())
        .add("Id", result.device().id())
        .addAll("", result.device().properties());
  }

  Facts roofs() {
    Facts facts = new Facts();
    for (Basis basis : Basis.values()) {
      facts.add(basis.title(), roof(result.roofs().of(basis)));
    }
    return facts;
  }

  private static String roof(@Nullable Roof roof) {
    if (roof == null) {
      return "absent";
    }
    StringJoiner figures = new StringJoiner(", ");
    if (roof.flopsPerSecond() != null) {
      figures.add(Figures.flopRate(roof.flopsPerSecond()));
    }
    if (roof.bytesPerSecond() != null) {
      figures.add(Figures.byteRate(roof.bytesPerSecond()));
    }
    for (Cache cache : roof.caches()) {
      figures.add(
          String.format(
              "%s (%s) %s",
              cache.name(),
              Figures.bytes(cache.bytes()),
              Figures.byteRate(cache.bytesPerSecond())));
    }
    return figures.add(roof.source()).toString();
  }

  Facts environment() {
    return new Facts()
        .add("flopmeter", result.environment().flopmeter())
        .add("Java", result.environment().java())
        .add("System", result.environment().os())
        .addAll("", result.environment().libraries());
  }
}
