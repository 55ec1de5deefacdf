package dev.flopmeter.grafana;

import java.util.Locale;

/** The units used by the dashboards, formatted like Grafana's. */
final class PanelUnit {
  private PanelUnit() {}

  private static final String[] SI = {"", "k", "M", "G", "T", "P", "E", "Z"};

  static String format(String unit, double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    return switch (unit) {
      case "percentunit" -> String.format(Locale.ROOT, "%.1f%%", value * 100);
      case "s" -> seconds(value);
      case "flops" -> si(value) + "FLOP/s";
      case "si:" -> si(value);
      case "bytes", "decbytes" -> si(value) + "B";
      case "Bps" -> si(value) + "B/s";
      case "hertz" -> si(value) + "Hz";
      case "watt" -> si(value) + "W";
      case "joule" -> si(value) + "J";
      case "celsius" -> String.format(Locale.ROOT, "%.0f \u00b0C", value);
      case "ops" -> si(value) + "/s";
      default -> si(value).trim();
    };
  }

  private static String seconds(double value) {
    double size = Math.abs(value);
    if (size >= 3600) {
      return String.format(Locale.ROOT, "%.1f h", value / 3600);
    }
    if (size >= 60) {
      return String.format(Locale.ROOT, "%.1f min", value / 60);
    }
    if (size >= 1 || size == 0) {
      return String.format(Locale.ROOT, "%.2f s", value);
    }
    return size >= 1e-3
        ? String.format(Locale.ROOT, "%.2f ms", value * 1e3)
        : String.format(Locale.ROOT, "%.1f \u00b5s", value * 1e6);
  }

  private static String si(double value) {
    double rest = value;
    int step = 0;
    while (Math.abs(rest) >= 1000 && step < SI.length - 1) {
      rest /= 1000;
      step++;
    }
    boolean whole = rest == Math.rint(rest) && step == 0;
    return String.format(Locale.ROOT, whole ? "%.0f %s" : "%.2f %s", rest, SI[step]);
  }
}
