package dev.flopmeter.report.text;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.MemoryLevel;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The roofs of a device, by precision and by basis. */
public final class RoofTable {
  private RoofTable() {}

  /** The limited quantity, on every basis: the work of a precision, or the memory's traffic. */
  private record Limit(
      String name,
      Roofs roofs,
      Function<Roof, @Nullable Double> axis,
      Function<Double, String> format) {

    @Nullable Double at(Basis basis) {
      Roof roof = roofs.of(basis);
      return roof == null ? null : axis.apply(roof);
    }

    @Nullable String text(Basis basis) {
      Double rate = at(basis);
      return rate == null ? null : format.apply(rate);
    }

    @Nullable Double share() {
      Double measured = at(Basis.MEASURED);
      Double datasheet = at(Basis.DATASHEET);
      return measured == null || datasheet == null ? null : measured / datasheet;
    }
  }

  private static List<Column<Limit>> columns(@Nullable MeasuredRoofs measured) {
    return List.of(
        Column.text("", Limit::name),
        Column.figure("measured", limit -> limit.text(Basis.MEASURED)),
        Column.figure("datasheet", limit -> limit.text(Basis.DATASHEET)),
        Column.figure("share", Limit::share, Figures::percent),
        Column.figure("clock-adjusted", limit -> limit.text(Basis.CLOCK_ADJUSTED)),
        Column.name(
            "found with",
            12,
            limit -> measured == null ? null : measured.found().get(limit.name())));
  }

  public static String render(DeviceRoofs roofs, List<Precision> precisions, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    Device device = roofs.device();
    out.append(style.bold(Printable.of(device.name() + " (" + device.id() + ")"))).append("\n\n");
    List<Limit> limits = new ArrayList<>();
    for (Precision precision : precisions) {
      Roofs known = roofs.at(precision, null).roofs();
      limits.add(new Limit(precision.label(), known, Roof::flopsPerSecond, Figures::flopRate));
    }
    Roofs any = roofs.at(precisions.get(0), null).roofs();
    limits.add(new Limit("memory", any, Roof::bytesPerSecond, Figures::byteRate));
    MeasuredRoofs measured = roofs.measured();
    TextTable.render(out, style, columns(measured), limits);
    if (measured != null) {
      levels(out, measured.levels(), style);
      Double launch = measured.launchSeconds();
      if (launch != null) {
        out.append("\nAn empty step takes ").append(Figures.seconds(launch)).append('.');
      }
      out.append("\nMeasured ").append(measured.measuredAt()).append(" with ");
      out.append(new TreeMap<>(measured.versions())).append('\n');
    }
    if (device.isEmulated()) {
      out.append("This device is emulated: its rates are not valid, so none were measured.\n");
    }
    Roof datasheet = any.datasheet();
    return out.append(
            datasheet == null
                ? "No datasheet is known for this device.\n"
                : "Datasheet: " + datasheet.source() + "\n")
        .toString();
  }

  /** One row for a level over all cores, and one for a single core. */
  private record LevelRow(String name, @Nullable Long bytes, Map<String, Double> rates) {
    static Stream<LevelRow> of(MemoryLevel level) {
      LevelRow all = new LevelRow(level.name(), level.bytes(), level.bytesPerSecond());
      LevelRow one = new LevelRow(level.name() + ", one core", null, level.oneCoreBytesPerSecond());
      return Stream.of(all, one).filter(row -> !row.rates.isEmpty());
    }
  }

  private static void levels(StringBuilder out, List<MemoryLevel> levels, TerminalStyle style) {
    if (levels.size() < 2) {
      out.append("\nThe cache sizes are not known, so the cache bandwidths were not measured.");
      return;
    }
    List<Column<LevelRow>> columns =
        new ArrayList<>(
            List.of(
                Column.text("bandwidth", LevelRow::name),
                Column.figure("holds", LevelRow::bytes, Figures::bytes)));
    List<LevelRow> rows = levels.stream().flatMap(LevelRow::of).toList();
    for (String pattern : List.of("read", "write", "copy", "triad", "add")) {
      if (rows.stream().anyMatch(row -> row.rates.containsKey(pattern))) {
        columns.add(Column.figure(pattern, row -> row.rates.get(pattern), Figures::byteRate));
      }
    }
    out.append('\n');
    TextTable.render(out, style, columns, rows);
  }
}
