package dev.flopmeter.report.json;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.count.convention.ToolComparison;
import dev.flopmeter.count.convention.ToolComparison.Difference;
import dev.flopmeter.count.convention.ToolComparison.ToolCount;
import dev.flopmeter.model.Shape;
import dev.flopmeter.report.finding.CountTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A count as JSON, {@code flopmeter.count/1}; documented by the schema {@code
 * dev/flopmeter/schema/count-1.json}.
 */
public final class CountJson {
  private CountJson() {}

  /**
   * The count on several indented lines.
   *
   * @param companions the same graph under the other numbers of the same tool
   * @param comparison the numbers of all tools, or null
   * @param depth the number of tree levels to add, or 0
   */
  public static String write(
      Counts counts, List<Counts> companions, @Nullable ToolComparison comparison, int depth) {
    return new JsonObject()
        .put("schema", "flopmeter.count/1")
        .put("model", model(counts.model()))
        .put("convention", comparison == null ? counts.convention() : "all")
        .put("totals", totals(counts, companions))
        .put("uncounted", counts.uncounted().stream().map(CountJson::uncounted).toList())
        .put("notes", counts.notes().isEmpty() ? null : counts.notes())
        .put("layers", layers(counts, companions))
        .put(
            "tree",
            depth > 0 ? CountTree.of(counts, depth).stream().map(CountJson::group).toList() : null)
        .put(
            "comparison",
            comparison == null ? null : comparison.tools().stream().map(CountJson::tool).toList())
        .indented();
  }

  private static JsonObject model(ModelInfo model) {
    return new JsonObject()
        .put("name", model.name())
        .put("source", model.source())
        .put("opset", model.opset())
        .put("inputs", model.inputs().stream().map(CountJson::input).toList());
  }

  private static JsonObject input(ModelInfo.Input input) {
    return new JsonObject()
        .put("name", input.name())
        .put("type", input.type().type().label())
        .put("shape", shape(input.type().shape()));
  }

  private static List<Long> shape(Shape shape) {
    return Arrays.stream(shape.dims()).boxed().toList();
  }

  private static JsonObject totals(Counts counts, List<Counts> companions) {
    JsonObject totals = cost(new JsonObject(), counts.totals(), counts.activations());
    totals.put("peak_activation_bytes", counts.peakActivationBytes());
    totals.put("as_run_macs", counts.asRunMacs());
    counts.intensity().ifPresent(value -> totals.put("intensity", value));
    totals.put("bytes_by_type", bytesByType(counts));
    companions.forEach(one -> totals.put(key(one), one.totals().flops()));
    return totals;
  }

  private static String key(Counts companion) {
    return companion.convention().replace('-', '_');
  }

  private static JsonObject cost(JsonObject object, Cost cost, long activations) {
    return object
        .put("macs", cost.macs())
        .put("flops", cost.flops())
        .put("params", cost.params())
        .put("activations", activations)
        .put("bytes_read", cost.bytesRead())
        .put("bytes_written", cost.bytesWritten());
  }

  private static JsonObject bytesByType(Counts counts) {
    JsonObject types = new JsonObject();
    new TreeMap<>(counts.bytesByType())
        .forEach(
            (type, moved) ->
                types.put(
                    type.label(),
                    new JsonObject().put("read", moved.read()).put("written", moved.written())));
    return types;
  }

  private static JsonObject uncounted(Uncounted missing) {
    return new JsonObject()
        .put("op", missing.op())
        .put("count", missing.count())
        .put("reason", missing.reason())
        .put("nodes", missing.nodes());
  }

  private static List<JsonObject> layers(Counts counts, List<Counts> companions) {
    List<JsonObject> layers = new ArrayList<>();
    for (LayerCost layer : counts.layers()) {
      JsonObject object =
          new JsonObject()
              .put("name", layer.name())
              .put("op", layer.op())
              .put("output_shapes", layer.outputShapes().stream().map(CountJson::shape).toList());
      cost(object, layer.cost(), layer.activations());
      object.put("as_run", layer.isAsRun() ? true : null);
      for (Counts companion : companions) {
        object.put(key(companion), companion.layers().get(layers.size()).cost().flops());
      }
      layers.add(object);
    }
    return layers;
  }

  private static JsonObject group(CountTree.Row row) {
    JsonObject group =
        new JsonObject()
            .put("path", row.path())
            .put("level", row.level())
            .put("layers", row.layers());
    return cost(group, row.cost(), row.activations());
  }

  private static JsonObject tool(ToolCount tool) {
    Convention convention = tool.convention();
    JsonObject object =
        new JsonObject()
            .put("convention", convention.name())
            .put("version", convention.version())
            .put("unit", convention.unit())
            .put("value", tool.value());
    if (convention.perMac() > 0) {
      object.put("per_mac", convention.perMac());
      object.put("differences", tool.differences().stream().map(CountJson::difference).toList());
    }
    return object.put("note", convention.note());
  }

  private static JsonObject difference(Difference difference) {
    return new JsonObject().put("op", difference.op()).put("amount", difference.amount());
  }
}
