package dev.flopmeter.run.trace;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.trace.Trace.Kernel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * Reads what trtexec exports of TensorRT 8 to 10: the layers' times ({@code --exportProfile}), what
 * the layers are ({@code --exportLayerInfo}) and the passes' times ({@code --exportTimes}).
 */
final class TensorRtFiles {
  /**
   * One ONNX layer in a layer's metadata; they are joined by U+001E or U+001F. Names may hold
   * brackets.
   */
  private static final Pattern ONNX_LAYER =
      Pattern.compile("\\[ONNX Layer: (.*?)\\](?=\\s*(?:$|[\\x1e\\x1f,;]|\\[ONNX))");

  private static final Pattern JOINED = Pattern.compile(" \\+ | \\|\\| |\\.\\.\\.|, ");

  /** Layers that TensorRT adds to move values or to change their form. */
  private static final Pattern REFORMAT =
      Pattern.compile(
          "Reformatting CopyNode.*|(copied_)?(reshape|squeeze|unsqueeze|unsqueeze_node)"
              + "_(before|after)_.*|.* copy");

  private static final Pattern POINTWISE = Pattern.compile("PWN\\(|[()]");

  private final Map<String, JsonNode> layers = new HashMap<>();
  private final List<Kernel> kernels = new ArrayList<>();
  private final Map<String, Integer> types = new TreeMap<>();
  private final List<Double> passes = new ArrayList<>();
  private long iterations;

  private TensorRtFiles() {}

  /**
   * Reads the files of one engine.
   *
   * @throws ModelException if the profile holds no iterations, or layers of another engine
   */
  static Trace read(Path profile, @Nullable Path layerInfo, @Nullable Path times) {
    TensorRtFiles files = new TensorRtFiles();
    if (layerInfo != null) {
      JsonEvents.read(layerInfo, in -> in, "Layers", files::layer, field -> {});
    }
    JsonEvents.read(profile, in -> in, "", files::time, field -> {});
    if (times != null) {
      JsonEvents.read(
          times,
          in -> in,
          "",
          pass -> files.passes.add(JsonEvents.amount(pass, "computeMs") / 1e3),
          any -> {});
    }
    return files.trace(profile);
  }

  private void layer(JsonNode layer) {
    if (layer.isObject()) { // TensorRT without detailed verbosity lists names alone
      layers.put(layer.path("Name").asString(""), layer);
    }
  }

  private void time(JsonNode entry) {
    if (entry.has("count")) {
      iterations = entry.path("count").asLong(0);
      return;
    }
    String name = entry.path("name").asString("");
    String field = entry.has("medianMs") ? "medianMs" : "averageMs";
    double seconds = JsonEvents.amount(entry, field) / 1e3;
    JsonNode layer = layers.getOrDefault(name, MissingNode.getInstance());
    String kind = layer.path("LayerType").asString(isReformat(name) ? "Reformat" : "layer");
    List<Long> shape = new ArrayList<>();
    layer.path("Outputs").path(0).path("Dimensions").forEach(dim -> shape.add(dim.asLong(-1)));
    String type = layer.path("Weights").path("Type").asString("");
    if (!type.isEmpty()) {
      types.merge(type, 1, Integer::sum);
    }
    kernels.add(new Kernel(name, kind, -1, nodes(name, layer), shape, List.of(seconds)));
  }

  private static boolean isReformat(String name) {
    return REFORMAT.matcher(name).matches();
  }

  /** The ONNX nodes of a layer: its metadata names them, in older files its own name does. */
  private static List<String> nodes(String name, JsonNode layer) {
    if (isReformat(name)) {
      return List.of();
    }
    Matcher named = ONNX_LAYER.matcher(layer.path("Metadata").asString(""));
    List<String> nodes = named.results().map(one -> one.group(1)).toList();
    String plain = POINTWISE.matcher(name).replaceAll("");
    return nodes.isEmpty()
        ? JOINED
            .splitAsStream(plain.replaceAll("ForeignNode\\[|\\]?\\}$|[{}]", ""))
            .map(String::strip)
            .toList()
        : nodes;
  }

  private Trace trace(Path profile) {
    if (iterations <= 0 || kernels.isEmpty()) {
      throw new ModelException(
          profile + ": has no iterations; export it with trtexec --exportProfile");
    }
    long known = kernels.stream().filter(kernel -> layers.containsKey(kernel.name())).count();
    if (!layers.isEmpty() && 2 * known < kernels.size()) {
      throw new ModelException(
          "%s: %s of its %s layers are not in the layer information: the files are of two engines"
              .formatted(profile, kernels.size() - known, kernels.size()));
    }
    List<String> notes = new ArrayList<>();
    notes.add("the layers' times are averages over " + iterations + " iterations");
    String type =
        types.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey)
            .orElse(null);
    Precision precision = type == null ? null : Trace.PRECISIONS.get(type);
    if (type != null && precision == null) {
      notes.add(
          "most weights are %s, which has no peak here: shares are of the peak of fp32, or of --precision"
              .formatted(type));
    }
    return new Trace("tensorrt", kernels, passes, null, true, precision, 0, notes);
  }
}
