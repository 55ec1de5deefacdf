package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataDesc;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SymbolBlock;
import ai.djl.util.Pair;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Graphs of DJL blocks.
 *
 * <p>A block's {@code forward} runs once, for inference, with arrays that have shapes but no
 * values; the operations on them form the graph. No engine is needed, and the block needs neither
 * weights nor to be initialized. The graph's weights are seeded values in the shapes of the block's
 * parameters.
 *
 * <p>The block must not be used concurrently: a block that was not initialized is initialized in
 * parts and cleared again. An initialized block is only read.
 */
public final class DjlGraphs {
  private DjlGraphs() {}

  /** The graph of a block for float32 inputs of these shapes. */
  public static Graph trace(Block block, Shape... inputs) {
    return trace(block, Arrays.stream(inputs).map(DataDesc::new).toArray(DataDesc[]::new));
  }

  /**
   * The graph of a block.
   *
   * @param inputs shape, element type and, if it is to have one, name of each input
   * @throws ModelException if the block cannot take these shapes, depends on the values of arrays,
   *     or calls an unsupported method of DJL, which the message names
   */
  public static Graph trace(Block block, DataDesc... inputs) {
    return trace(block.getClass().getSimpleName(), block, inputs);
  }

  static Graph trace(String name, Block block, DataDesc... inputs) {
    if (inputs.length == 0) {
      throw new ModelException("the block '" + name + "' needs the shape of at least one input");
    }
    requireOpen(name, block);
    try {
      return run(name, block, inputs);
    } catch (ModelException e) {
      throw e.at(name);
    } catch (UnsupportedOperationException e) {
      throw new ModelException(
          "%s: its forward calls DJL's %s, which flopmeter cannot trace; export the model to ONNX and count that"
              .formatted(name, method(e)),
          e);
    } catch (RuntimeException e) {
      throw new ModelException(
          "%s: its forward failed for the shapes %s: %s"
              .formatted(name, Arrays.stream(inputs).map(DataDesc::getShape).toList(), e),
          e);
    }
  }

  private static Graph run(String name, Block block, DataDesc... inputs) {
    Trace trace = new Trace(name);
    NDList fed = new NDList(inputs.length);
    List<TracedArray> results = new ArrayList<>();
    DataType weights = DataType.FLOAT32;
    for (int i = 0; i < inputs.length; i++) {
      DataDesc input = inputs[i];
      DataType type = input.getDataType() == null ? DataType.FLOAT32 : input.getDataType();
      weights = i == 0 && type.isFloating() ? type : weights;
      String inputName = input.getName() == null ? "data" + i : input.getName();
      fed.add(trace.input(inputName, DjlTypes.type(input.getShape(), type)).shown());
    }
    BlockParameters parameters = new BlockParameters(trace, block, weights);
    for (NDArray result : block.forward(parameters, fed, false)) {
      results.add(trace.manager().traced(result));
    }
    return trace.finish(results);
  }

  /** The operators of a block that an engine loaded are not accessible. */
  private static void requireOpen(String name, Block block) {
    if (block instanceof SymbolBlock) {
      throw new ModelException(
          "%s: %s was loaded by an engine, so its operators are not visible; export the model to ONNX and count that"
              .formatted(name, block.getClass().getSimpleName()));
    }
    for (Pair<String, Block> child : block.getChildren()) {
      requireOpen(name + "." + child.getKey(), child.getValue());
    }
  }

  /** {@code NDArray.fft}, from the message or, if DJL threw it, from the top of the stack. */
  private static String method(UnsupportedOperationException e) {
    String message = String.valueOf(e.getMessage());
    if (message.startsWith("ND") || message.startsWith("Engine.")) {
      return message;
    }
    return Arrays.stream(e.getStackTrace())
        .filter(frame -> frame.getClassName().startsWith("ai.djl."))
        .findFirst()
        .map(frame -> frame.getClassName().replaceFirst(".*\\.", "") + "." + frame.getMethodName())
        .orElse(message);
  }
}
