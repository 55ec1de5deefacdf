package dev.flopmeter.count;

/** The two conventions that follow from {@link Work} alone. */
public record OwnConvention(String name, String unit, int perMac) implements Convention {
  /** Two per MAC, and the documented cost of every other operator: the default. */
  public static final OwnConvention FLOPS = new OwnConvention("flops", "FLOP", 2);

  /** Multiply-accumulates of convolutions, matrix products, attention and recurrent cells. */
  public static final OwnConvention MACS = new OwnConvention("macs", "MAC", 1);

  @Override
  public long count(CountedNode call) {
    return perMac == 2 ? call.work().flops() : call.work().macs();
  }
}
