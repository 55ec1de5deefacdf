package dev.flopmeter;

import ai.djl.ndarray.types.DataDesc;
import ai.djl.nn.Block;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.djl.DjlGraphs;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import java.nio.file.Path;

/**
 * The counter in three lines:
 *
 * <pre>{@code
 * Model model = Flopmeter.onnx(Path.of("model.onnx"));
 * Graph graph = model.bind(Bindings.ofBatch(4));
 * Counts counts = Flopmeter.count(graph);
 * }</pre>
 *
 * <p>All methods throw {@link dev.flopmeter.model.ModelException}, with one line for the user, if
 * the model is invalid or does not support the request.
 */
public final class Flopmeter {
  private Flopmeter() {}

  /** A built-in network, such as {@code resnet50}. */
  public static Model builtIn(String name) {
    return Zoo.get(name);
  }

  /** A network in an ONNX file. */
  public static Model onnx(Path file) {
    return OnnxModel.read(file);
  }

  /** The FLOPs, MACs, parameters and bytes of a graph, by the standard rules. */
  public static Counts count(Graph graph) {
    return Counter.standard().count(graph);
  }

  /**
   * The same for a DJL block and float32 inputs of these shapes. Only this method and the next need
   * DJL's API on the class path; no engine, no weights.
   */
  public static Counts count(Block block, ai.djl.ndarray.types.Shape... shapes) {
    return count(DjlGraphs.trace(block, shapes));
  }

  /** The same for inputs of other types, such as the token ids of a language model. */
  public static Counts count(Block block, DataDesc... inputs) {
    return count(DjlGraphs.trace(block, inputs));
  }

  /** The same for a model with these input shapes. */
  public static Counts count(Model model, Bindings bindings) {
    return Counter.standard().count(model, model.bind(bindings));
  }
}
