package dev.flopmeter.run.trace;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of one run of another runtime, distinguished by their content.
 *
 * @param trace their combined content
 * @param optimisedModel the model as the runtime optimised it; null if it is not among the files
 */
public record TraceFiles(Trace trace, @Nullable Path optimisedModel) {
  private static final int HEAD_BYTES = 1 << 16;

  /** What a file is: the first whose pattern its head begins with. */
  private enum Kind {
    TENSORRT_LAYERS("\\{.*\"Layers\""),
    PYTORCH("\\{.*\"(traceEvents|schemaVersion)\"|\\[.*\"cpu_op\""),
    ONNX_RUNTIME("\\[.*\"(ph|cat)\""),
    TENSORRT_TIMES("\\[.*\"computeMs\""),
    TENSORRT_PROFILE("\\[.*\"count\""),
    /** Known by its name. */
    OPTIMISED_MODEL("(?!)");

    private final Pattern head;

    Kind(String head) {
      this.head = Pattern.compile(head, Pattern.DOTALL);
    }
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
          ("no kernel times in the files %s: import ONNX Runtime's profile, a trace of PyTorch's"
                  + " profiler, or the output of trtexec --exportProfile")
              .formatted(files));
    }
    return new TraceFiles(OnnxRuntimeProfile.read(profile), optimised);
  }

  private static Kind kind(Path file) {
    if (file.toString().endsWith(".onnx")) {
      return Kind.OPTIMISED_MODEL;
    }
    String head = head(file).replaceFirst("^\uFEFF", "").stripLeading();
    return Stream.of(Kind.values())
        .filter(kind -> kind.head.matcher(head).lookingAt())
        .findFirst()
        .orElseThrow(
            () ->
                new ModelException(
                    file
                        + ": not a supported trace: ONNX Runtime's profile, a trace of"
                        + " PyTorch's profiler, or trtexec's --exportProfile, --exportLayerInfo or"
                        + " --exportTimes"));
  }

  private static String head(Path file) {
    try (InputStream in = JsonEvents.open(file)) {
      return new String(in.readNBytes(HEAD_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new ModelException("'" + file + "' cannot be read: " + IoReason.of(e), e);
    }
  }
}
