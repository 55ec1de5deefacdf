package dev.flopmeter.gpucheck;

import dev.flopmeter.gpucheck.Outcome.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The table of all results so far, and the list of skipped items. */
final class Summary {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Settings settings;
  private final Results results;

  Summary(Settings settings, Results results) {
    this.settings = settings;
    this.results = results;
  }

  /** As Markdown. */
  String of(List<Outcome> outcomes) throws IOException {
    Map<String, List<JsonNode>> cases = profiles();
    List<JsonNode> torch = lines("torch.jsonl");
    List<String> lines = new ArrayList<>();
    Duration took = outcomes.stream().map(Outcome::took).reduce(Duration.ZERO, Duration::plus);
    lines.add(
        "Took %.0f s of a budget of %d s."
            .formatted(took.toMillis() / 1e3, settings.budget().toSeconds()));
    cases.values().stream().limit(1).forEach(some -> lines.add(device(some.get(0).path("device"))));
    torch.stream()
        .filter(row -> row.path("ready").asBoolean(false))
        .limit(1)
        .forEach(row -> lines.add(peer(row)));
    table(
        lines,
        "| network | precision | batch | turns | latency s | inferences/s | FLOP/s | MFU | layer"
            + " sum | launch overhead | PyTorch eager s | compiled s | PyTorch's best / ours |",
        cases.values().stream().map(turns -> row(turns, torch)).toList());
    table(
        lines,
        "| network | precision | relative L2 | limit | outcome |",
        lines("correctness.jsonl").stream().map(Summary::correctness).toList());
    for (State state : List.of(State.FAILED, State.LEFT_OUT)) {
      table(
          lines,
          state == State.FAILED ? "| failed | why |" : "| left out | why |",
          outcomes.stream()
              .filter(outcome -> outcome.state() == state)
              .map(o -> "| " + o.item() + " | " + o.detail().replace('|', '/') + " |")
              .toList());
    }
    return String.join("\n", lines) + "\n";
  }

  private static void table(List<String> lines, String head, List<String> rows) {
    if (!rows.isEmpty()) {
      lines.addAll(List.of("", head, "|" + "---|".repeat((int) columns(head))));
      lines.addAll(rows);
    }
  }

  private static long columns(String head) {
    return head.chars().filter(c -> c == '|').count() - 1;
  }

  /** Profiles of one case, its turns in order, by a name without the turn. */
  private Map<String, List<JsonNode>> profiles() throws IOException {
    Map<String, List<JsonNode>> cases = new LinkedHashMap<>();
    for (Path file : results.files()) {
      String name = file.getFileName().toString();
      if (name.startsWith("profile-") && Files.size(file) > 0) {
        cases
            .computeIfAbsent(name.replaceAll("-turn-\\d", ""), key -> new ArrayList<>())
            .add(JSON.readTree(Files.readString(file)));
      }
    }
    return cases;
  }

  private List<JsonNode> lines(String name) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    if (Files.exists(results.file(name))) {
      for (String line : Files.readAllLines(results.file(name))) {
        rows.add(JSON.readTree(line));
      }
    }
    return rows;
  }

  private static String device(JsonNode device) {
    String line =
        "%s, CUDA %s, cuDNN %s."
            .formatted(
                device.path("name").asString(),
                device.path("cuda").asString(),
                device.path("cudnn").asString());
    return device.path("emulated").asBoolean(false)
        ? line + " **Emulated: its times are not valid.**"
        : line;
  }

  private static String peer(JsonNode ready) {
    String line =
        "PyTorch %s, CUDA %s, cuDNN %s."
            .formatted(
                ready.path("torch").asString(),
                ready.path("cuda").asString(),
                ready.path("cudnn").asString());
    return ready.path("torch").asString().contains("stub")
        ? line + " **A stub: its times are not valid.**"
        : line;
  }

  /** The median of the turns on both sides. */
  private String row(List<JsonNode> turns, List<JsonNode> torch) {
    JsonNode last = turns.get(turns.size() - 1);
    String network = last.path("model").path("name").asString();
    String precision = last.path("run").path("precision").asString();
    int batch = last.path("run").path("batch").asInt();
    double ours =
        median(
            turns.stream().mapToDouble(t -> t.path("latency").path("median").asDouble()).toArray());
    Map<String, double[]> peers =
        torch.stream()
            .filter(row -> row.path("seconds").isNumber())
            .filter(row -> row.path("network").asString().equals(network))
            .filter(row -> row.path("precision").asString().equals(precision))
            .filter(row -> row.path("batch").asInt() == batch)
            .collect(
                Collectors.groupingBy(
                    row -> row.path("mode").asString(),
                    Collectors.collectingAndThen(
                        Collectors.toList(),
                        rows ->
                            rows.stream()
                                .mapToDouble(r -> r.path("seconds").asDouble())
                                .toArray())));
    double eager = median(peers.getOrDefault("eager", new double[0]));
    double compiled = median(peers.getOrDefault("compiled", new double[0]));
    return String.join(
        " | ",
        "| " + network,
        precision,
        Integer.toString(batch),
        Integer.toString(turns.size()),
        figure(ours),
        number(last.path("throughput").path("inferences_per_second")),
        number(last.path("throughput").path("achieved_flops_per_second")),
        number(last.path("efficiency").path("mfu").path("datasheet")),
        number(last.path("layer_sum_ratio")),
        number(last.path("launch").path("overhead_ratio")),
        figure(eager),
        figure(compiled),
        figure(
                (Double.isNaN(eager)
                        ? compiled
                        : Double.isNaN(compiled) ? eager : Math.min(eager, compiled))
                    / ours)
            + " |");
  }

  private static String correctness(JsonNode row) {
    String outcome =
        row.has("skipped")
            ? "skipped: " + row.path("skipped").asString()
            : row.path("passed").asBoolean(false)
                ? "passed"
                : "FAILED " + row.path("error").asString("");
    return String.join(
        " | ",
        "| " + row.path("network").asString(),
        row.path("precision").asString(),
        number(row.path("relative_l2")),
        number(row.path("limit")),
        outcome.replace('|', '/') + " |");
  }

  private static double median(double[] values) {
    double[] sorted = Arrays.stream(values).sorted().toArray();
    return sorted.length == 0
        ? Double.NaN
        : (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  private static String number(JsonNode number) {
    return figure(number.isNumber() ? number.asDouble() : Double.NaN);
  }

  private static String figure(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4g", value);
  }
}
