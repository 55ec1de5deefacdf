package dev.flopmeter.report.html;

import static dev.flopmeter.report.html.LatencyChart.fact;

import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.NumericCheck;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.units.Figures;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How and where a result was measured: enough to reproduce it. */
final class MethodSection {
  private final ProfileResult result;

  MethodSection(ProfileResult result) {
    this.result = result;
  }

  void draw(Markup out) {
    out.open("div.columns");
    out.open("div");
    model(out);
    run(out);
    out.close("div").open("div");
    device(out);
    roofs(out);
    environment(out);
    out.close("div").close("div");
    out.element(
        "p.note",
        "Times are those of an undisturbed pass; layers are timed in a second pass with a clock"
            + " reading between steps. MFU counts 2 FLOP per multiply-accumulate and nothing else,"
            + " against the dense peak of the precision. A layer's roof is the lower of peak and"
            + " bandwidth times intensity; its traffic is every input, weight and output once.");
  }

  private static void begin(Markup out, String title) {
    out.open("table.facts").element("caption", title).open("tbody");
  }

  private static void end(Markup out) {
    out.close("tbody").close("table");
  }

  private void model(Markup out) {
    ModelInfo model = result.model();
    begin(out, "Model");
    fact(out, "Name", model.name());
    fact(out, "Source", model.source());
    fact(out, "Operator set", Integer.toString(model.opset()));
    for (ModelInfo.Input input : model.inputs()) {
      fact(out, "Input " + input.name(), input.type().toString());
    }
    fact(out, "MACs", Figures.exact(result.cost().macs()));
    fact(out, "FLOPs", Figures.exact(result.cost().flops()));
    fact(out, "Parameters", Figures.exact(result.cost().params()));
    fact(out, "Peak of activations", Figures.bytes(result.cost().peakActivationBytes()));
    end(out);
  }

  private void run(Markup out) {
    Run run = result.run();
    begin(out, "Run");
    fact(out, "Started", run.startedAt().toString());
    fact(out, "Backend", run.backend());
    fact(out, "Precision", run.precision().label());
    fact(out, "Layout", run.layout());
    fact(out, "Batch", Long.toString(run.batch()));
    fact(out, "Operators fused", run.fused() ? "yes" : "no");
    fact(out, "Warm-up", Verdict.count(run.warmupRuns(), "run"));
    fact(out, "Samples kept", Integer.toString(run.samples()));
    for (Map.Entry<String, Integer> dropped : new TreeMap<>(run.droppedSamples()).entrySet()) {
      fact(out, "Left out: " + dropped.getKey(), dropped.getValue().toString());
    }
    fact(out, "Stopped because", run.stopReason());
    if (result.layerSumRatio() != null) {
      fact(out, "Layers' sum over the whole", Figures.percent(result.layerSumRatio()));
    }
    if (result.assignment() != null) {
      fact(out, "MACs assigned", Figures.percent(result.assignment().macs()));
      fact(out, "Time assigned", Figures.percent(result.assignment().time()));
    }
    if (result.launch() != null) {
      fact(out, "Launched step by step", Figures.seconds(result.launch().eagerSeconds()));
      fact(out, "Replayed as a graph", Figures.seconds(result.launch().graphSeconds()));
    }
    NumericCheck check = result.numericCheck();
    fact(
        out,
        "Output checked",
        check == null
            ? "no"
            : (check.passed() ? "agrees with " : "differs from ")
                + check.reference()
                + ", relative L2 "
                + scientific(check.relativeL2())
                + " (allowed "
                + scientific(check.tolerance())
                + ")");
    end(out);
  }

  /** Figures has no prefixes for numbers below one. */
  private static String scientific(double value) {
    return value == 0 || value >= 0.001 ? Figures.number(value) : exponent(value);
  }

  private static String exponent(double value) {
    int exponent = (int) Math.floor(Math.log10(value));
    return Figures.number(value / Math.pow(10, exponent)) + "e" + exponent;
  }

  private void device(Markup out) {
    begin(out, "Device");
    fact(out, "Name", result.device().name());
    fact(out, "Id", result.device().id());
    for (Map.Entry<String, String> property :
        new TreeMap<>(result.device().properties()).entrySet()) {
      fact(out, property.getKey(), property.getValue());
    }
    end(out);
  }

  private void roofs(Markup out) {
    begin(out, "Roofs");
    roof(out, "Datasheet", result.roofs().datasheet());
    roof(out, "Measured", result.roofs().measured());
    roof(out, "Clock-adjusted", result.roofs().clockAdjusted());
    end(out);
  }

  private static void roof(Markup out, String name, @Nullable Roof roof) {
    if (roof == null) {
      fact(out, name, "absent");
      return;
    }
    String figures =
        java.util.stream.Stream.of(
                roof.flopsPerSecond() == null ? "" : Figures.flopRate(roof.flopsPerSecond()),
                roof.bytesPerSecond() == null ? "" : Figures.byteRate(roof.bytesPerSecond()),
                roof.source())
            .filter(text -> !text.isEmpty())
            .collect(Collectors.joining(", "));
    fact(out, name, figures);
  }

  private void environment(Markup out) {
    begin(out, "Environment");
    fact(out, "flopmeter", result.environment().flopmeter());
    fact(out, "Java", result.environment().java());
    fact(out, "System", result.environment().os());
    for (Map.Entry<String, String> library :
        new TreeMap<>(result.environment().libraries()).entrySet()) {
      fact(out, library.getKey(), library.getValue());
    }
    end(out);
  }
}
