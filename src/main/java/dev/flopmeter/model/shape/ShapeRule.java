package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import java.util.List;

/**
 * Infers an operator's output types from its inputs. A rule checks its assumptions, so that a model
 * with wrong shapes fails here, with the reason.
 */
@FunctionalInterface
public interface ShapeRule {
  /**
   * The output types, in order; at least as many as the node uses.
   *
   * @throws dev.flopmeter.model.ModelException if the inputs do not fit
   * @throws dev.flopmeter.model.DataDependentException if the shape depends on data
   */
  List<TensorType> infer(Operands in);
}
