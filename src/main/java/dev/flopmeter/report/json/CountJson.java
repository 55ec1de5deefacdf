package dev.flopmeter.report.json;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.count.convention.ToolComparison;
import dev.flopmeter.model.Shape;
import dev.flopmeter.report.finding.CountTree;
import java.io.StringWriter;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * A count as JSON, {@code flopmeter.count/1}; documented by the schema {@code
 * dev/flopmeter/schema/count-1.json}. Written field by field: a short command must not set up data
 * binding.
 */
public final class CountJson {
  public static final String SCHEMA = "flopmeter.count/1";

  private final JsonGenerator json;

  private CountJson(JsonGenerator json) {
    this.json = json;
  }

  /**
   * The count on several indented lines.
   *
   * @param companions the same graph under the other numbers of the same tool
   * @param comparison what every tool would say, or null
   * @param depth how many levels of a tree to add, or 0
   */
  public static String write(
      Counts counts, List<Counts> companions, @Nullable ToolComparison comparison, int depth) {
    StringWriter text = new StringWriter(1 << 14);
    ObjectWriteContext indented =
        new ObjectWriteContext.Base() {
          @Override
          public tools.jackson.core.PrettyPrinter getPrettyPrinter() {
            return new DefaultPrettyPrinter();
          }
        };
    try (JsonGenerator json = new JsonFactory().createGenerator(indented, text)) {
      new CountJson(json).document(counts, companions, comparison, depth);
    }
    return text.append('\n').toString();
  }

  private void document(
      Counts counts, List<Counts> companions, @Nullable ToolComparison comparison, int depth) {
    json.writeStartObject();
    json.writeStringProperty("schema", SCHEMA);
    model(counts.model());
    json.writeStringProperty("convention", comparison == null ? counts.convention() : "all");
    json.writeObjectPropertyStart("totals");
    cost(counts.totals(), counts.activations());
    json.writeNumberProperty("peak_activation_bytes", counts.peakActivationBytes());
    counts.intensity().ifPresent(value -> json.writeNumberProperty("intensity", value));
    bytesByType(counts);
    for (Counts companion : companions) {
      json.writeNumberProperty(key(companion), companion.totals().flops());
    }
    json.writeEndObject();
    uncounted(counts);
    if (!counts.notes().isEmpty()) {
      json.writeArrayPropertyStart("notes");
      counts.notes().forEach(json::writeString);
      json.writeEndArray();
    }
    layers(counts, companions);
    if (depth > 0) {
      tree(CountTree.of(counts, depth));
    }
    if (comparison != null) {
      comparison(comparison);
    }
    json.writeEndObject();
  }

  private static String key(Counts companion) {
    return companion.convention().replace('-', '_');
  }

  private void model(ModelInfo model) {
    json.writeObjectPropertyStart("model");
    json.writeStringProperty("name", model.name());
    json.writeStringProperty("source", model.source());
    json.writeNumberProperty("opset", model.opset());
    json.writeArrayPropertyStart("inputs");
    for (ModelInfo.Input input : model.inputs()) {
      json.writeStartObject();
      json.writeStringProperty("name", input.name());
      json.writeStringProperty("type", input.type().type().label());
      json.writeName("shape");
      shape(input.type().shape());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void shape(Shape shape) {
    long[] dims = shape.dims();
    json.writeArray(dims, 0, dims.length);
  }

  private void cost(Cost cost, long activations) {
    json.writeNumberProperty("macs", cost.macs());
    json.writeNumberProperty("flops", cost.flops());
    json.writeNumberProperty("params", cost.params());
    json.writeNumberProperty("activations", activations);
    json.writeNumberProperty("bytes_read", cost.bytesRead());
    json.writeNumberProperty("bytes_written", cost.bytesWritten());
  }

  private void bytesByType(Counts counts) {
    json.writeObjectPropertyStart("bytes_by_type");
    new TreeMap<>(counts.bytesByType())
        .forEach(
            (type, moved) -> {
              json.writeObjectPropertyStart(type.label());
              json.writeNumberProperty("read", moved.read());
              json.writeNumberProperty("written", moved.written());
              json.writeEndObject();
            });
    json.writeEndObject();
  }

  private void uncounted(Counts counts) {
    json.writeArrayPropertyStart("uncounted");
    for (Uncounted missing : counts.uncounted()) {
      json.writeStartObject();
      json.writeStringProperty("op", missing.op());
      json.writeNumberProperty("count", missing.count());
      json.writeStringProperty("reason", missing.reason());
      json.writeArrayPropertyStart("nodes");
      missing.nodes().forEach(json::writeString);
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void layers(Counts counts, List<Counts> companions) {
    json.writeArrayPropertyStart("layers");
    for (int i = 0; i < counts.layers().size(); i++) {
      LayerCost layer = counts.layers().get(i);
      json.writeStartObject();
      json.writeStringProperty("name", layer.name());
      json.writeStringProperty("op", layer.op());
      json.writeArrayPropertyStart("output_shapes");
      layer.outputShapes().forEach(this::shape);
      json.writeEndArray();
      cost(layer.cost(), layer.activations());
      for (Counts companion : companions) {
        json.writeNumberProperty(key(companion), companion.layers().get(i).cost().flops());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void tree(List<CountTree.Row> rows) {
    json.writeArrayPropertyStart("tree");
    for (CountTree.Row row : rows) {
      json.writeStartObject();
      json.writeStringProperty("path", row.path());
      json.writeNumberProperty("level", row.level());
      json.writeNumberProperty("layers", row.layers());
      cost(row.cost(), row.activations());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void comparison(ToolComparison comparison) {
    json.writeArrayPropertyStart("comparison");
    for (ToolComparison.ToolCount tool : comparison.tools()) {
      json.writeStartObject();
      json.writeStringProperty("convention", tool.convention());
      json.writeStringProperty("version", tool.version());
      json.writeStringProperty("unit", tool.unit());
      json.writeNumberProperty("value", tool.value());
      if (tool.perMac() > 0) {
        json.writeNumberProperty("per_mac", tool.perMac());
        json.writeArrayPropertyStart("differences");
        for (ToolComparison.Difference difference : tool.differences()) {
          json.writeStartObject();
          json.writeStringProperty("op", difference.op());
          json.writeNumberProperty("amount", difference.amount());
          json.writeEndObject();
        }
        json.writeEndArray();
      }
      json.writeStringProperty("note", tool.note());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
