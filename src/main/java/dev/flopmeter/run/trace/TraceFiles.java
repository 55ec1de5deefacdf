package dev.flopmeter.run.trace;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files of one run of another runtime, told apart by their content.
 *
 * @param trace what they tell together
 * @param optimisedModel the model as the runtime optimised it; null if it is not among the files
 */
public record TraceFiles(Trace trace, @Nullable Path optimisedModel) {
  private static final int HEAD_BYTES = 1 << 16;

  private enum Kind {
    OPTIMISED_MODEL,
    ONNX_RUNTIME,
    PYTORCH,
    TENSORRT_PROFILE,
    TENSORRT_LAYERS,
    TENSORRT_TIMES
  }

  /**
   * Reads the files.
   *
   * @param graph the model that ran, with its shapes bound
   * @param macs the multiply-accumulates of its nodes, by name
   * @throws ModelException if one is of no known kind, or they do not belong together
   */
  public static TraceFiles read(List<Path> files, Graph graph, Map<String, Long> macs) {
    Map<Kind, Path> byKind = new EnumMap<>(Kind.class);
    for (Path file : files) {
      Kind kind = kind(file);
      Path other = byKind.put(kind, file);
      if (other != null) {
        throw new ModelException(
            file + " and " + other + " are of one kind; import one run at a time");
      }
    }
    Path engine = byKind.get(Kind.TENSORRT_PROFILE);
    if (engine != null) {
      Path layers = byKind.get(Kind.TENSORRT_LAYERS);
      return new TraceFiles(
          TensorRtFiles.read(engine, layers, byKind.get(Kind.TENSORRT_TIMES)), null);
    }
    Path torch = byKind.get(Kind.PYTORCH);
    if (torch != null) {
      return new TraceFiles(TorchTrace.read(torch, graph, macs), null);
    }
    Path optimised = byKind.get(Kind.OPTIMISED_MODEL);
    Path profile = byKind.get(Kind.ONNX_RUNTIME);
    if (profile == null) {
      throw new ModelException(
          "no times of kernels among the files "
              + files
              + ": give ONNX Runtime's profile, a trace of PyTorch's profiler, or what trtexec"
              + " --exportProfile writes");
    }
    return new TraceFiles(OnnxRuntimeProfile.read(profile), optimised);
  }

  private static Kind kind(Path file) {
    if (file.toString().endsWith(".onnx")) {
      return Kind.OPTIMISED_MODEL;
    }
    String head = head(file).replaceFirst("^\uFEFF", "").stripLeading();
    if (head.startsWith("[") && (head.contains("\"ph\"") || head.contains("\"cat\""))) {
      return head.contains("\"cpu_op\"") ? Kind.PYTORCH : Kind.ONNX_RUNTIME;
    }
    if (head.startsWith("{") && head.contains("\"Layers\"")) {
      return Kind.TENSORRT_LAYERS;
    }
    if (head.startsWith("{") && head.matches("(?s).*\"(traceEvents|schemaVersion)\".*")) {
      return Kind.PYTORCH;
    }
    if (head.startsWith("[") && head.contains("\"computeMs\"")) {
      return Kind.TENSORRT_TIMES;
    }
    if (head.startsWith("[") && head.contains("\"count\"")) {
      return Kind.TENSORRT_PROFILE;
    }
    throw new ModelException(
        file
            + ": not a trace that flopmeter reads: ONNX Runtime's profile, a trace of PyTorch's"
            + " profiler, or trtexec's --exportProfile, --exportLayerInfo or --exportTimes");
  }

  private static String head(Path file) {
    try (InputStream in = JsonEvents.open(file)) {
      return new String(in.readNBytes(HEAD_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new ModelException("'" + file + "' cannot be read: " + reason(e), e);
    }
  }

  private static String reason(IOException e) {
    return e instanceof java.nio.file.NoSuchFileException
        ? "there is no such file"
        : String.valueOf(e.getMessage());
  }
}
