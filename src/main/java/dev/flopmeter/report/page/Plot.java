package dev.flopmeter.report.page;

import java.math.BigDecimal;
import java.util.List;
import java.util.function.DoubleFunction;

/**
 * The frame of a plot: a rectangle with two axes, a grid, labels and titles. The caller draws the
 * marks, at the coordinates of {@link #x} and {@link #y}. The style sheet defines the colours.
 *
 * @param width of the whole drawing
 * @param height of the whole drawing
 */
public record Plot(double width, double height, Scale x, Scale y) {

  /** Room for labels around a plot. */
  public record Margins(double top, double right, double bottom, double left) {}

  /** A plot whose scales fill the space inside the margins. */
  public static Plot of(
      double width, double height, Margins margins, Range horizontal, Range vertical) {
    return new Plot(
        width,
        height,
        horizontal.scale(margins.left, width - margins.right),
        vertical.scale(height - margins.bottom, margins.top));
  }

  /** The values an axis spans. */
  public record Range(double from, double to, boolean isLog) {
    Scale scale(double start, double end) {
      return Scale.of(from, to, start, end, isLog);
    }
  }

  /** A labelled position on an axis. */
  public record Tick(double value, String label) {
    /** Labels for round values. */
    public static List<Tick> of(Scale scale, int count, DoubleFunction<String> label) {
      return scale.ticks(count).stream().map(value -> new Tick(value, label.apply(value))).toList();
    }
  }

  public double left() {
    return x.start();
  }

  public double right() {
    return x.end();
  }

  public double top() {
    return y.end();
  }

  public double bottom() {
    return y.start();
  }

  /** {@code points} (x, y, x, y, ... as values) joined by straight lines, as a path's data. */
  public String path(double... points) {
    double[] places = new double[points.length];
    for (int i = 0; i < points.length; i += 2) {
      places[i] = x.at(points[i]);
      places[i + 1] = y.at(points[i + 1]);
    }
    return line(places);
  }

  /** A coordinate: two decimals, no trailing zeros, a point in every locale. */
  public static String at(double value) {
    return BigDecimal.valueOf(Math.round(value * 100), 2).stripTrailingZeros().toPlainString();
  }

  /** Coordinates (x, y, x, y, ...) joined by straight lines, as a path's data. */
  public static String line(double... places) {
    StringBuilder data = new StringBuilder();
    for (int i = 0; i < places.length; i += 2) {
      data.append(i == 0 ? 'M' : 'L').append(at(places[i])).append(' ').append(at(places[i + 1]));
    }
    return data.toString();
  }
}
