package dev.flopmeter.live;

import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.Result;
import ai.onnxruntime.OrtSession.RunOptions;
import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * An ONNX Runtime session that records every call:
 *
 * <pre>{@code
 * ModelEfficiency efficiency =
 *     ModelEfficiency.of(Flopmeter.onnx(file), 256).backend("ort").bindTo(registry);
 * EfficiencySession session = new EfficiencySession(ort.createSession(file.toString()), efficiency);
 * try (OrtSession.Result result = session.run(Map.of("input", image))) { ... }
 * }</pre>
 *
 * <p>{@code run} has the overloads of {@link OrtSession}, its results and its exceptions; the
 * caller closes the results. A call's time runs until ONNX Runtime returns, with the results ready
 * ({@link Timing#HOST}). A call that throws is not recorded. A call that cannot be recorded is
 * counted as {@code flopmeter_measurement_discarded_total}, with the reason {@code shape} or {@code
 * error}, and does not affect the call.
 *
 * <p>Thread-safe, as the session is. Only this class needs ONNX Runtime on the class path.
 */
public final class EfficiencySession implements AutoCloseable {
  private final OrtSession session;
  private final ModelEfficiency efficiency;
  private final List<String> inputNames;

  private interface Call {
    Result run() throws OrtException;
  }

  /**
   * Wraps a session.
   *
   * @param efficiency of the model that the session runs; sessions of one model share it
   */
  public EfficiencySession(OrtSession session, ModelEfficiency efficiency) {
    this.session = session;
    this.efficiency = efficiency;
    this.inputNames = List.copyOf(session.getInputNames());
  }

  /** The wrapped session, for everything except {@code run}. */
  public OrtSession session() {
    return session;
  }

  public Result run(Map<String, ? extends OnnxTensorLike> inputs) throws OrtException {
    return recorded(inputs, () -> session.run(inputs));
  }

  public Result run(Map<String, ? extends OnnxTensorLike> inputs, RunOptions options)
      throws OrtException {
    return recorded(inputs, () -> session.run(inputs, options));
  }

  public Result run(Map<String, ? extends OnnxTensorLike> inputs, Set<String> outputs)
      throws OrtException {
    return recorded(inputs, () -> session.run(inputs, outputs));
  }

  public Result run(
      Map<String, ? extends OnnxTensorLike> inputs, Set<String> outputs, RunOptions options)
      throws OrtException {
    return recorded(inputs, () -> session.run(inputs, outputs, options));
  }

  public Result run(
      Map<String, ? extends OnnxTensorLike> inputs, Map<String, ? extends OnnxValue> pinned)
      throws OrtException {
    return recorded(inputs, () -> session.run(inputs, pinned));
  }

  public Result run(
      Map<String, ? extends OnnxTensorLike> inputs,
      Set<String> outputs,
      Map<String, ? extends OnnxValue> pinned)
      throws OrtException {
    return recorded(inputs, () -> session.run(inputs, outputs, pinned));
  }

  public Result run(
      Map<String, ? extends OnnxTensorLike> inputs,
      Set<String> outputs,
      Map<String, ? extends OnnxValue> pinned,
      RunOptions options)
      throws OrtException {
    return recorded(inputs, () -> session.run(inputs, outputs, pinned, options));
  }

  private Result recorded(Map<String, ? extends OnnxTensorLike> inputs, Call call)
      throws OrtException {
    LongSupplier clock = efficiency.workload().clock();
    long start = clock.getAsLong();
    Result result = call.run();
    long nanos = clock.getAsLong() - start;
    efficiency.recordOrDiscard(() -> shapes(inputs), nanos);
    return result;
  }

  private InputShapes shapes(Map<String, ? extends OnnxTensorLike> inputs) {
    List<Shape> shapes = new ArrayList<>(inputNames.size());
    for (String name : inputNames) {
      OnnxTensorLike tensor = inputs.get(name);
      if (tensor != null) {
        shapes.add(Shape.of(tensor.getInfo().getShape()));
      }
    }
    return new InputShapes(shapes);
  }

  /** Closes the session; the metrics stay until the {@link ModelEfficiency} is closed. */
  @Override
  public void close() throws OrtException {
    session.close();
  }
}
