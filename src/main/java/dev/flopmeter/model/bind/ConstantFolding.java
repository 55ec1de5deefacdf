package dev.flopmeter.model.bind;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Origins;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.TorchOrigin;
import dev.flopmeter.model.fold.Folder;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Computes values that are the same in every run, and traces them to the stored tensors. A graph
 * and its bodies share one, with its limits.
 */
final class ConstantFolding {
  /** A chain of additions to one constant could otherwise fill any heap. */
  private static final long MOST_BYTES = 1 << 24;

  private static final long SMALL_ELEMENTS = 256;

  /** A chain that joins one constant after the other could otherwise fill any heap. */
  private static final long MOST_ORIGINS = 1 << 22;

  /** Bytes of the larger results so far. */
  private long bytes;

  /** Number of stored tensors recorded so far behind computed constants. */
  private long notedOrigins;

  /**
   * The results of a node, if known. Shapes, other small results and those that share memory always
   * fold; larger ones fold until they take {@link #MOST_BYTES} in total, and then stay nodes for
   * the backend.
   */
  Optional<List<Tensor>> fold(Operands in, List<TensorType> outputs) {
    boolean allocates = Folder.allocates(in.node());
    boolean isFull = bytes > MOST_BYTES && allocates;
    if (isKept(in.node())
        || (isFull && outputs.stream().anyMatch(type -> type.elements() > SMALL_ELEMENTS))) {
      return Optional.empty();
    }
    try {
      Optional<List<Tensor>> folded = Folder.fold(in, outputs);
      bytes += allocates && folded.isPresent() ? largeBytes(folded.get()) : 0;
      return folded;
    } catch (DataDependentException e) {
      return Optional.empty();
    }
  }

  private static boolean isKept(Node node) {
    return node.metadata().containsKey(TorchOrigin.KEEP);
  }

  private static long largeBytes(List<Tensor> tensors) {
    long bytes = 0;
    for (Tensor tensor : tensors) {
      boolean isHeld = tensor instanceof DenseTensor && tensor.elements() > SMALL_ELEMENTS;
      bytes += isHeld ? Math.min(MOST_BYTES, tensor.type().bytes()) : 0;
    }
    return bytes;
  }

  /** The origins of a folded result. */
  Origins origins(Operands in, Tensor result, ValueScope values) {
    if (OperatorTrait.STORING.of(in.node())) {
      return Origins.stored(result);
    }
    return OperatorTrait.FILLING.of(in.node()) ? Origins.filled(result) : through(in, values);
  }

  /** The origins of the results of a node left to the backend; null if they depend on inputs. */
  @Nullable Origins originsAtLoad(Operands in, ValueScope values) {
    return isComputedAtLoad(in.node(), values) ? through(in, values) : null;
  }

  /** Whether its results are the same in every run, because its inputs never change. */
  private static boolean isComputedAtLoad(Node node, ValueScope values) {
    boolean isGiven = false;
    for (String input : node.inputs()) {
      if (!input.isEmpty() && values.origins(input) == null) {
        return false;
      }
      isGiven |= !input.isEmpty();
    }
    return isGiven && !OperatorTrait.RANDOM.of(node) && !isKept(node);
  }

  private Origins through(Operands in, ValueScope values) {
    Origins origins = Origins.through(in, values::origins);
    notedOrigins += origins.size();
    if (notedOrigins > MOST_ORIGINS) {
      throw new ModelException(
          ("the model joins its constants over and over, into more than %s parts;"
                  + " simplify it before it is counted")
              .formatted(MOST_ORIGINS));
    }
    return origins;
  }
}
