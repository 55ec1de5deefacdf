package dev.flopmeter.run.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.onnx.OnnxWriter;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.TemporaryFolder;
import dev.flopmeter.run.trace.NodeJoin.Joined;
import dev.flopmeter.run.trace.OnnxRuntimeProfile;
import dev.flopmeter.run.trace.Trace.Kernel;
import dev.flopmeter.run.trace.TraceJoin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model ready to run in a session of ONNX Runtime.
 *
 * <p>The session that is timed end to end has no profiler. The nodes are timed in sessions of their
 * own, with ONNX Runtime's profiler, on the optimised model that the first session saved. The
 * profiler costs time at every node, so its times count as shares: they are scaled to the
 * undisturbed pass.
 */
final class OrtPlan implements Plan {
  /** Profiled passes of one session: at most, and for at most so long; and the fewest. */
  private static final int MOST_PASSES = 50;

  private static final double PROFILED_SECONDS = 0.25;
  private static final int FEWEST_PASSES = 3;

  /** Undisturbed passes whose median is the time of the pass. */
  private static final int RECENT = 25;

  private final OrtEnvironment environment;
  private final Graph graph;
  private final RunOptions run;
  private final OrtOptions options;
  private final TemporaryFolder folder;
  private final Path model;
  private final OrtSession session;
  private final List<Node> written;
  private final Map<String, OnnxTensor> loaded = new LinkedHashMap<>();
  private final Deque<Double> recent = new ArrayDeque<>();
  private final Deque<Double> profiled = new ArrayDeque<>();
  private final Deque<double[]> shares = new ArrayDeque<>();
  private final Map<String, Integer> places = new HashMap<>();
  private @Nullable Joined joined;
  private long arenaBytes;

  private OrtPlan(
      OrtEnvironment environment,
      Graph graph,
      RunOptions run,
      OrtOptions options,
      TemporaryFolder folder)
      throws OrtException, IOException {
    this.environment = environment;
    this.graph = graph;
    this.run = run;
    this.options = options;
    this.folder = folder;
    Path source = run.source();
    OnnxModel file = source == null ? null : OnnxModel.read(source);
    if (source != null && file != null && takes(file, graph)) {
      model = source;
      written = file.graph().nodes();
    } else {
      model = folder.path().resolve("model.onnx");
      written = List.of();
      OnnxWriter.write(graph, model);
    }
    try (SessionOptions settings = settings()) {
      settings.setOptimizationLevel(options.optimisation());
      settings.setOptimizedModelFilePath(optimised().toString());
      // Weights beside it: beyond 2 GB they must be, and reading the graph alone is quick.
      settings.addConfigEntry(
          "session.optimized_model_external_initializers_file_name", "optimised.data");
      settings.addConfigEntry(
          "session.optimized_model_external_initializers_min_size_in_bytes", "1024");
      session = environment.createSession(model.toString(), settings);
    }
  }

  static OrtPlan prepare(
      OrtEnvironment environment, Graph graph, RunOptions run, OrtOptions options) {
    try {
      TemporaryFolder folder = TemporaryFolder.in(Path.of(System.getProperty("java.io.tmpdir")));
      try {
        return new OrtPlan(environment, graph, run, options, folder);
      } catch (OrtException | IOException | RuntimeException e) {
        try (folder) {
          throw e;
        }
      }
    } catch (OrtException e) {
      throw OrtBackend.refusal(e);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /** Whether the file's own inputs take what the graph's were bound to. */
  private static boolean takes(OnnxModel file, Graph graph) {
    return file.inputs().stream()
        .allMatch(
            input ->
                input.concrete().isEmpty() || input.concrete().equals(graph.type(input.name())));
  }

  private Path optimised() {
    return folder.path().resolve("optimised.onnx");
  }

  private static BackendException unwritable(IOException e) {
    return new BackendException(
        "the model for ONNX Runtime cannot be written to the temporary folder: " + e.getMessage(),
        e);
  }

  private SessionOptions settings() throws OrtException {
    SessionOptions settings = new SessionOptions();
    try {
      if (run.threads() > 0) {
        settings.setIntraOpNumThreads(run.threads());
      }
      options.applyTo(settings);
      return settings;
    } catch (OrtException | RuntimeException e) {
      settings.close();
      throw e;
    }
  }

  @Override
  public List<Step> steps() {
    if (joined == null) {
      profile();
    }
    return Objects.requireNonNull(joined).steps();
  }

  /** The weights as the model has them, and what the arena held beyond its first state. */
  @Override
  public Memory memory() {
    long weights = graph.constants().values().stream().mapToLong(one -> one.type().bytes()).sum();
    return new Memory(weights, arenaBytes, 0);
  }

  @Override
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    load(inputs);
    try (OrtSession.Result result = session.run(loaded)) {
      Map<String, Tensor> outputs = new LinkedHashMap<>();
      for (Map.Entry<String, OnnxValue> output : result) {
        outputs.put(output.getKey(), OrtTensors.fetched(output.getKey(), output.getValue()));
      }
      return outputs;
    } catch (OrtException e) {
      throw OrtBackend.failure(e);
    }
  }

  @Override
  public void load(Map<String, Tensor> inputs) {
    release();
    try {
      for (String name : session.getInputNames()) {
        Tensor tensor = inputs.containsKey(name) ? inputs.get(name) : graph.constants().get(name);
        boolean hasDefault = tensor == null && !graph.inputs().contains(name);
        if (tensor == null && !hasDefault) {
          throw new ModelException("the input '" + name + "' is missing");
        }
        if (tensor != null) {
          loaded.put(name, OrtTensors.placed(environment, name, tensor));
        }
      }
    } catch (OrtException e) {
      throw OrtBackend.failure(e);
    }
  }

  private void release() {
    loaded.values().forEach(OnnxTensor::close);
    loaded.clear();
  }

  @Override
  public double timePass() {
    double seconds = timePass(session);
    recent.add(seconds);
    if (recent.size() > RECENT) {
      recent.remove();
    }
    return seconds;
  }

  private double timePass(OrtSession used) {
    try {
      long start = System.nanoTime();
      OrtSession.Result result = used.run(loaded);
      long end = System.nanoTime();
      result.close();
      return (end - start) * 1e-9;
    } catch (OrtException e) {
      throw OrtBackend.failure(e);
    }
  }

  /** The nodes' shares of a profiled pass, scaled to the undisturbed pass. */
  @Override
  public double[] timeSteps() {
    if (recent.isEmpty()) {
      timePass();
    }
    if (shares.isEmpty()) {
      profile();
    }
    double whole = median(recent);
    double[] share = shares.size() > 1 ? shares.remove() : shares.element();
    return Arrays.stream(share).map(one -> one * whole).toArray();
  }

  @Override
  public Optional<Double> profiledRatio() {
    return profiled.isEmpty() || recent.isEmpty()
        ? Optional.empty()
        : Optional.of(median(profiled) / median(recent));
  }

  @Override
  public double floorSeconds() {
    return options.isGpu() ? 0 : OnnxRuntimeProfile.FLOOR_SECONDS;
  }

  @Override
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (!options.differences().isEmpty()) {
      notes.add("ONNX Runtime ran with " + String.join(", ", options.differences()));
    }
    if (options.isGpu()) {
      notes.add(
          "ONNX Runtime times the kernels of its provider %s on the host, so only the whole pass is known"
              .formatted(options.provider()));
    }
    return notes;
  }

  private static double median(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return (sorted[sorted.length / 2] + sorted[(sorted.length - 1) / 2]) / 2;
  }

  /** Runs some passes in a session with the profiler, and reads what it wrote. */
  private void profile() {
    double pass = recent.isEmpty() ? PROFILED_SECONDS : median(recent);
    int passes =
        (int) Math.max(FEWEST_PASSES, Math.min(MOST_PASSES, Math.ceil(PROFILED_SECONDS / pass)));
    try (SessionOptions settings = settings()) {
      Path written;
      try (OrtSession watched = watched(settings)) {
        for (int i = 0; i <= passes; i++) {
          timePass(watched);
        }
        written = Path.of(watched.endProfiling());
      }
      OnnxRuntimeProfile.Read read = OnnxRuntimeProfile.read(written, 1);
      Files.delete(written);
      add(read);
    } catch (OrtException e) {
      throw OrtBackend.failure(e);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /** A session with the profiler, of the optimised model. */
  private OrtSession watched(SessionOptions settings) throws OrtException {
    settings.enableProfiling(folder.path().resolve("profile").toString());
    settings.setOptimizationLevel(OptLevel.NO_OPT);
    try {
      return environment.createSession(optimised().toString(), settings);
    } catch (OrtException e) {
      // Of some models with loops it saves what it does not take: the same model is optimised
      // again.
      settings.setOptimizationLevel(options.optimisation());
      return environment.createSession(model.toString(), settings);
    }
  }

  private Joined join(List<Kernel> kernels) {
    GraphTemplate ran;
    try {
      ran = OnnxModel.read(optimised()).graph();
    } catch (ModelException e) {
      return TraceJoin.byName(graph, written, kernels); // it names values twice
    }
    return TraceJoin.byGraph(graph, written, kernels, ran);
  }

  private void add(OnnxRuntimeProfile.Read read) {
    if (options.isGpu()
        && read.providers().stream().noneMatch(one -> one.startsWith(options.provider()))) {
      throw new BackendException(
          "ONNX Runtime ran no node of this model on %s but on %s"
              .formatted(options.provider(), read.providers()));
    }
    arenaBytes = Math.max(arenaBytes, read.arenaBytes());
    List<Kernel> kernels = read.trace().kernels();
    if (joined == null) {
      kernels.forEach(kernel -> places.put(kernel.name() + "/" + kernel.index(), places.size()));
      joined = join(kernels);
    }
    List<double[]> passes = new ArrayList<>();
    for (int i = 0; i < read.trace().passSeconds().size(); i++) {
      double[] seconds = new double[places.size()];
      for (Kernel kernel : kernels) {
        Integer place = places.get(kernel.name() + "/" + kernel.index());
        if (place != null) {
          seconds[place] += kernel.seconds().get(i);
        }
      }
      passes.add(joined.sum(seconds));
    }
    // By medians, because a pause of the machine during one node must not shrink the others.
    double whole = 0;
    for (int i = 0; i < joined.steps().size(); i++) {
      int step = i;
      whole += median(passes.stream().map(pass -> pass[step]).toList());
    }
    double scale = whole == 0 ? 0 : 1 / whole;
    passes.forEach(pass -> shares.add(Arrays.stream(pass).map(one -> one * scale).toArray()));
    profiled.addAll(read.trace().passSeconds());
    while (profiled.size() > MOST_PASSES) {
      profiled.remove();
    }
  }

  @Override
  public void close() {
    release();
    try (folder) {
      session.close();
    } catch (OrtException e) {
      throw OrtBackend.failure(e);
    }
  }
}
