package dev.flopmeter.report.page;

import java.util.ArrayList;
import java.util.List;

/**
 * Maps values of an axis to coordinates.
 *
 * @param from the value at coordinate {@code start}
 * @param to the value at coordinate {@code end}; larger than {@code from}
 * @param isLog whether decades, rather than steps, are equally long
 */
public record Scale(double from, double to, double start, double end, boolean isLog) {
  public Scale {
    if (!(to > from) || (isLog && from <= 0)) {
      throw new IllegalArgumentException("no scale from " + from + " to " + to);
    }
  }

  /** A scale that also has a length where all values are the same. */
  public static Scale of(double from, double to, double start, double end, boolean isLog) {
    double beyond = isLog ? from * 10 : from + 1;
    return new Scale(from, to > from ? to : beyond, start, end, isLog);
  }

  /** The coordinate of {@code value}, which may be outside the axis. */
  public double at(double value) {
    double share =
        isLog ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
    return start + share * (end - start);
  }

  /** Round values for labels, about {@code count} of them; every decade if there are many. */
  List<Double> ticks(int count) {
    return isLog ? decades(count) : steps(count);
  }

  private List<Double> decades(int count) {
    int first = (int) Math.ceil(Math.log10(from) - 1e-9);
    int last = (int) Math.floor(Math.log10(to) + 1e-9);
    int decades = last - first + 1;
    int stride = Math.max(1, (int) Math.ceil((double) decades / count));
    List<Double> ticks = new ArrayList<>();
    boolean isNarrow = decades <= 2;
    for (int exponent = isNarrow ? first - 1 : first; exponent <= last; exponent += stride) {
      for (int digit : isNarrow ? new int[] {1, 2, 5} : new int[] {1}) {
        double tick = digit * Math.pow(10, exponent);
        if (tick >= from * (1 - 1e-9) && tick <= to * (1 + 1e-9)) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }

  private List<Double> steps(int count) {
    double rough = (to - from) / Math.max(1, count);
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double step = power * 10;
    for (double digit : new double[] {1, 2, 5}) {
      if (digit * power >= rough * 0.999) {
        step = digit * power;
        break;
      }
    }
    List<Double> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }
}
