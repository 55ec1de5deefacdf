package dev.flopmeter.report;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileResult.Roof;
import dev.flopmeter.measure.ProfileResult.Roofs;
import dev.flopmeter.report.TextTable.Column;
import dev.flopmeter.run.Precision;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The roofs of a device, by precision and by the way each is known. */
public final class RoofReport {
  /** The version of the JSON form. */
  public static final String SCHEMA = "flopmeter.roof/1";

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private RoofReport() {}

  public static String table(DeviceRoofs roofs, List<Precision> precisions, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    Device device = roofs.device();
    out.append(style.bold(Figures.printable(device.name() + " (" + device.id() + ")")))
        .append("\n\n");
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
        out.append("\nA step that does nothing takes ").append(Figures.seconds(launch)).append('.');
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

  public static String json(DeviceRoofs roofs, List<Precision> precisions) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("schema", SCHEMA);
    tree.set("device", ProfileTypes.device(roofs.device()));
    ObjectNode byPrecision = tree.putObject("precisions");
    for (Precision precision : precisions) {
      Roofs known = roofs.at(precision, null).roofs();
      ObjectNode node = byPrecision.putObject(precision.label());
      put(node, "datasheet", known.datasheet());
      put(node, "measured", known.measured());
      put(node, "clock_adjusted", known.clockAdjusted());
    }
    MeasuredRoofs measured = roofs.measured();
    if (measured != null) {
      Double launch = measured.launchSeconds();
      if (launch != null) {
        tree.put("launch_seconds", launch);
      }
      tree.put("measured_at", measured.measuredAt().toString());
      ObjectNode versions = tree.putObject("versions");
      new TreeMap<>(measured.versions()).forEach(versions::put);
    }
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(tree) + "\n";
  }

  private static void put(ObjectNode node, String basis, @Nullable Roof roof) {
    if (roof == null) {
      return;
    }
    ObjectNode values = node.putObject(basis);
    Double flops = roof.flopsPerSecond();
    Double bytes = roof.bytesPerSecond();
    if (flops != null) {
      values.put("flops_per_second", flops);
    }
    if (bytes != null) {
      values.put("bytes_per_second", bytes);
    }
    values.put("source", roof.source());
  }
}
