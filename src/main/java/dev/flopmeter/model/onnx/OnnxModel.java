package dev.flopmeter.model.onnx;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.FunctionTemplate;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A network read from an ONNX file, or from its bytes.
 *
 * @param functions model-local functions by {@link FunctionTemplate#key}
 */
public record OnnxModel(
    String name,
    String source,
    int opset,
    GraphTemplate graph,
    Map<String, FunctionTemplate> functions)
    implements Model {
  private static final ByteBuffer LFS_POINTER =
      StandardCharsets.US_ASCII.encode("version https://git-lfs.github.com/spec/");

  public OnnxModel {
    functions = Map.copyOf(functions);
  }

  /**
   * Reads a file of up to 2 GB; weights stay in the mapped file until they are read.
   *
   * @throws ModelException if the file does not exist, or it is not an ONNX model; the message
   *     names it
   */
  public static OnnxModel read(Path file) {
    try {
      return parse(stem(file), file.toString(), bytes(file), file);
    } catch (ModelException e) {
      throw e.at(file.toString());
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Reads a single tensor stored as ONNX's {@code TensorProto}, as conformance cases have them.
   *
   * @throws ModelException if the file is missing or holds no tensor; the message names it
   */
  public static Tensor readTensor(Path file) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      WireReader in = new WireReader(bytes, 0, ReadBudget.ofHeap());
      return TensorParser.parse(in, new ExternalData(null)).tensor();
    } catch (ModelException e) {
      throw e.at(file.toString());
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static ModelException unreadable(Path file, IOException e) {
    return new ModelException(file + ": cannot be read: " + IoReason.of(e), e);
  }

  /**
   * Reads a model from memory; it cannot have external data.
   *
   * @throws ModelException if it is not an ONNX model
   */
  public static OnnxModel parse(String name, ByteBuffer bytes) {
    return parse(name, "memory", bytes, null);
  }

  private static ByteBuffer bytes(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new ModelException("the file does not exist");
    }
    if (Files.isDirectory(file)) {
      throw new ModelException(
          "this is a directory; use the .onnx file in it, or a DJL folder (with"
              + " serving.properties)");
    }
    if (!Files.isRegularFile(file)) {
      throw new ModelException("this is not a regular file; models are mapped, not streamed");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size > Integer.MAX_VALUE) {
        throw new ModelException(
            "the file has %s bytes; ONNX files are limited to 2^31-1, larger weights go to external data"
                .formatted(size));
      }
      // Mapping sets up machinery of the JDK, for longer than it takes to read a small file.
      return size <= 1 << 20
          ? ByteBuffer.wrap(Files.readAllBytes(file))
          : channel.map(FileChannel.MapMode.READ_ONLY, 0, size);
    }
  }

  private static String stem(Path file) {
    String fileName = String.valueOf(file.getFileName());
    int dot = fileName.lastIndexOf('.');
    String stem = dot > 0 ? fileName.substring(0, dot) : fileName;
    Path folder = file.toAbsolutePath().getParent();
    Path folderName = folder == null ? null : folder.getFileName();
    return stem.equals("model") && folderName != null ? folderName.toString() : stem;
  }

  private static OnnxModel parse(
      String name, String source, ByteBuffer bytes, @Nullable Path file) {
    if (!bytes.hasRemaining()) {
      throw new ModelException("the file is empty");
    }
    if (isLfsPointer(bytes)) {
      throw new ModelException(
          "this is a Git LFS pointer, not the model itself; run 'git lfs pull' in its repository");
    }
    Map<String, Integer> opsets = new HashMap<>();
    List<WireReader> functionMessages = new ArrayList<>();
    WireReader graphMessage = null;
    WireReader in = new WireReader(bytes, 0, ReadBudget.ofHeap());
    while (in.next()) {
      switch (in.field()) {
        case 7 -> graphMessage = in.message();
        case 8 -> OnnxParser.opset(in.message(), opsets);
        case 25 -> functionMessages.add(in.message());
        default -> in.skip();
      }
    }
    if (graphMessage == null) {
      throw new ModelException("not an ONNX model: it has no graph");
    }
    opsets.putIfAbsent("", 1);
    OnnxParser parser = new OnnxParser(opsets, new ExternalData(file));
    Map<String, FunctionTemplate> functions = new HashMap<>();
    for (WireReader message : functionMessages) {
      FunctionTemplate function = parser.function(message);
      if (functions.put(function.key(), function) != null) {
        throw new ModelException(
            "the function '" + function.key() + "' is defined twice; overloads are not supported");
      }
    }
    GraphTemplate graph = parser.graph(graphMessage, opsets);
    return new OnnxModel(name, source, opsets.get(""), graph, functions);
  }

  private static boolean isLfsPointer(ByteBuffer bytes) {
    int length = Math.min(bytes.remaining(), LFS_POINTER.remaining());
    return bytes.slice(bytes.position(), length).equals(LFS_POINTER);
  }

  @Override
  public List<ValueInfo> inputs() {
    return TemplateBinder.feeds(graph);
  }

  /** Qualified operators of the main graph, in the order of the file. */
  public List<String> operators() {
    return graph.nodes().stream().map(Node::qualifiedOp).toList();
  }

  @Override
  public Graph bind(Bindings bindings) {
    try {
      return new TemplateBinder(opset, functions).bind(graph, bindings);
    } catch (ModelException e) {
      throw e.at(source);
    }
  }
}
