package dev.flopmeter.model.onnx;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.FunctionTemplate;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.ValueInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads ONNX's messages (onnx.proto, field numbers as there) into templates. Fields that do not
 * affect the work (doc strings, training information) are skipped.
 */
final class OnnxParser {
  /** Bodies and types nested deeper than this are treated as an attack. */
  private static final int MAX_DEPTH = 64;

  private final Map<String, Integer> opsets;

  /** Every node costs about a hundred times the few bytes that it may take in the file. */
  private static final int MAX_NODES = 1 << 20;

  private final ExternalData files;
  private int depth;
  private int nodesRead;

  OnnxParser(Map<String, Integer> opsets, ExternalData files) {
    this.opsets = opsets;
    this.files = files;
  }

  /** The versions are those of the model, or of the function whose body holds the graph. */
  GraphTemplate graph(WireReader in, Map<String, Integer> versions) {
    if (++depth > MAX_DEPTH) {
      throw new ModelException("bodies are nested more than " + MAX_DEPTH + " deep");
    }
    String name = "";
    List<Node> nodes = new ArrayList<>();
    Map<String, Tensor> initializers = new LinkedHashMap<>();
    List<ValueInfo> inputs = new ArrayList<>();
    List<ValueInfo> outputs = new ArrayList<>();
    Map<String, ValueInfo> declared = new HashMap<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> nodes.add(node(in.message(), versions));
        case 2 -> name = in.text();
        case 5 -> {
          TensorParser.Named named = TensorParser.parse(in.message(), files);
          if (initializers.put(named.name(), named.tensor()) != null) {
            throw new ModelException("the initializer '" + named.name() + "' is defined twice");
          }
        }
        case 11 -> inputs.add(valueInfo(in.message()));
        case 12 -> outputs.add(valueInfo(in.message()));
        case 13 -> {
          ValueInfo info = valueInfo(in.message());
          declared.put(info.name(), info);
        }
        case 15 -> throw new ModelException("sparse initializers are not supported");
        default -> in.skip();
      }
    }
    depth--;
    return new GraphTemplate(name, inputs, outputs, initializers, nodes, declared);
  }

  FunctionTemplate function(WireReader in) {
    String name = "";
    String domain = "";
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    Map<String, Object> defaults = new LinkedHashMap<>();
    List<WireReader> nodes = new ArrayList<>();
    Map<String, Integer> ownOpsets = new HashMap<>(opsets);
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.text();
        case 4 -> inputs.add(in.text());
        case 5 -> outputs.add(in.text());
        case 7 -> nodes.add(in.message());
        case 9 -> opset(in.message(), ownOpsets);
        case 10 -> domain = in.text();
        case 11 -> attribute(in.message(), ownOpsets, defaults);
        default -> in.skip();
      }
    }
    return new FunctionTemplate(
        domain,
        name,
        inputs,
        outputs,
        Attributes.of(defaults),
        nodes.stream().map(message -> node(message, ownOpsets)).toList());
  }

  /** Reads an {@code OperatorSetIdProto} into {@code opsets}. */
  static void opset(WireReader in, Map<String, Integer> opsets) {
    String domain = "";
    long version = 0;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> domain = in.text();
        case 2 -> version = in.integer();
        default -> in.skip();
      }
    }
    // A future version is accepted: unknown features are reported node by node.
    if (version < 0 || (domain.isEmpty() && (version < 1 || version > 999))) {
      throw new ModelException("opset " + version + " of '" + domain + "' does not exist");
    }
    opsets.put(domain.equals("ai.onnx") ? "" : domain, (int) Math.min(Integer.MAX_VALUE, version));
  }

  private Node node(WireReader in, Map<String, Integer> versions) {
    if (++nodesRead > MAX_NODES) {
      throw new ModelException("the model has more than " + MAX_NODES + " nodes");
    }
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    Map<String, Object> attributes = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    String name = "";
    String op = "";
    String domain = "";
    while (in.next()) {
      switch (in.field()) {
        case 1 -> inputs.add(in.text());
        case 2 -> outputs.add(in.text());
        case 3 -> name = in.text();
        case 4 -> op = in.text();
        case 5 -> attribute(in.message(), versions, attributes);
        case 7 -> domain = in.text();
        case 9 -> in.message().entry(metadata);
        default -> in.skip();
      }
    }
    if (op.isEmpty()) {
      throw new ModelException("node '" + name + "' names no operator");
    }
    String plainDomain = domain.equals("ai.onnx") ? "" : domain;
    int opset = versions.getOrDefault(plainDomain, 1);
    return new Node(
        name, plainDomain, op, opset, inputs, outputs, Attributes.of(attributes), metadata);
  }

  private void attribute(WireReader in, Map<String, Integer> versions, Map<String, Object> into) {
    String name = "";
    int type = 0;
    @Nullable Object value = null;
    LongList integers = new LongList();
    List<Float> floats = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    List<Tensor> tensors = new ArrayList<>();
    List<GraphTemplate> graphs = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.text();
        case 2 -> value = in.float32();
        case 3 -> value = in.integer();
        case 4 -> value = in.text();
        case 5 -> value = TensorParser.parse(in.message(), files).tensor();
        case 6 -> value = graph(in.message(), versions);
        case 7 -> in.floats(floats);
        case 8 -> in.integers(integers);
        case 9 -> texts.add(in.text());
        case 10 -> tensors.add(TensorParser.parse(in.message(), files).tensor());
        case 11 -> graphs.add(graph(in.message(), versions));
        case 20 -> type = (int) in.integer();
        case 21 -> value = new Attributes.Reference(in.text());
        case 22, 23 -> throw new ModelException("sparse tensors are not supported");
        default -> in.skip();
      }
    }
    List<?> list = listOf(type, List.of(floats, integers, texts, tensors, graphs));
    if (value == null || (list != null && !(value instanceof Attributes.Reference))) {
      value = list != null ? list : defaultOf(type);
    }
    if (value != null) {
      into.put(name, value);
    }
  }

  /**
   * The list that an attribute is; null if it is none. An early file names no type.
   *
   * @param lists of floats, integers, texts, tensors and graphs, which are types 6 to 10
   */
  private static @Nullable List<?> listOf(int type, List<List<?>> lists) {
    if (type == 0) {
      return lists.stream().limit(3).filter(list -> !list.isEmpty()).findFirst().orElse(null);
    }
    return type >= 6 && type <= 10 ? lists.get(type - 6) : null;
  }

  /** Protobuf 3 leaves zeros out: an attribute with a type and no value is its type's zero. */
  private static @Nullable Object defaultOf(int type) {
    return switch (type) {
      case 1 -> 0f;
      case 2 -> 0L;
      case 3 -> "";
      default -> null;
    };
  }

  private ValueInfo valueInfo(WireReader in) {
    String name = "";
    ValueInfo typed = new ValueInfo("", null, null);
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.text();
        case 2 -> typed = type(in.message());
        default -> in.skip();
      }
    }
    return new ValueInfo(name, typed.type(), typed.dims());
  }

  private static ValueInfo type(WireReader in) {
    DataType type = null;
    List<Dim> dims = null;
    while (in.next(1)) {
      WireReader tensor = in.message();
      while (tensor.next()) {
        switch (tensor.field()) {
          case 1 -> {
            long code = tensor.integer();
            type = code == 0 ? null : DataType.ofCode(code);
          }
          case 2 -> dims = dims(tensor.message());
          default -> tensor.skip();
        }
      }
    }
    return new ValueInfo("", type, dims);
  }

  private static List<Dim> dims(WireReader in) {
    List<Dim> dims = new ArrayList<>();
    while (in.next(1)) {
      WireReader dim = in.message();
      Dim read = Dim.ANY;
      while (dim.next()) {
        switch (dim.field()) {
          case 1 -> read = Dim.of(dim.integer());
          case 2 -> read = Dim.named(dim.text());
          default -> dim.skip();
        }
      }
      dims.add(read);
    }
    return dims;
  }
}
