package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.shape.NodeHost;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.Map;

/** One node that is planned by the equations of {@code plans.txt}. */
record PlanEquations(NodePlan node) implements NodeHost {
  static void addTo(Map<String, Operators.Operator> operators) {
    Definition.read(PlanEquations.class, PlanFunctions.DIALECT)
        .forEach(
            (name, plan) -> {
              if (Definition.isOperator(name)) {
                operators.put(name, node -> new PlanEquations(node).add(plan));
              }
            });
  }

  private void add(Definition plan) {
    results(plan).forEach(work -> node.launch((Work) work));
  }

  @Override
  public Operands in() {
    return node.operands();
  }

  @Override
  public Shape shape(Object term) {
    return term instanceof TensorView view ? view.shape() : NodeHost.super.shape(term);
  }

  @Override
  public ModelException refusal(String message) {
    return node.unsupported(message);
  }
}
