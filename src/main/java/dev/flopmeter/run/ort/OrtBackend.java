package dev.flopmeter.run.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import dev.flopmeter.device.Cpu;
import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.device.Device;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.Map;

/**
 * Runs models with ONNX Runtime, on the CPU as its own programs would: a file as it is, a graph
 * that was built in code as the file that it exports to. The environment is the process' and stays.
 */
public record OrtBackend(OrtEnvironment environment, OrtOptions options, Device device)
    implements Backend {
  /** Of this backend, on the command line and in results. */
  public static final String NAME = "ort";

  /**
   * Starts ONNX Runtime.
   *
   * @throws BackendException if its natives are missing or do not load, or if a GPU is asked for
   *     and there is none
   */
  public static OrtBackend open(OrtOptions options) {
    try {
      OrtEnvironment environment =
          OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "flopmeter");
      return new OrtBackend(environment, options, options.isGpu() ? gpu() : Cpu.here());
    } catch (LinkageError | IllegalStateException e) {
      throw new BackendException(
          ("ONNX Runtime cannot be loaded: %s; com.microsoft.onnxruntime:onnxruntime must be on the"
                  + " class path and the temporary folder must be writable")
              .formatted(message(e)),
          e);
    }
  }

  private static Device gpu() {
    CudaLibraries libraries = CudaLibraries.find();
    CudaDevices devices = libraries.devices();
    if (devices.problem() != null || devices.devices().isEmpty()) {
      throw new BackendException(
          "ONNX Runtime's provider needs a GPU: "
              + (devices.problem() == null ? "there is none" : devices.problem()));
    }
    return devices.devices().get(0);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, String> libraries() {
    return Map.of("onnxruntime", environment.getVersion());
  }

  @Override
  public Plan prepare(Graph graph, RunOptions run) {
    if (run.precision() != Precision.FP32 && !run.precision().isQuantized()) {
      throw new ModelException(
          "the backend 'ort' computes in the precision of the model; omit --precision and use a model in "
              + run.precision().label());
    }
    graph.requireValues();
    OrtOptions used =
        run.fuse() ? options : new OrtOptions(OrtOptions.Level.NONE, options.settings());
    return OrtPlan.prepare(environment, graph, run, used);
  }

  /**
   * Finds out whether ONNX Runtime has all kernels for a model, and takes its inputs and options.
   *
   * @throws ModelException if it does not; the message says what is missing
   */
  public void requireSupport(Graph graph, RunOptions run) {
    if (run.layout() != Layout.AUTO) {
      throw new ModelException("ONNX Runtime lays tensors out by itself; --layout is not for it");
    }
    for (String input : graph.inputs()) {
      graph.type(input).ifPresent(type -> OrtTensors.javaType(input, type.type()));
    }
    prepare(graph, run).close();
  }

  /** What ONNX Runtime's refusal of a model says about it. */
  static RuntimeException refusal(OrtException e) {
    return switch (e.getCode()) {
      case ORT_EP_FAIL, ORT_ENGINE_ERROR, ORT_DEVICE_RESET -> failure(e);
      default -> new UnsupportedOperatorException(NAME, "run this model: " + message(e));
    };
  }

  static BackendException failure(OrtException e) {
    return new BackendException("ONNX Runtime failed: " + message(e), e);
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage())
        .replaceFirst("^Error code - \\S+ - message: ", "")
        .strip()
        .replaceAll("\\s+", " ");
  }
}
