package dev.flopmeter.gpucheck;

import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.Comparison;
import dev.flopmeter.run.cudnn.CudnnBackend;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.djl.DjlBackend;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Outputs computed by the CPU on the build machine, and the comparison of a GPU's outputs with
 * them.
 */
final class References {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final long SEED = 11;

  private References() {}

  /**
   * A built-in network, or an ONNX file in the folder of references, as a command-line argument.
   */
  static String model(Path directory, String network) {
    Path file = directory.resolve(network + ".onnx");
    return Files.exists(file) ? file.toString() : network;
  }

  private static Graph graph(Path directory, String network) {
    String model = model(directory, network);
    Model opened = model.equals(network) ? Zoo.get(network) : OnnxModel.read(Path.of(model));
    return opened.bind(Bindings.ofBatch(2));
  }

  /** One file of float32 elements per network, its first output; and the attention to profile. */
  static void compute(Path directory, List<String> networks) throws IOException {
    Files.write(directory.resolve("attention.onnx"), attention());
    try (DjlBackend backend = DjlBackend.open()) {
      for (String network : networks) {
        Graph graph = graph(directory, network);
        try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
          Map<String, Tensor> outputs = plan.run(RandomInputs.of(graph, SEED));
          ByteBuffer data = outputs.get(graph.outputs().get(0)).data();
          byte[] bytes = new byte[data.remaining()];
          data.get(bytes);
          Files.write(directory.resolve(network + ".f32"), bytes);
        }
      }
    }
  }

  /**
   * Compares one network and appends the outcome, a line of JSON.
   *
   * @param arguments directory of the references, network, precision, device, file of outcomes
   * @return false if the result is wrong
   */
  static boolean check(List<String> arguments) throws IOException {
    String network = arguments.get(1);
    Precision precision = Precision.valueOf(arguments.get(2).toUpperCase(Locale.ROOT));
    Path directory = Path.of(arguments.get(0));
    Graph graph = graph(directory, network);
    String output = graph.outputs().get(0);
    byte[] stored = Files.readAllBytes(directory.resolve(network + ".f32"));
    Map<String, Tensor> expected =
        Map.of(output, DenseTensor.of(graph.requireType(output), ByteBuffer.wrap(stored)));
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("network", network);
    row.put("precision", precision.label());
    try (Backend backend = CudnnBackend.open(arguments.get(3));
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
      Map<String, Tensor> found = plan.run(RandomInputs.of(graph, SEED));
      double error =
          Comparison.relativeL2(
              expected, Map.of(output, found.getOrDefault(output, found.get(output))));
      row.put("relative_l2", error);
      row.put("limit", Comparison.limit(precision));
      row.put("passed", error < Comparison.limit(precision));
    } catch (DeviceFailure e) {
      row.put("passed", false);
      row.put("error", e.getMessage());
    } catch (BackendException e) {
      // A precision that the device does not support is not a wrong result.
      row.put("skipped", e.getMessage());
    }
    String line = JSON.writeValueAsString(row) + "\n";
    Path outcomes = Path.of(arguments.get(4));
    Files.writeString(outcomes, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    System.out.print(line);
    return !Boolean.FALSE.equals(row.get("passed"));
  }

  /**
   * Attention with 16 heads of width 128, (batch, heads, sequence, width), as an ONNX file. Its
   * protocol buffer is written field by field (onnx.proto), because the archive has no library for
   * it.
   */
  private static byte[] attention() {
    byte[] node =
        joined(
            text(1, "query"),
            text(1, "key"),
            text(1, "value"),
            text(2, "context"),
            text(3, "attention"),
            text(4, "Attention"));
    byte[] graph =
        joined(
            field(1, node),
            text(2, "attention"),
            field(11, heads("query")),
            field(11, heads("key")),
            field(11, heads("value")),
            field(12, heads("context")));
    return joined(number(1, 11), field(7, graph), field(8, joined(text(1, ""), number(2, 23))));
  }

  private static byte[] heads(String name) {
    byte[] shape =
        joined(
            field(1, text(2, "batch")),
            field(1, number(1, 16)),
            field(1, text(2, "sequence")),
            field(1, number(1, 128)));
    return joined(text(1, name), field(2, field(1, joined(number(1, 1), field(2, shape)))));
  }

  private static byte[] text(int field, String text) {
    return field(field, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] field(int field, byte[] content) {
    return joined(varint(field << 3 | 2), varint(content.length), content);
  }

  private static byte[] number(int field, int value) {
    return joined(varint(field << 3), varint(value));
  }

  private static byte[] varint(int value) {
    return value < 128
        ? new byte[] {(byte) value}
        : joined(new byte[] {(byte) (value | 128)}, varint(value >>> 7));
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
