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
import java.util.Arrays;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Answers a traced block's questions for its parameters with weights of the graph: seeded values of
 * the parameter's shape, whatever the block holds.
 *
 * <p>A block that was never initialized need not be. Initializing a whole tree of blocks would run
 * parts of it on a real engine (DJL's LambdaBlock learns its output's shape that way), so each
 * block that owns parameters is initialized alone, when it first asks for one, for the input it has
 * just been given; afterwards it holds no arrays, as before.
 */
final class BlockParameters extends ParameterStore {
  /** Where a parameter belongs. */
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
    super(trace.manager(), false);
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
    // DJL's blocks ask for a bias they do not have.
    if (parameter == null) {
      return null;
    }
    TracedArray known = weights.get(parameter);
    if (known == null) {
      known = weight(owner(parameter), parameter);
      weights.put(parameter, known);
    }
    return known.shown();
  }

  private Owner owner(Parameter parameter) {
    Owner owner = owners.get(parameter);
    if (owner == null) {
      throw new ModelException(
          "forward asks for a parameter '"
              + parameter.getName()
              + "' that is none of the block or its children");
    }
    return owner;
  }

  private TracedArray weight(Owner owner, Parameter parameter) {
    TensorType shape = type(owner, parameter);
    return trace.weight(owner.path(), owner.name(), values(parameter, shape));
  }

  private TensorType type(Owner owner, Parameter parameter) {
    if (parameter.isInitialized()) {
      NDArray array = parameter.getArray();
      return DjlTypes.type(array.getShape(), array.getDataType());
    }
    if (parameter.getShape() == null || isOpen(parameter.getShape())) {
      initializeAlone(owner);
    }
    return DjlTypes.type(parameter.getShape(), type);
  }

  private static boolean isOpen(Shape shape) {
    return Arrays.stream(shape.getShape()).anyMatch(dim -> dim < 0);
  }

  private void initializeAlone(Owner owner) {
    Shape input = trace.lastOnDevice().map(TracedArray::getShape).orElse(new Shape());
    try {
      owner.block().initialize(trace.manager(), type, input);
    } catch (ModelException e) {
      throw e.at("block '" + owner.path() + "'");
    } catch (RuntimeException e) {
      throw new ModelException(
          "block '"
              + owner.path()
              + "' ("
              + owner.block().getClass().getSimpleName()
              + ") cannot be initialized for an input of the shape "
              + input
              + " ("
              + e.getMessage()
              + "); if it takes other inputs, call initialize on the whole block first",
          e);
    } finally {
      owner.block().clear();
    }
  }

  private Tensor values(Parameter parameter, TensorType shape) {
    return switch (parameter.getType()) {
      case GAMMA -> FilledTensor.of(shape, 1);
      case RUNNING_VAR -> FilledTensor.of(shape, 1);
      case BETA, RUNNING_MEAN, BIAS -> FilledTensor.of(shape, 0);
      case WEIGHT, OTHER -> RandomTensor.weights(shape, seed++, fanIn(shape));
    };
  }

  private static long fanIn(TensorType weight) {
    return weight.shape().rank() < 2 ? 1 : weight.shape().elements(1, weight.shape().rank());
  }
}
