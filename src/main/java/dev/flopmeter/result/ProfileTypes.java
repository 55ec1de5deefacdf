package dev.flopmeter.result;

import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.text.Labelled;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;
import tools.jackson.databind.ser.std.StdSerializer;

/**
 * Where the JSON differs from the records: a device's properties stand beside its name, an input is
 * one flat object, a latency carries its unit and its interval as a pair.
 */
final class ProfileTypes extends SimpleModule {
  private static final long serialVersionUID = 1L;

  ProfileTypes() {
    super("flopmeter");
    labels(Precision.values());
    labels(Bound.values());
    labels(Basis.values());
    labels(DeviceKind.values());
    form(Device.class, ProfileTypes::device, ProfileTypes::device);
    form(ModelInfo.Input.class, ProfileTypes::input, ProfileTypes::input);
    form(Latency.class, ProfileTypes::latency, ProfileTypes::latency);
  }

  private static ObjectNode device(Device device) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("kind", device.kind().label()).put("name", device.name()).put("id", device.id());
    new TreeMap<>(device.properties()).forEach(node::put);
    return node.put("emulated", device.isEmulated());
  }

  private static Device device(JsonNode node) {
    Map<String, String> properties = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!List.of("kind", "name", "id", "emulated").contains(field.getKey())) {
        properties.put(field.getKey(), field.getValue().asString());
      }
    }
    return new Device(
        named(DeviceKind.values(), text(node, "kind")),
        text(node, "id"),
        text(node, "name"),
        properties,
        node.path("emulated").asBoolean(false));
  }

  private static ObjectNode input(ModelInfo.Input input) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("name", input.name()).put("type", input.type().type().label());
    Arrays.stream(input.type().shape().dims()).forEach(node.putArray("shape")::add);
    return node;
  }

  private static ModelInfo.Input input(JsonNode node) {
    DataType type = named(DataType.values(), text(node, "type"));
    long[] dims = node.path("shape").valueStream().mapToLong(JsonNode::asLong).toArray();
    return new ModelInfo.Input(text(node, "name"), new TensorType(type, Shape.of(dims)));
  }

  private static ObjectNode latency(Latency latency) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("unit", "s");
    node.put("median", latency.median());
    node.put("q1", latency.q1()).put("q3", latency.q3()).put("min", latency.min());
    putKnown(node, "p90", latency.p90());
    putKnown(node, "p95", latency.p95());
    putKnown(node, "p99", latency.p99());
    putKnown(node, "p999", latency.p999());
    node.putArray("ci95").add(latency.ci95Low()).add(latency.ci95High());
    return node.put("relative_iqr", latency.relativeIqr());
  }

  private static Latency latency(JsonNode node) {
    return new Latency(
        number(node, "median"),
        number(node, "q1"),
        number(node, "q3"),
        number(node, "min"),
        knownNumber(node, "p90"),
        knownNumber(node, "p95"),
        knownNumber(node, "p99"),
        knownNumber(node, "p999"),
        number(node.path("ci95").path(0), "ci95", "[0]"),
        number(node.path("ci95").path(1), "ci95", "[1]"),
        number(node, "relative_iqr"));
  }

  private static void putKnown(ObjectNode node, String field, @Nullable Double value) {
    if (value != null) {
      node.put(field, value);
    }
  }

  private static String text(JsonNode node, String field) {
    if (!node.path(field).isString()) {
      throw new ResultFormatException("the text '" + field + "' is missing");
    }
    return node.path(field).asString();
  }

  private static double number(JsonNode node, String field) {
    return number(node.path(field), field, "");
  }

  private static double number(JsonNode value, String field, String index) {
    if (!value.isNumber()) {
      throw new ResultFormatException("the number 'latency." + field + index + "' is missing");
    }
    return value.asDouble();
  }

  private static @Nullable Double knownNumber(JsonNode node, String field) {
    return node.has(field) ? number(node, field) : null;
  }

  private <E extends Enum<E> & Labelled> void labels(E[] values) {
    form(
        values[0].getDeclaringClass(),
        value -> StringNode.valueOf(value.label()),
        node -> named(values, node.asString("")));
  }

  private static <E extends Labelled> E named(E[] values, String text) {
    for (E value : values) {
      if (value.label().equals(text)) {
        return value;
      }
    }
    String known = Arrays.stream(values).map(Labelled::label).collect(Collectors.joining(", "));
    throw new ResultFormatException("'" + text + "' must be one of " + known);
  }

  private <T> void form(Class<T> type, Function<T, JsonNode> write, Function<JsonNode, T> read) {
    addSerializer(
        type,
        new StdSerializer<>(type) {
          @Override
          public void serialize(T value, JsonGenerator out, SerializationContext context) {
            out.writeTree(write.apply(value));
          }
        });
    addDeserializer(
        type,
        new StdDeserializer<T>(type) {
          @Override
          public T deserialize(JsonParser in, DeserializationContext context) {
            return read.apply(context.readTree(in));
          }
        });
  }
}
