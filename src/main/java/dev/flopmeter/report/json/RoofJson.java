package dev.flopmeter.report.json;

import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The roofs of a device as JSON, {@code flopmeter.roof/1}. */
public final class RoofJson {
  /** The version of the JSON form. */
  public static final String SCHEMA = "flopmeter.roof/1";

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private RoofJson() {}

  public static String write(DeviceRoofs roofs, List<Precision> precisions) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("schema", SCHEMA);
    tree.set("device", ProfileJson.device(roofs.device()));
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
