package dev.flopmeter.model.djl;

import ai.djl.ndarray.types.DataDesc;
import ai.djl.nn.Block;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import java.util.List;
import java.util.Map;

/**
 * A DJL block as a model; each binding traces it anew.
 *
 * @param source {@code block}, or the folder it came from
 */
record DjlModel(String name, String source, Block block, List<ValueInfo> inputs) implements Model {
  DjlModel {
    inputs = List.copyOf(inputs);
  }

  @Override
  public int opset() {
    return Trace.OPSET;
  }

  /** Calls with one block wait for each other, since tracing may initialize parts of it. */
  @Override
  public Graph bind(Bindings bindings) {
    Map<String, TensorType> types = bindings.resolve(inputs).types();
    DataDesc[] described =
        types.entrySet().stream()
            .map(
                input ->
                    new DataDesc(
                        DjlTypes.shape(input.getValue().shape()),
                        DjlTypes.type(input.getValue().type()),
                        input.getKey()))
            .toArray(DataDesc[]::new);
    synchronized (block) {
      return DjlGraphs.trace(name, block, described);
    }
  }
}
