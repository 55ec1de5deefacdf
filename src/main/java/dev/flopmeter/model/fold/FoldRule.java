package dev.flopmeter.model.fold;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Optional;

/** How a node's outputs are computed from known inputs. */
@FunctionalInterface
interface FoldRule {
  /** The outputs, or nothing if they are not known before run time. */
  Optional<List<Tensor>> fold(Operands in, List<TensorType> outputs);
}
