package dev.flopmeter.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.flopmeter.measure.Distribution;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.result.ProfileResult.Interval;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import dev.flopmeter.run.ort.OrtBackend;
import dev.flopmeter.run.ort.OrtOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * Networks on the CPU in our plan and in ONNX Runtime: the same file, inputs and threads, in one
 * process, in alternating blocks, so that other load or a warm machine affects both alike. The
 * first passes of a block do not count, because the other runtime's threads are still spinning. The
 * layers are timed in the same blocks, so that their sum can be compared with the whole. Prints a
 * row of a Markdown table for each network and one with the geometric means.
 *
 * <p>Arguments: the backend ({@code djl}, or {@code ort} for the overhead of our ONNX Runtime
 * backend), threads, blocks of each, counted passes per block, FILE...
 */
final class AgainstOnnxRuntime implements AutoCloseable {
  private static final int UNCOUNTED = 2;

  /** CPU time is affected less by other programs than wall time is; valid only with one thread. */
  private static final boolean IS_PROCESSOR_TIME = System.getenv("PROCESSOR_TIME") != null;

  private final Plan plan;
  private final OrtSession session;
  private final Map<String, OnnxTensor> inputs = new HashMap<>();

  private AgainstOnnxRuntime(Backend backend, Path file, int threads)
      throws OrtException, IOException {
    Graph graph = OnnxModel.read(file).bind(Bindings.NONE);
    Map<String, Tensor> tensors = RandomInputs.of(graph, 1);
    plan = backend.prepare(graph, RunOptions.DEFAULT.withThreads(threads));
    plan.load(tensors);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      session = environment.createSession(file.toString(), options);
    }
    for (String name : session.getInputNames()) {
      Tensor tensor = tensors.get(name);
      if (tensor != null) {
        inputs.put(name, OneRuntime.placed(environment, tensor));
      }
    }
  }

  public static void main(String[] args) throws OrtException, IOException {
    boolean isOrt = args[0].equals("ort");
    int threads = Integer.parseInt(args[1]);
    int blocks = Integer.parseInt(args[2]);
    int passes = Integer.parseInt(args[3]);
    List<Row> rows = new ArrayList<>();
    System.out.printf(
        "backend %s, threads %d, %d blocks of %d passes each%n%n",
        args[0], threads, blocks, passes);
    System.out.println(
        "| network | flopmeter | ONNX Runtime | ratio (95 % interval) | layers over the pass |\n"
            + "|---|---|---|---|---|");
    for (String file : List.of(args).subList(4, args.length)) {
      try (Backend backend = isOrt ? OrtBackend.open(OrtOptions.DEFAULT) : DjlBackend.open();
          AgainstOnnxRuntime both = new AgainstOnnxRuntime(backend, Path.of(file), threads)) {
        Row row = both.measure(blocks, passes, !isOrt);
        System.out.println(row.text(Path.of(file).getFileName().toString()));
        rows.add(row);
      }
    }
    System.out.printf(
        "| geometric mean | | | %.2f | %.3f |%n",
        mean(rows.stream().map(Row::ratio)), mean(rows.stream().map(Row::sum)));
  }

  private static double mean(Stream<Distribution> ratios) {
    return Math.exp(
        ratios.mapToDouble(ratio -> Math.log(ratio.median())).average().orElse(Double.NaN));
  }

  /** The results of the blocks of one network: seconds, and ratios of the medians of each block. */
  private record Row(Distribution ours, Distribution theirs, Distribution ratio, Distribution sum) {
    String text(String name) {
      Interval interval = ratio.medianInterval();
      return "| %s | %.1f ms | %.1f ms | %.2f (%.2f to %.2f) | %.3f |"
          .formatted(
              name,
              1e3 * ours.median(),
              1e3 * theirs.median(),
              ratio.median(),
              interval.low(),
              interval.high(),
              sum.median());
    }
  }

  /**
   * The steps of ONNX Runtime run in a separate session, because profiling would disturb the
   * passes.
   */
  private Row measure(int blocks, int passes, boolean timesSteps) throws OrtException {
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    List<Double> sums = new ArrayList<>();
    for (int block = 0; block < blocks; block++) {
      List<Double> own = new ArrayList<>();
      List<double[]> steps = new ArrayList<>();
      for (int i = -UNCOUNTED; i < passes; i++) {
        double pass = timed(plan::timePass);
        double[] step = timesSteps ? plan.timeSteps() : new double[0];
        if (i >= 0) {
          own.add(pass);
          steps.add(step);
        }
      }
      List<Double> other = new ArrayList<>();
      for (int i = -UNCOUNTED; i < passes; i++) {
        double pass = timeTheirs();
        if (i >= 0) {
          other.add(pass);
        }
      }
      ours.addAll(own);
      theirs.addAll(other);
      ratios.add(Distribution.of(own).median() / Distribution.of(other).median());
      sums.add(sum(steps) / Distribution.of(own).median());
    }
    return new Row(
        Distribution.of(ours),
        Distribution.of(theirs),
        Distribution.of(ratios),
        Distribution.of(sums));
  }

  private double timeTheirs() throws OrtException {
    long start = now();
    OrtSession.Result result = session.run(inputs);
    long end = now();
    result.close();
    return (end - start) * 1e-9;
  }

  private static double timed(DoubleSupplier pass) {
    long start = now();
    double seconds = pass.getAsDouble();
    return IS_PROCESSOR_TIME ? (now() - start) * 1e-9 : seconds;
  }

  private static long now() {
    return IS_PROCESSOR_TIME
        ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
        : System.nanoTime();
  }

  /** The sum of the steps' medians, as in a profile. */
  private static double sum(List<double[]> passes) {
    double sum = 0;
    for (int step = 0; step < passes.get(0).length; step++) {
      int index = step;
      sum += Distribution.of(passes.stream().map(pass -> pass[index]).toList()).median();
    }
    return sum;
  }

  @Override
  public void close() throws OrtException {
    inputs.values().forEach(OnnxTensor::close);
    session.close();
    plan.close();
  }
}
