package dev.flopmeter.model.onnx;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes a bound graph as an ONNX file (onnx.proto, field numbers as there). If the weights would
 * exceed protobuf's limit of 2 GB, they go to a separate file, {@code <file>.data}.
 */
public final class OnnxWriter {
  private static final long MOST_IN_FILE = Integer.MAX_VALUE - (64L << 20);
  private static final int SMALL = 1024;

  /** The format version of each version of the operator set; older formats stay readable. */
  private static final TreeMap<Integer, Integer> FORMATS =
      new TreeMap<>(Map.of(1, 8, 20, 9, 21, 10, 23, 11, 24, 12));

  private final Path data;

  /** Bytes in the separate file so far; -1 if there is none. */
  private long external;

  private OnnxWriter(Path data, boolean isBeside) {
    this.data = data;
    this.external = isBeside ? 0 : -1;
  }

  /**
   * Writes {@code graph}.
   *
   * @throws ModelException if a weight or an attribute cannot be written
   */
  public static void write(Graph graph, Path file) throws IOException {
    write(graph, file, file.resolveSibling(file.getFileName() + ".data"), MOST_IN_FILE);
  }

  /**
   * Writes {@code graph} to a file that will be moved.
   *
   * @param data the separate file for the weights, if they take more than {@code mostInFile} bytes
   */
  static void write(Graph graph, Path file, Path data, long mostInFile) throws IOException {
    long weights = graph.constants().values().stream().mapToLong(one -> one.type().bytes()).sum();
    new OnnxWriter(data, weights > mostInFile).save(graph, file);
  }

  private void save(Graph graph, Path file) throws IOException {
    int format = FORMATS.floorEntry(Math.max(1, graph.opset())).getValue();
    Message before = new Message().integer(1, format).text(2, "flopmeter");
    Message rest = graphWithoutWeights(graph);
    List<Message> heads = new ArrayList<>();
    long length = rest.size();
    for (Map.Entry<String, Tensor> constant : graph.constants().entrySet()) {
      Message head = tensorHead(constant.getKey(), constant.getValue());
      heads.add(head);
      long size = head.size() + inside(constant.getValue());
      length += 1 + Message.varintSize(size) + size;
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
      before.writeTo(out);
      Message.lengthTo(out, 7, length);
      rest.writeTo(out);
      int next = 0;
      for (Tensor constant : graph.constants().values()) {
        Message head = heads.get(next++);
        Message.lengthTo(out, 5, head.size() + inside(constant));
        head.writeTo(out);
        if (!isOutside(constant)) {
          Message.lengthTo(out, 9, constant.type().bytes());
          Channels.newChannel(out).write(constant.data());
        }
      }
      opsets(graph).writeTo(out);
    }
    if (external >= 0) {
      try (OutputStream out = Files.newOutputStream(data)) {
        for (Tensor constant : graph.constants().values()) {
          if (isOutside(constant)) {
            Channels.newChannel(out).write(constant.data());
          }
        }
      }
    }
  }

  private boolean isOutside(Tensor tensor) {
    return external >= 0 && tensor.type().bytes() >= SMALL;
  }

  /** Size in bytes of the field for the elements. */
  private long inside(Tensor tensor) {
    long bytes = tensor.type().bytes();
    return isOutside(tensor) ? 0 : 1 + Message.varintSize(bytes) + bytes;
  }

  private static Message opsets(Graph graph) {
    Map<String, Integer> versions = new TreeMap<>(Map.of("", graph.opset()));
    addVersions(graph, versions);
    Message message = new Message();
    versions.forEach(
        (domain, version) -> message.message(8, new Message().text(1, domain).integer(2, version)));
    return message;
  }

  private static void addVersions(Graph graph, Map<String, Integer> versions) {
    for (Node node : graph.nodes()) {
      versions.merge(node.domain(), node.opset(), Math::max);
      node.attributes().bodies().forEach(body -> addVersions(body, versions));
    }
  }

  private Message graphWithoutWeights(Graph graph) {
    Message message = new Message();
    graph.nodes().forEach(node -> message.message(1, node(node)));
    message.text(2, graph.name().isEmpty() ? "graph" : graph.name());
    Set<String> known = graph.constants().keySet();
    graph.inputs().stream()
        .filter(name -> !known.contains(name))
        .forEach(name -> message.message(11, value(name, graph)));
    graph.outputs().forEach(name -> message.message(12, value(name, graph)));
    return message;
  }

  private static Message value(String name, Graph graph) {
    Message value = new Message().text(1, name);
    graph.type(name).ifPresent(type -> value.message(2, type(type)));
    return value;
  }

  private static Message type(TensorType type) {
    Message shape = new Message();
    for (long dim : type.shape().dims()) {
      shape.message(1, new Message().integer(1, dim));
    }
    return new Message().message(1, new Message().integer(1, type.type().code()).message(2, shape));
  }

  private Message tensorHead(String name, Tensor tensor) {
    if (tensor.type().type() == DataType.STRING) {
      throw new ModelException("the text tensor '" + name + "' cannot be written");
    }
    Message head = new Message();
    for (long dim : tensor.shape().dims()) {
      head.integer(1, dim);
    }
    head.integer(2, tensor.type().type().code()).text(8, name);
    if (isOutside(tensor)) {
      long bytes = tensor.type().bytes();
      head.message(13, entry("location", String.valueOf(data.getFileName())));
      head.message(13, entry("offset", Long.toString(external)));
      head.message(13, entry("length", Long.toString(bytes))).integer(14, 1);
      external += bytes;
    }
    return head;
  }

  private static Message entry(String key, String value) {
    return new Message().text(1, key).text(2, value);
  }

  /** A tensor within a node, whose elements are always in the file. */
  private static Message wholeTensor(String name, Tensor tensor) {
    Message message = new OnnxWriter(Path.of(""), false).tensorHead(name, tensor);
    return message.bytes(9, tensor.data());
  }

  private Message node(Node node) {
    Message message = new Message();
    node.inputs().forEach(input -> message.text(1, input));
    node.outputs().forEach(output -> message.text(2, output));
    message.text(3, node.name()).text(4, node.op());
    node.attributes()
        .asMap()
        .forEach((name, value) -> message.message(5, attribute(node, name, value)));
    new TreeMap<>(node.metadata()).forEach((key, value) -> message.message(9, entry(key, value)));
    return node.domain().isEmpty() ? message : message.text(7, node.domain());
  }

  private Message attribute(Node node, String name, Object value) {
    Message message = new Message().text(1, name);
    if (value instanceof List<?> list) {
      int type = 7; // an empty list is one of integers
      for (Object element : list) {
        type = plain(node, name, message, 5, element);
      }
      return message.integer(20, type);
    }
    if (value instanceof Tensor tensor) {
      return message.message(5, wholeTensor("", tensor)).integer(20, 4);
    }
    if (value instanceof Graph body) {
      Message inner = graphWithoutWeights(body);
      body.constants()
          .forEach((constant, tensor) -> inner.message(5, wholeTensor(constant, tensor)));
      return message.message(6, inner).integer(20, 5);
    }
    return message.integer(20, plain(node, name, message, 0, value));
  }

  /**
   * Adds a number or text.
   *
   * @param further 0; 5 in a list, the offset of its field and type numbers
   * @return the attribute's type
   */
  private static int plain(Node node, String name, Message message, int further, Object value) {
    if (value instanceof Float number) {
      message.number(2 + further, number);
      return 1 + further;
    } else if (value instanceof Long number) {
      message.integer(3 + further, number);
      return 2 + further;
    } else if (value instanceof String text) {
      message.text(4 + further, text);
      return 3 + further;
    }
    throw new ModelException(node.describe() + ": the attribute '" + name + "' cannot be written");
  }

  private static final class Message {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    long size() {
      return bytes.size();
    }

    void writeTo(OutputStream out) throws IOException {
      bytes.writeTo(out);
    }

    Message integer(int field, long value) {
      varint(bytes, (long) field << 3);
      varint(bytes, value);
      return this;
    }

    Message number(int field, float value) {
      varint(bytes, (long) field << 3 | 5);
      int bits = Float.floatToRawIntBits(value);
      for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
        bytes.write(bits >>> shift);
      }
      return this;
    }

    Message text(int field, String text) {
      return bytes(field, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    Message message(int field, Message inner) {
      return bytes(field, ByteBuffer.wrap(inner.bytes.toByteArray()));
    }

    Message bytes(int field, ByteBuffer content) {
      byte[] copy = new byte[content.remaining()];
      content.get(copy);
      lengthTo(bytes, field, copy.length);
      bytes.writeBytes(copy);
      return this;
    }

    /** Writes the head of a field whose content of {@code length} bytes follows. */
    static void lengthTo(OutputStream out, int field, long length) {
      varint(out, (long) field << 3 | 2);
      varint(out, length);
    }

    private static void varint(OutputStream out, long value) {
      try {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
          out.write((int) ((rest & 0x7f) | 0x80));
          rest >>>= 7;
        }
        out.write((int) rest);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static int varintSize(long value) {
      return Math.max(1, (Long.SIZE - Long.numberOfLeadingZeros(value) + 6) / 7);
    }
  }
}
