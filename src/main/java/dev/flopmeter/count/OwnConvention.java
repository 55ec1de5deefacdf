package dev.flopmeter.count;

/** The two conventions that follow from {@link Work} alone. */
public record OwnConvention(String name, String unit, int perMac, String note)
    implements Convention {
  /** Two per MAC, and the documented cost of every other operator: the default. */
  public static final OwnConvention FLOPS =
      new OwnConvention(
          "flops", "FLOP", 2, "2 per MAC and every other operator at its documented cost");

  /** Multiply-accumulates of convolutions, matrix products, attention and recurrent cells. */
  public static final OwnConvention MACS =
      new OwnConvention(
          "macs",
          "MAC",
          1,
          "multiply-accumulates of convolutions, matrix products, attention and recurrent cells");

  @Override
  public String version() {
    return "flopmeter";
  }

  @Override
  public long count(CountedNode call) {
    return perMac == 2 ? call.work().flops() : call.work().macs();
  }
}
