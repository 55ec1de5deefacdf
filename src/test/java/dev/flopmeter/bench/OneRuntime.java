package dev.flopmeter.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.flopmeter.measure.Distribution;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.onnx.OnnxWriter;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * One network on the CPU in one runtime in a separate process, so that the process' peak memory is
 * that runtime's. Prints {@code RUNTIME median_seconds peak_bytes}; the script {@code
 * against-onnxruntime} alternates the runtimes and combines their lines.
 *
 * <p>Arguments: {@code write MODEL FILE}, or {@code flopmeter|onnxruntime FILE THREADS PASSES}.
 */
final class OneRuntime {
  private static final int UNCOUNTED = 5;

  private OneRuntime() {}

  public static void main(String[] args) throws IOException, OrtException {
    switch (args[0]) {
      case "write" ->
          OnnxWriter.write(
              args[1].equals("unet") ? DiffusionUnet.graph() : Zoo.get(args[1]).bind(Bindings.NONE),
              Path.of(args[2]));
      case "flopmeter" -> flopmeter(args[1], Integer.parseInt(args[2]), Integer.parseInt(args[3]));
      default -> onnxRuntime(args[1], Integer.parseInt(args[2]), Integer.parseInt(args[3]));
    }
  }

  private static void flopmeter(String file, int threads, int passes) throws IOException {
    Graph graph = OnnxModel.read(Path.of(file)).bind(Bindings.NONE);
    try (DjlBackend backend = DjlBackend.open();
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT.withThreads(threads))) {
      plan.load(RandomInputs.of(graph, 1));
      tell("flopmeter", passes, plan::timePass);
    }
  }

  private static void onnxRuntime(String file, int threads, int passes)
      throws IOException, OrtException {
    Map<String, Tensor> tensors =
        RandomInputs.of(OnnxModel.read(Path.of(file)).bind(Bindings.NONE), 1);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      try (OrtSession session = environment.createSession(file, options)) {
        Map<String, OnnxTensor> inputs = new HashMap<>();
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
          inputs.put(entry.getKey(), placed(environment, entry.getValue()));
        }
        tell("onnxruntime", passes, () -> timed(session, inputs));
      }
    }
  }

  /** {@code tensor}, of float32 or int64, as an ONNX Runtime tensor. */
  static OnnxTensor placed(OrtEnvironment environment, Tensor tensor) throws OrtException {
    long[] shape = tensor.shape().dims();
    return tensor.type().type() == DataType.INT64
        ? OnnxTensor.createTensor(environment, tensor.data().asLongBuffer(), shape)
        : OnnxTensor.createTensor(environment, tensor.data().asFloatBuffer(), shape);
  }

  private static double timed(OrtSession session, Map<String, OnnxTensor> inputs) {
    try {
      long start = System.nanoTime();
      OrtSession.Result result = session.run(inputs);
      long end = System.nanoTime();
      result.close();
      return (end - start) * 1e-9;
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void tell(String runtime, int passes, DoubleSupplier pass) throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (int i = -UNCOUNTED; i < passes; i++) {
      double second = pass.getAsDouble();
      if (i >= 0) {
        seconds.add(second);
      }
    }
    System.out.println(runtime + " " + Distribution.of(seconds).median() + " " + peakBytes());
  }

  /** The peak resident memory of this process ({@code VmHWM}). */
  private static long peakBytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElseThrow();
  }
}
