package dev.flopmeter.report.page;

import java.util.List;
import java.util.function.DoubleFunction;

/**
 * The frame of a plot: a rectangle with two axes, a grid, labels and titles. The marks inside are
 * the caller's, at the coordinates of {@link #x} and {@link #y}. The style sheet defines the
 * colours.
 *
 * @param width of the whole drawing
 * @param height of the whole drawing
 */
public record Plot(double width, double height, Scale x, Scale y) {

  /** Room for labels around a plot. */
  public record Margins(double top, double right, double bottom, double left) {}

  /** A plot whose scales fill what the margins leave. */
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
      return isLog ? Scale.log(from, to, start, end) : Scale.linear(from, to, start, end);
    }
  }

  /** A labelled place on an axis. */
  public record Tick(double value, String label) {
    /** Labels for round values. */
    public static List<Tick> of(Scale scale, int count, DoubleFunction<String> label) {
      return scale.ticks(count).stream().map(value -> new Tick(value, label.apply(value))).toList();
    }
  }

  /**
   * Begins the drawing.
   *
   * @param style its class in the style sheet
   */
  public void open(Markup out, String style, String role, String label) {
    String box = "0 0 " + Markup.at(width) + " " + Markup.at(height);
    out.open("svg." + style + " viewBox=%s role=%s aria-label=%s", box, role, label);
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

  /** Grid lines and labels of the horizontal axis, with its title below. */
  public void horizontalAxis(Markup out, List<Tick> ticks, String title) {
    out.open("g.axis aria-hidden=true");
    for (Tick tick : ticks) {
      double at = x.at(tick.value());
      out.empty("line.grid x1=%s x2=%s y1=%s y2=%s", at, at, top(), bottom());
      out.element("text x=%s y=%s text-anchor=middle", tick.label(), at, bottom() + 18);
    }
    out.empty("line.edge x1=%s x2=%s y1=%s y2=%s", left(), right(), bottom(), bottom());
    out.element(
        "text.title x=%s y=%s text-anchor=middle", title, (left() + right()) / 2, bottom() + 38);
    out.close("g");
  }

  /** Grid lines and labels of the vertical axis, with its title above. */
  public void verticalAxis(Markup out, List<Tick> ticks, String title) {
    out.open("g.axis aria-hidden=true");
    for (Tick tick : ticks) {
      double at = y.at(tick.value());
      out.empty("line.grid x1=%s x2=%s y1=%s y2=%s", left(), right(), at, at);
      out.element("text x=%s y=%s text-anchor=end", tick.label(), left() - 8, at + 4);
    }
    out.element("text.title x=%s y=%s", title, 0.0, top() - 12);
    out.close("g");
  }

  /** {@code points} (x, y, x, y, ... as values) joined by straight lines, as a path's data. */
  public String path(double... points) {
    StringBuilder data = new StringBuilder();
    for (int i = 0; i < points.length; i += 2) {
      data.append(i == 0 ? 'M' : 'L')
          .append(Markup.at(x.at(points[i])))
          .append(' ')
          .append(Markup.at(y.at(points[i + 1])));
    }
    return data.toString();
  }
}
