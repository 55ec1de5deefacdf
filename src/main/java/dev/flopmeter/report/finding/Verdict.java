package dev.flopmeter.report.finding;

import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** The verdict on a result, in one sentence. */
public final class Verdict {
  private Verdict() {}

  /**
   * Such as {@code resnet50, bf16, batch 64 on NVIDIA H200: 41 % of the datasheet peak; 62 % of the
   * time goes to 12 memory-bound layers; stepwise launching would add 4 %}.
   */
  public static String of(ProfileResult result) {
    StringJoiner findings = new StringJoiner("; ");
    findings.add(headline(result));
    if (result.device().isEmulated()) {
      return subject(result) + ": " + findings;
    }
    String bound = boundFinding(result);
    if (bound != null) {
      findings.add(bound);
    }
    if (result.launch() != null) {
      double overhead = Math.max(0, result.launch().overheadRatio());
      findings.add("launching step by step would add " + Figures.percent(overhead));
    }
    return subject(result) + ": " + findings;
  }

  /** The notice for every result of an emulated device. */
  public static String emulated(String device) {
    return Cut.name(device)
        + " is emulated: work, parameters and bytes are exact; times, rates and shares of the peak"
        + " mean nothing.";
  }

  /** {@code resnet50, bf16, batch 64 on NVIDIA H200}. */
  static String subject(ProfileResult result) {
    return Cut.name(result.model().name())
        + ", "
        + result.run().precision()
        + ", batch "
        + result.run().batch()
        + " on "
        + Cut.name(result.device().name());
  }

  private static String headline(ProfileResult result) {
    if (result.device().isEmulated()) {
      return "an emulated device, no times to report";
    }
    Utilization utilization = Utilization.mfu(result);
    String headline =
        utilization == null
            ? Figures.flopRate(result.throughput().achievedFlopsPerSecond())
            : Figures.percent(utilization.share()) + " of the " + utilization.roofName();
    return result.valid() ? headline : "not valid (see the warnings): " + headline;
  }

  private static @Nullable String boundFinding(ProfileResult result) {
    for (Bound bound : List.of(Bound.MEMORY, Bound.LAUNCH)) {
      List<Layer> layers = Breakdown.boundBy(result, bound);
      double share = Breakdown.share(result, layers);
      if (share >= 0.05) {
        return Figures.percent(share)
            + " of the time goes to "
            + count(layers.size(), bound + "-bound layer");
      }
    }
    List<Layer> computing = Breakdown.boundBy(result, Bound.COMPUTE);
    return computing.isEmpty()
        ? null
        : Figures.percent(Breakdown.share(result, computing))
            + " of the time goes to "
            + count(computing.size(), "compute-bound layer");
  }

  /** {@code 1 layer}, {@code 12 layers}. */
  public static String count(int number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /**
   * A share of the roof that is best known: the datasheet's, else the measured one.
   *
   * @param roofName {@code datasheet peak} or {@code measured peak}
   */
  public record Utilization(double share, String roofName, @Nullable Double roof) {
    public static @Nullable Utilization mfu(ProfileResult result) {
      return of(result, result.efficiency().mfu(), true);
    }

    public static @Nullable Utilization mbu(ProfileResult result) {
      return of(result, result.efficiency().mbu(), false);
    }

    private static @Nullable Utilization of(
        ProfileResult result, Shares shares, boolean isCompute) {
      String noun = isCompute ? "peak" : "bandwidth";
      if (shares.datasheet() != null) {
        Double roof = roof(result.roofs().datasheet(), isCompute);
        return new Utilization(shares.datasheet(), "datasheet " + noun, roof);
      }
      if (shares.measured() != null) {
        Double roof = roof(result.roofs().measured(), isCompute);
        return new Utilization(shares.measured(), "measured " + noun, roof);
      }
      return null;
    }

    private static @Nullable Double roof(@Nullable Roof roof, boolean isCompute) {
      if (roof == null) {
        return null;
      }
      return isCompute ? roof.flopsPerSecond() : roof.bytesPerSecond();
    }
  }
}
