package dev.flopmeter.report.finding;

import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The verdict on a result, in one sentence. */
public final class Verdict {
  private Verdict() {}

  /**
   * Such as {@code resnet50, bf16, batch 64 on NVIDIA H200: 41 % of the datasheet peak; 62 % of the
   * time goes to 12 memory-bound layers; stepwise launching would add 4 %}.
   */
  public static String of(ProfileResult result) {
    String start = subject(result) + ": ";
    if (result.device().isEmulated()) {
      return start + "emulated device, no valid times";
    }
    StringJoiner findings = new StringJoiner("; ", start, "");
    findings.add(headline(result));
    String bound = boundFinding(result);
    if (bound != null) {
      findings.add(bound);
    }
    if (result.launch() != null) {
      double overhead = Math.max(0, result.launch().overheadRatio());
      findings.add("launching step by step would add " + Figures.percent(overhead));
    }
    return findings.toString();
  }

  /** The notice for every result of an emulated device. */
  public static String emulated(String device) {
    return Cut.name(device)
        + " is emulated: work, parameters and bytes are exact; times, rates and shares of the peak"
        + " are not valid.";
  }

  /** {@code resnet50, bf16, batch 64 on NVIDIA H200}. */
  static String subject(ProfileResult result) {
    return String.format(
        "%s, %s on %s",
        Cut.name(result.model().name()), setting(result), Cut.name(result.device().name()));
  }

  /** {@code bf16, batch 64}. */
  public static String setting(ProfileResult result) {
    return result.run().precision() + ", batch " + result.run().batch();
  }

  private static String headline(ProfileResult result) {
    Utilization utilization = Utilization.mfu(result);
    String headline =
        utilization == null
            ? Figures.flopRate(result.throughput().achievedFlopsPerSecond())
            : utilization.toString();
    return result.valid() ? headline : "not valid (see the warnings): " + headline;
  }

  /** The bound with most of the time; null if no layer has a bound. */
  private static @Nullable String boundFinding(ProfileResult result) {
    List<Layer> most =
        Stream.of(Bound.values())
            .map(bound -> Breakdown.boundBy(result, bound))
            .max(Comparator.comparingDouble(layers -> Breakdown.share(result, layers)))
            .orElseThrow();
    double share = Breakdown.share(result, most);
    Bound bound = share > 0 ? most.get(0).bound() : null;
    return bound == null
        ? null
        : Figures.percent(share)
            + " of the time goes to "
            + count(most.size(), bound.adjective() + " layer");
  }

  /** {@code 1 layer}, {@code 12 layers}. */
  public static String count(int number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /**
   * A share of the most trusted roof: the datasheet's, else the measured one.
   *
   * @param roofName {@code datasheet peak} or {@code measured peak}
   * @param attainable the share that the roofline allows; null for memory, and where unknown
   */
  public record Utilization(
      double share, String roofName, @Nullable Double roof, @Nullable Double attainable) {
    public static @Nullable Utilization mfu(ProfileResult result) {
      Efficiency reached = result.efficiency();
      return of(result, reached.mfu(), reached.attainableMfu(), " peak", Roof::flopsPerSecond);
    }

    /** The share of {@link #mfu} alone. */
    public static @Nullable Double mfuShare(ProfileResult result) {
      Utilization mfu = mfu(result);
      return mfu == null ? null : mfu.share;
    }

    /** The reference for {@link #mfu}. */
    public static @Nullable Double attainableShare(ProfileResult result) {
      Utilization mfu = mfu(result);
      return mfu == null ? null : mfu.attainable;
    }

    public static @Nullable Utilization mbu(ProfileResult result) {
      return of(result, result.efficiency().mbu(), Shares.NONE, " bandwidth", Roof::bytesPerSecond);
    }

    /** {@code 31 % of the datasheet peak (800 TFLOP/s), of 74 % attainable}. */
    public String of(Function<Double, String> format) {
      return text(roof == null ? "" : " (" + format.apply(roof) + ")");
    }

    /** {@code 31 % of the datasheet peak, of 74 % attainable}. */
    @Override
    public String toString() {
      return text("");
    }

    private String text(String roof) {
      return Figures.percent(share) + " of the " + roofName + roof + bound();
    }

    /** {@code , of 74 % attainable}; empty if that is unknown. */
    public String bound() {
      return bound(share, attainable);
    }

    /**
     * The attainable share, to follow the reached one; empty if unknown. If a roof is too low or a
     * cache unknown, a result can exceed it.
     */
    public static String bound(double share, @Nullable Double attainable) {
      if (attainable == null) {
        return "";
      }
      String allowed = Figures.percent(attainable);
      return share > attainable
          ? ", above the " + allowed + " attainable"
          : ", of " + allowed + " attainable";
    }

    private static @Nullable Utilization of(
        ProfileResult result,
        Shares shares,
        Shares attainable,
        String what,
        Function<Roof, @Nullable Double> axis) {
      for (Basis basis : List.of(Basis.DATASHEET, Basis.MEASURED)) {
        Double share = shares.of(basis);
        if (share != null) {
          Roof roof = result.roofs().of(basis);
          Double peak = roof == null ? null : axis.apply(roof);
          return new Utilization(share, basis + what, peak, attainable.of(basis));
        }
      }
      return null;
    }
  }
}
