package dev.flopmeter.result;

import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.text.Labelled;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
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
 * Exceptions where JSON and records differ: a device's properties are next to its name, and an
 * input is one flat object.
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
        named(DeviceKind.values(), node.path("kind").asString()),
        node.path("id").asString(),
        node.path("name").asString(),
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
    DataType type = named(DataType.values(), node.path("type").asString());
    long[] dims = node.path("shape").valueStream().mapToLong(JsonNode::asLong).toArray();
    return new ModelInfo.Input(node.path("name").asString(), new TensorType(type, Shape.of(dims)));
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
