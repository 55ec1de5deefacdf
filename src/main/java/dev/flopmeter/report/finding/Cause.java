package dev.flopmeter.report.finding;

import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.result.ProfileResult.Layer;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Why a layer takes longer than it should, from its own figures. The first reason that applies is
 * its cause.
 *
 * @param label in a few words; the row of {@code advice.csv} for it. Empty for a layer near its
 *     roof
 * @param lostShare of the layer's own time, 0 to 1
 */
record Cause(String label, double lostShare) {
  private static final Cause NONE = new Cause("", 0);

  /** Fewer channels than this do not fill vector registers or tiles. */
  private static final long FEW_CHANNELS = 16;

  /** Floats in the shorter vector registers of today's processors. */
  private static final long VECTOR = 8;

  /** Tiles that leave more than this share of a GPU idle explain a slow layer. */
  private static final double IDLE = 0.25;

  /**
   * @param isFirst whether no layer is before it that it could be fused into
   * @param known the share of its roof that a layer can reach at best with what slows the whole run
   */
  static Cause of(ProfileResult result, Layer layer, boolean isFirst, double known) {
    if (layer.nodes().isEmpty() && layer.op().equals("Cast")) {
      return new Cause("type conversion", 1);
    }
    if (layer.nodes().isEmpty()) {
      return new Cause("layout conversion", 1);
    }
    if (layer.op().equals("Transpose")) {
      return new Cause("transposition", 1);
    }
    if (!isFirst && layer.bound() != Bound.LAUNCH && isElementwise(layer)) {
      return new Cause("unfused", 1);
    }
    if (layer.bound() == null && layer.kernel().takesOnlyACall()) {
      return new Cause("launch", 1);
    }
    if (layer.bound() == null) {
      boolean isJudged = result.layers().stream().anyMatch(other -> other.bound() != null);
      return isJudged ? new Cause("no work", 1) : NONE;
    }
    double efficiency = Math.min(1, Objects.requireNonNullElse(layer.rooflineEfficiency(), 1.0));
    if (layer.bound() == Bound.LAUNCH) {
      return new Cause("launch", 1 - efficiency);
    }
    double weights = weightShare(result, layer);
    if (layer.bound() == Bound.MEMORY && weights > 0.5) {
      return new Cause("weights", weights);
    }
    double padding = 1 - filled(layer, block(result));
    if (layer.bound() != Bound.INEFFICIENT || efficiency >= Bound.NEAR_ROOF * known) {
      return padding > 0 ? new Cause("odd channels", padding) : NONE;
    }
    return ofShape(result, layer, 1 - efficiency / known, padding);
  }

  /** The cause for a layer that is far below every roof. */
  private static Cause ofShape(ProfileResult result, Layer layer, double lost, double padding) {
    Channels channels = layer.channels();
    boolean isGpu = result.device().kind() == DeviceKind.CUDA;
    boolean mayUseTensorCores = result.run().precision() != Precision.FP32;
    if (isGpu
        && layer.cost().macs() > 0
        && mayUseTensorCores
        && "fma".equals(layer.kernel().math())) {
      return new Cause("no tensor cores", lost);
    }
    if (operators(layer)
        .anyMatch(op -> OperatorTrait.RECURRENT.has(op) || OperatorTrait.CONTROL_FLOW.has(op))) {
      return new Cause("sequential", lost);
    }
    if (channels != null && channels.hasGroups()) {
      boolean isDepthwise = Objects.equals(channels.groups(), channels.in());
      return new Cause(isDepthwise ? "depthwise" : "grouped", lost);
    }
    if (channels != null && Math.min(channels.in(), channels.out()) < FEW_CHANNELS) {
      return new Cause("few channels", lost);
    }
    if (padding > IDLE) {
      return new Cause("odd channels", padding);
    }
    if (!isGpu && channels != null && (channels.in() | channels.out()) % VECTOR != 0) {
      return new Cause("uneven channels", lost);
    }
    Tiles tiles = tiles(result, layer);
    if (tiles != null && 1 - tiles.busy() > IDLE) {
      return tiles.isLessThanOneWave()
          ? new Cause("few blocks", lost)
          : new Cause("last wave", 1 - tiles.busy());
    }
    return new Cause("kernel", lost);
  }

  private static boolean isElementwise(Layer layer) {
    return layer.cost().macs() == 0 && operators(layer).allMatch(OperatorTrait.ONE_PASS::has);
  }

  private static Stream<String> operators(Layer layer) {
    return Stream.of(layer.op().split("\\+"));
  }

  /** The share of a layer's bytes that are weights, which a larger batch reads no more often. */
  private static double weightShare(ProfileResult result, Layer layer) {
    Double bytes = Breakdown.trafficBytes(layer);
    double weights = (double) layer.cost().params() * result.run().precision().bytes();
    return bytes == null || layer.cost().macs() == 0 ? 0 : Math.min(1, weights / bytes);
  }

  /** The tiles of a layer on a GPU; null if its size or the device's is unknown. */
  static @Nullable Tiles tiles(ProfileResult result, Layer layer) {
    Channels channels = layer.channels();
    Double count = result.device().number("sm_count");
    Long positions = channels == null ? null : channels.positions();
    return channels == null || positions == null || count == null || count == 0
        ? null
        : Tiles.of(positions, channels, count.intValue());
  }

  /**
   * Tensor cores process channels in blocks of 16 bytes: 8 in 16 bits, 4 in tf32. Other numbers are
   * padded with zeros, or processed by a kernel without tensor cores. 0 if there are none.
   *
   * @see <a href="https://docs.nvidia.com/deeplearning/performance/dl-performance-convolutional/">
   *     NVIDIA's guide to convolutional layers, channels in and out</a>
   */
  static int block(ProfileResult result) {
    if (result.device().kind() != DeviceKind.CUDA) {
      return 0;
    }
    return switch (result.run().precision()) {
      case INT8, FP8 -> 16;
      case FP16, BF16 -> 8;
      case TF32 -> 4;
      case FP32 -> 0;
    };
  }

  /** The share of a layer's work that remains after its channels are padded to whole blocks. */
  private static double filled(Layer layer, int block) {
    Channels channels = layer.channels();
    return channels == null
            || block == 0
            || channels.hasGroups()
            || channels.in() < 1
            || channels.out() < 1
        ? 1
        : filled(channels.in(), block) * filled(channels.out(), block);
  }

  private static double filled(long channels, int block) {
    return (double) channels / ((channels + block - 1) / block * block);
  }
}
