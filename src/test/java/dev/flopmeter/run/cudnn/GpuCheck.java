package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The parts of {@code src/test/bin/gpu-check} that compute: references, their check, a summary. */
final class GpuCheck {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final long SEED = 11;

  private GpuCheck() {}

  public static void main(String[] args) throws IOException {
    switch (args[0]) {
      case "references" ->
          references(Path.of(args[1]), Arrays.asList(args).subList(2, args.length));
      case "check" -> System.exit(check(Path.of(args[1]), args[2], Path.of(args[3])) ? 0 : 1);
      case "summary" -> summary(Path.of(args[1]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static Graph graph(String network) {
    return Zoo.get(network).bind(Bindings.ofBatch(2));
  }

  private static Map<String, Tensor> inputs(Graph graph) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    graph
        .inputs()
        .forEach(name -> inputs.put(name, new RandomTensor(graph.requireType(name), SEED, -1, 1)));
    return inputs;
  }

  /** One file of float32 elements per network: its first output. */
  private static void references(Path directory, List<String> networks) throws IOException {
    try (DjlBackend backend = DjlBackend.open()) {
      for (String network : networks) {
        Graph graph = graph(network);
        try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
          ByteBuffer data = plan.run(inputs(graph)).get(graph.outputs().get(0)).data();
          byte[] bytes = new byte[data.remaining()];
          data.get(bytes);
          Files.write(directory.resolve(network + ".f32"), bytes);
        }
      }
    }
  }

  private static boolean check(Path directory, String device, Path out) throws IOException {
    List<Map<String, Object>> rows = new ArrayList<>();
    boolean isRight = true;
    Map<String, Object> document = new LinkedHashMap<>();
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files = all.sorted().toList();
    }
    try (Backend backend = CudnnBackend.open(device)) {
      document.put("device", backend.device().name());
      document.put("emulated", backend.device().isEmulated());
      document.put("rows", rows);
      for (Path file : files) {
        String network = file.getFileName().toString().replace(".f32", "");
        Graph graph = graph(network);
        String output = graph.outputs().get(0);
        Map<String, Tensor> expected =
            Map.of(
                output,
                DenseTensor.of(
                    graph.requireType(output), ByteBuffer.wrap(Files.readAllBytes(file))));
        for (Precision precision : Precision.values()) {
          for (Layout layout : Layout.values()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("network", network);
            row.put("precision", precision.label());
            row.put("layout", layout.label());
            RunOptions options = RunOptions.DEFAULT.withPrecision(precision).withLayout(layout);
            try (Plan plan = backend.prepare(graph, options)) {
              double error = Comparison.relativeL2(expected, plan.run(inputs(graph)));
              row.put("relative_l2", error);
              row.put("limit", Comparison.limit(precision));
              row.put("passed", error < Comparison.limit(precision));
            } catch (DeviceFailure e) {
              row.put("passed", false);
              row.put("error", e.getMessage());
              if (e.isSticky()) {
                throw e;
              }
            } catch (BackendException e) {
              // A precision that this device does not offer is no wrong result.
              row.put("skipped", e.getMessage());
            }
            isRight &= !Boolean.FALSE.equals(row.get("passed"));
            System.out.println(row);
            rows.add(row);
          }
        }
      }
    }
    Files.writeString(out, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document));
    return isRight;
  }

  private static void summary(Path directory) throws IOException {
    Map<String, JsonNode> torch = new LinkedHashMap<>();
    Path torchFile = directory.resolve("torch.json");
    if (Files.exists(torchFile)) {
      for (JsonNode row : JSON.readTree(Files.readString(torchFile)).path("rows")) {
        torch.put(row.path("precision").asString() + "-" + row.path("batch").asInt(), row);
      }
    }
    List<JsonNode> profiles = profiles(directory);
    List<String> lines = new ArrayList<>();
    if (!profiles.isEmpty()) {
      lines.add(device(profiles.get(0).path("device")));
      lines.add("");
    }
    lines.add(
        "| network | precision | batch | latency s | inferences/s | FLOP/s | MFU | layer sum |"
            + " launch overhead | PyTorch eager s | compiled s | PyTorch's best / ours |");
    lines.add("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    profiles.forEach(profile -> lines.add(row(profile, torch)));
    Files.write(directory.resolve("summary.md"), lines);
    lines.forEach(System.out::println);
  }

  private static List<JsonNode> profiles(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files =
          all.filter(file -> file.getFileName().toString().startsWith("profile-"))
              .sorted()
              .toList();
    }
    List<JsonNode> profiles = new ArrayList<>();
    for (Path file : files) {
      if (Files.size(file) > 0) {
        profiles.add(JSON.readTree(Files.readString(file)));
      }
    }
    return profiles;
  }

  private static String device(JsonNode device) {
    String line =
        device.path("name").asString()
            + ", CUDA "
            + device.path("cuda").asString()
            + ", cuDNN "
            + device.path("cudnn").asString()
            + ".";
    return device.path("emulated").asBoolean(false)
        ? line + " **Emulated: its times mean nothing.**"
        : line;
  }

  private static String row(JsonNode profile, Map<String, JsonNode> torch) {
    JsonNode run = profile.path("run");
    double latency = profile.path("latency").path("median").asDouble();
    JsonNode other =
        torch.getOrDefault(
            run.path("precision").asString() + "-" + run.path("batch").asInt(),
            JSON.createObjectNode());
    double best =
        Math.min(
            other.path("eager_seconds").asDouble(Double.POSITIVE_INFINITY),
            other.path("compiled_seconds").asDouble(Double.POSITIVE_INFINITY));
    return String.join(
        " | ",
        "| " + profile.path("model").path("name").asString(),
        run.path("precision").asString(),
        run.path("batch").asString(),
        figure(latency),
        text(profile.path("throughput").path("inferences_per_second")),
        text(profile.path("throughput").path("achieved_flops_per_second")),
        text(profile.path("efficiency").path("mfu").path("datasheet")),
        text(profile.path("layer_sum_ratio")),
        text(profile.path("launch").path("overhead_ratio")),
        text(other.path("eager_seconds")),
        text(other.path("compiled_seconds")),
        (Double.isInfinite(best) ? "-" : figure(best / latency)) + " |");
  }

  private static String text(JsonNode number) {
    return number.isNumber() ? figure(number.asDouble()) : "-";
  }

  private static String figure(double value) {
    return String.format(java.util.Locale.ROOT, "%.4g", value);
  }
}
