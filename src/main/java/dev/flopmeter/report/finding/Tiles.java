package dev.flopmeter.report.finding;

import dev.flopmeter.result.ProfileResult.Channels;

/**
 * A convolution or fully connected layer as GPU kernels divide it: its output, positions by
 * channels, in square tiles, each computed by a block of threads on one multiprocessor. Blocks run
 * in waves of one for each multiprocessor (NVIDIA, <a
 * href="https://docs.nvidia.com/deeplearning/performance/dl-performance-matrix-multiplication/">Matrix
 * Multiplication Background</a>, tile and wave quantisation).
 *
 * @param side of a tile
 * @param count of the tiles
 */
record Tiles(int side, long count, int multiprocessors) {
  /** The usual tile of a large product, and the smallest that keeps tensor cores busy. */
  private static final int LARGE = 128;

  private static final int SMALL = 64;

  /** The tiles of a layer: smaller ones if large ones would leave multiprocessors idle. */
  static Tiles of(long positions, Channels channels, int multiprocessors) {
    Tiles large = cut(LARGE, positions, channels.out(), multiprocessors);
    return large.count() >= multiprocessors
        ? large
        : cut(SMALL, positions, channels.out(), multiprocessors);
  }

  private static Tiles cut(int side, long positions, long channels, int multiprocessors) {
    return new Tiles(side, up(positions, side) * up(channels, side), multiprocessors);
  }

  private static long up(long amount, long whole) {
    return (amount + whole - 1) / whole;
  }

  long waves() {
    return up(count(), multiprocessors);
  }

  /** The share of the multiprocessors' time that is work, 0 to 1. */
  double busy() {
    return (double) count() / (waves() * multiprocessors);
  }

  boolean isLessThanOneWave() {
    return count() < multiprocessors;
  }
}
