package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import java.util.List;

/**
 * How an operator's output types follow from its inputs. A rule checks what it relies on, so that a
 * model whose shapes do not fit fails here, with the reason.
 */
@FunctionalInterface
public interface ShapeRule {
  /**
   * The output types, in order; at least as many as the node asks for.
   *
   * @throws dev.flopmeter.model.ModelException if the inputs do not fit
   * @throws dev.flopmeter.model.DataDependentException if the shape depends on data
   */
  List<TensorType> infer(Operands in);
}
