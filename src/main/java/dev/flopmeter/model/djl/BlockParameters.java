package dev.flopmeter.model.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Gives a traced block weights of the graph for its parameters: seeded values of the parameter's
 * shape, independent of the values that the block holds.
 *
 * <p>The block need not be initialized. Initializing a whole tree of blocks would run parts of it
 * on a real engine (DJL's LambdaBlock finds its output shape that way). So each block with
 * parameters is initialized separately when it first reads one, for its current input, and cleared
 * afterwards.
 */
final class BlockParameters extends ParameterStore {
  private record Owner(Block block, String path, String name) {}

  private final Trace trace;
  private final DataType type;
  private final IdentityHashMap<Parameter, Owner> owners = new IdentityHashMap<>();
  private final IdentityHashMap<Parameter, TracedArray> weights = new IdentityHashMap<>();
  private long seed = 1;

  /**
   * @param type element type of weights that no array defines yet
   */
  BlockParameters(Trace trace, Block root, DataType type) {
    super(trace.manager().shown(), false);
    this.trace = trace;
    this.type = type;
    visit(root, "");
  }

  private void visit(Block block, String path) {
    for (Pair<String, Parameter> pair : block.getDirectParameters()) {
      owners.putIfAbsent(pair.getValue(), new Owner(block, path, pair.getKey()));
    }
    for (Pair<String, Block> child : block.getChildren()) {
      visit(child.getValue(), path.isEmpty() ? child.getKey() : path + "." + child.getKey());
    }
  }

  @Override
  public @Nullable NDArray getValue(
      @Nullable Parameter parameter, Device device, boolean training) {
    // DJL's blocks also read the bias that they were built without.
    if (parameter == null) {
      return null;
    }
    return weights.computeIfAbsent(parameter, this::weight).shown();
  }

  private TracedArray weight(Parameter parameter) {
    Owner owner = owners.get(parameter);
    if (owner == null) {
      throw new ModelException(
          "forward asks for a parameter '%s' that is not of the block or its children"
              .formatted(parameter.getName()));
    }
    return trace.weight(owner.path(), owner.name(), values(parameter, type(owner, parameter)));
  }

  private TensorType type(Owner owner, Parameter parameter) {
    if (parameter.isInitialized()) {
      NDArray array = parameter.getArray();
      return DjlTypes.type(array.getShape(), array.getDataType());
    }
    if (parameter.getShape() == null || DjlTypes.isOpen(parameter.getShape())) {
      initializeAlone(owner);
    }
    return DjlTypes.type(parameter.getShape(), type);
  }

  private void initializeAlone(Owner owner) {
    Shape input =
        trace.lastOnDevice().map(array -> DjlTypes.shape(array.dims())).orElse(new Shape());
    try {
      owner.block().initialize(trace.manager().shown(), type, input);
    } catch (ModelException e) {
      throw e.at("block '" + owner.path() + "'");
    } catch (RuntimeException e) {
      throw new ModelException(
          "block '%s' (%s) cannot be initialized for an input of the shape %s (%s); if it takes other inputs, call initialize on the whole block first"
              .formatted(
                  owner.path(), owner.block().getClass().getSimpleName(), input, e.getMessage()),
          e);
    } finally {
      owner.block().clear();
    }
  }

  private Tensor values(Parameter parameter, TensorType shape) {
    return switch (parameter.getType()) {
      case GAMMA, RUNNING_VAR -> FilledTensor.of(shape, 1);
      case BETA, RUNNING_MEAN, BIAS -> FilledTensor.of(shape, 0);
      case WEIGHT, OTHER -> {
        int rank = shape.shape().rank();
        long fanIn = rank < 2 ? 1 : shape.shape().elements(1, rank);
        yield RandomTensor.weights(shape, seed++, fanIn);
      }
    };
  }
}
