package dev.flopmeter.report.text;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.report.text.TextTable.Column;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The roofs of a device, by precision and by the way each is known. */
public final class RoofTable {
  private RoofTable() {}

  public static String render(DeviceRoofs roofs, List<Precision> precisions, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    Device device = roofs.device();
    out.append(style.bold(Printable.of(device.name() + " (" + device.id() + ")"))).append("\n\n");
    TextTable table =
        new TextTable(
            List.of(
                Column.text(""),
                Column.figure("measured"),
                Column.figure("datasheet"),
                Column.figure("share"),
                Column.figure("clock-adjusted"),
                Column.path("found with", 12)));
    MeasuredRoofs measured = roofs.measured();
    for (Precision precision : precisions) {
      row(
          table,
          precision.label(),
          roofs.at(precision, null).roofs(),
          Roof::flopsPerSecond,
          Figures::flopRate,
          found(measured, precision.label()));
    }
    row(
        table,
        "memory",
        roofs.at(precisions.get(0), null).roofs(),
        Roof::bytesPerSecond,
        Figures::byteRate,
        found(measured, "memory"));
    table.render(out, style);
    if (measured != null) {
      Double launch = measured.launchSeconds();
      if (launch != null) {
        out.append("\nAn empty step takes ").append(Figures.seconds(launch)).append('.');
      }
      out.append("\nMeasured ").append(measured.measuredAt()).append(" with ");
      out.append(new TreeMap<>(measured.versions())).append('\n');
    }
    Roof datasheet = roofs.at(precisions.get(0), null).roofs().datasheet();
    out.append(
        datasheet == null
            ? "No datasheet is known for this device.\n"
            : "Datasheet: " + datasheet.source() + "\n");
    return out.toString();
  }

  private static String found(@Nullable MeasuredRoofs measured, String what) {
    return measured == null ? "-" : measured.found().getOrDefault(what, "-");
  }

  private static void row(
      TextTable table,
      String name,
      Roofs roofs,
      Function<Roof, @Nullable Double> axis,
      Function<Double, String> unit,
      String found) {
    Double measured = value(roofs.measured(), axis);
    Double datasheet = value(roofs.datasheet(), axis);
    Double adjusted = value(roofs.clockAdjusted(), axis);
    table.row(
        List.of(
            name,
            measured == null ? "-" : unit.apply(measured),
            datasheet == null ? "-" : unit.apply(datasheet),
            measured == null || datasheet == null ? "-" : Figures.percent(measured / datasheet),
            adjusted == null ? "-" : unit.apply(adjusted),
            found));
  }

  private static @Nullable Double value(
      @Nullable Roof roof, Function<Roof, @Nullable Double> axis) {
    return roof == null ? null : axis.apply(roof);
  }
}
