package dev.flopmeter.report.json;

import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileJson;
import java.util.List;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The roofs of a device as JSON, {@code flopmeter.roof/1}. */
public final class RoofJson {
  private RoofJson() {}

  public static String write(DeviceRoofs roofs, List<Precision> precisions) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("schema", "flopmeter.roof/1");
    tree.set("device", ProfileJson.tree(roofs.device()));
    ObjectNode byPrecision = tree.putObject("precisions");
    for (Precision precision : precisions) {
      byPrecision.set(precision.label(), ProfileJson.tree(roofs.at(precision, null).roofs()));
    }
    MeasuredRoofs measured = roofs.measured();
    if (measured != null) {
      ArrayNode levels = tree.putArray("levels");
      measured.levels().forEach(level -> levels.add(ProfileJson.tree(level)));
      Double launch = measured.launchSeconds();
      if (launch != null) {
        tree.put("launch_seconds", launch);
      }
      tree.put("measured_at", measured.measuredAt().toString());
      ObjectNode versions = tree.putObject("versions");
      new TreeMap<>(measured.versions()).forEach(versions::put);
    }
    return ProfileJson.indented(tree) + "\n";
  }
}
