package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.device.BuildVersion;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.measure.TraceResult;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.trace.NodeJoin.Joined;
import dev.flopmeter.run.trace.Trace;
import dev.flopmeter.run.trace.Trace.Kernel;
import dev.flopmeter.run.trace.TraceFiles;
import dev.flopmeter.run.trace.TraceJoin;
import dev.flopmeter.text.NearestName;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code flopmeter import}: converts the trace of another runtime to a profile. */
final class ImportCommand extends Command {
  private static final String UNKNOWN = "unknown";

  private final Argument<String> files = parameters();
  private final ModelArguments model = with(new ModelArguments(true));
  private final Argument<String> device = option("--device", new Reading.Text());
  private final Argument<Precision> precision =
      option("--precision", Choice.of(Precision.values()));
  private final Argument<Boolean> allLayers = flag("--all-layers");
  private final OutputArguments output = with(new OutputArguments(Format.values()));
  private final DaemonArguments daemon = with(new DaemonArguments());
  private final Argument<String> workload = option("--workload", new Reading.Text());

  @Override
  int run(Console console) throws InterruptedException {
    if (daemon.isGiven() != workload.find().isPresent()) {
      throw new ModelException("--daemon and --workload must be used together");
    }
    DaemonArguments.Client receiver = daemon.isGiven() ? daemon.client() : null;
    checkDevice(console);
    List<Path> paths = files.all().stream().map(ModelArguments::path).toList();
    List<Bindings> sizes = model.sweep();
    if (sizes.size() > 1) {
      throw new ModelException("a trace has one batch size; specify one, not " + sizes.size());
    }
    Model network = model.open();
    Graph graph = network.bind(sizes.get(0));
    Counts counts = Counter.standard().count(network, graph);
    Map<String, Long> macs = new HashMap<>();
    counts.layers().forEach(layer -> macs.put(layer.name(), layer.cost().macs()));
    TraceFiles read = TraceFiles.read(paths, graph, macs);
    Instant writtenAt = Instant.ofEpochMilli(paths.get(0).toFile().lastModified());
    ProfileResult result = result(network, graph, counts, read, writtenAt);
    try (Output out = output.open(console)) {
      out.text(ProfileText.of(output.format(), List.of(result), out.style(allLayers.get())));
    }
    if (receiver != null) {
      send(result, receiver, console);
    }
    return 0;
  }

  private void send(ProfileResult result, DaemonArguments.Client receiver, Console console)
      throws InterruptedException {
    String name = URLEncoder.encode(workload.get(), StandardCharsets.UTF_8);
    HttpResponse<String> response =
        receiver.send(
            "POST",
            "/api/v1/import?workload=" + name,
            BodyPublishers.ofString(ProfileJson.writeLine(result)));
    String answer = receiver.accepted(response).body().strip();
    console.warn(receiver.base() + ", workload " + workload.get() + ": " + answer);
  }

  private ProfileResult result(
      Model network, Graph graph, Counts counts, TraceFiles read, Instant recordedAt) {
    Trace trace = read.trace();
    Precision told = trace.precision();
    Precision used = precision.find().orElse(told == null ? Precision.FP32 : told);
    ProfileRequest request =
        new ProfileRequest(
            graph,
            counts,
            graph.batch(),
            RunOptions.DEFAULT.withPrecision(used),
            SamplingRules.DEFAULT,
            false,
            List.of());
    Datasheet datasheet = Datasheet.load();
    return TraceResult.of(
        trace,
        steps(network, graph, read),
        request,
        new DeviceRoofs(device(trace, datasheet), datasheet, null),
        new Environment(BuildVersion.get(), UNKNOWN, UNKNOWN, Map.of()),
        recordedAt);
  }

  private static Joined steps(Model network, Graph graph, TraceFiles read) {
    List<Node> written = network instanceof OnnxModel file ? file.graph().nodes() : List.of();
    List<Kernel> kernels = read.trace().kernels();
    Path optimised = read.optimisedModel();
    if (kernels.stream().anyMatch(kernel -> !kernel.nodes().isEmpty())) {
      return TraceJoin.byNodes(graph, kernels);
    }
    return optimised == null
        ? TraceJoin.byName(graph, written, kernels)
        : TraceJoin.byGraph(graph, written, kernels, OnnxModel.read(optimised).graph());
  }

  private Device device(Trace trace, Datasheet datasheet) {
    String name = device.find().orElse(trace.deviceName() == null ? UNKNOWN : trace.deviceName());
    boolean isGpu = trace.isGpu() || datasheet.find(name).isPresent();
    return new Device(
        isGpu ? DeviceKind.CUDA : DeviceKind.CPU, isGpu ? "cuda:0" : "cpu", name, Map.of(), false);
  }

  /** A name without a datasheet is accepted: CPUs have none, and neither do new cards. */
  private void checkDevice(Console console) {
    String name = device.find().orElse(null);
    if (name != null && name.isBlank()) {
      throw new ModelException("--device must name what the model ran on; otherwise omit it");
    }
    Datasheet datasheet = Datasheet.load();
    if (name != null && datasheet.find(name).isEmpty()) {
      List<String> known = datasheet.cards().stream().map(Datasheet.Card::name).toList();
      console.warn(
          "device '%s' is not in the datasheet table%sthe result has no share of a peak"
              .formatted(name, NearestName.question(name, known)));
    }
  }
}
