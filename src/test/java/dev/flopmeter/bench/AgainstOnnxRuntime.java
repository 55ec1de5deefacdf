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
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One network on the CPU through our plan and through ONNX Runtime: the same file, inputs and
 * threads, in one process, in blocks by turns, so that a neighbour or a warm machine meets both
 * alike. The first passes of a block do not count: the other's threads still spin. The layers are
 * timed in the same blocks, so that their sum can be compared with the whole.
 *
 * <p>Arguments: FILE, threads (all), blocks of each (20), passes that count in a block (5).
 */
final class AgainstOnnxRuntime implements AutoCloseable {
  private static final int UNCOUNTED = 2;

  private final Plan plan;
  private final OrtSession session;
  private final Map<String, OnnxTensor> inputs = new HashMap<>();

  private AgainstOnnxRuntime(Backend backend, String file, int threads) throws OrtException {
    Graph graph = OnnxModel.read(Path.of(file)).bind(Bindings.NONE);
    Map<String, Tensor> tensors = RandomInputs.of(graph, 1);
    plan = backend.prepare(graph, RunOptions.DEFAULT.withThreads(threads));
    plan.load(tensors);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      session = environment.createSession(file, options);
    }
    for (String name : session.getInputNames()) {
      Tensor tensor = tensors.get(name);
      if (tensor != null) {
        inputs.put(
            name,
            OnnxTensor.createTensor(
                environment, tensor.data().asFloatBuffer(), tensor.shape().dims()));
      }
    }
  }

  public static void main(String[] args) throws OrtException {
    String file = args[0];
    int threads = argument(args, 1, Runtime.getRuntime().availableProcessors());
    int blocks = argument(args, 2, 20);
    int passes = argument(args, 3, 5);
    try (Backend backend = DjlBackend.open();
        AgainstOnnxRuntime both = new AgainstOnnxRuntime(backend, file, threads)) {
      both.measure(blocks, passes, threads);
    }
  }

  private static int argument(String[] args, int index, int otherwise) {
    return args.length > index ? Integer.parseInt(args[index]) : otherwise;
  }

  private void measure(int blocks, int passes, int threads) throws OrtException {
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    List<Double> sums = new ArrayList<>();
    for (int block = 0; block < blocks; block++) {
      List<Double> own = new ArrayList<>();
      List<double[]> steps = new ArrayList<>();
      for (int i = -UNCOUNTED; i < passes; i++) {
        double pass = plan.timePass();
        double[] step = plan.timeSteps();
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
    System.out.printf("threads %d, %d blocks of %d passes each%n", threads, blocks, passes);
    tell("flopmeter", ours);
    tell("ONNX Runtime", theirs);
    tell("ratio of medians", ratios, "flopmeter over ONNX Runtime, above 1 is slower");
    tell("layer_sum_ratio", sums, "layers over the whole pass");
  }

  private double timeTheirs() throws OrtException {
    long start = System.nanoTime();
    OrtSession.Result result = session.run(inputs);
    long end = System.nanoTime();
    result.close();
    return (end - start) * 1e-9;
  }

  /** The sum of the steps' medians, as a profile has it. */
  private static double sum(List<double[]> passes) {
    double sum = 0;
    for (int step = 0; step < passes.get(0).length; step++) {
      int index = step;
      sum += Distribution.of(passes.stream().map(pass -> pass[index]).toList()).median();
    }
    return sum;
  }

  private static void tell(String what, List<Double> seconds) {
    Distribution times = Distribution.of(seconds);
    System.out.printf(
        "%-16s min %.2f ms, median %.2f ms, q3 %.2f ms%n",
        what, 1e3 * times.min(), 1e3 * times.median(), 1e3 * times.q3());
  }

  private static void tell(String what, List<Double> ratios, String meaning) {
    Distribution all = Distribution.of(ratios);
    Distribution.Interval interval = all.medianInterval();
    System.out.printf(
        "%-16s %.3f (95 %% interval %.3f to %.3f): %s%n",
        what, all.median(), interval.low(), interval.high(), meaning);
  }

  @Override
  public void close() throws OrtException {
    inputs.values().forEach(OnnxTensor::close);
    session.close();
    plan.close();
  }
}
