package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.InputRoles;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TorchOrigin;

/**
 * One node as a convention sees it: its operands, our own count, and its neighbours.
 *
 * @param work our own count; {@link Work#NONE} for an operator without a rule
 */
public record CountedNode(Operands operands, Graph graph, Work work, GraphLinks links) {
  /** The operator that writes input {@code index}; empty for inputs of the graph and constants. */
  public String writer(int index) {
    Node writer = operands.has(index) ? links.writer(operands.node().inputs().get(index)) : null;
    return writer == null ? "" : writer.qualifiedOp();
  }

  /**
   * The operator that is the only reader of the first output, if that is not returned; else empty.
   */
  public String reader() {
    Node reader = links.onlyReader(operands.node());
    return reader == null ? "" : reader.qualifiedOp();
  }

  /** Whether input {@code index} has only one reader. */
  public boolean isOnlyReaderOf(int index) {
    return links.onlyReader(operands.node().inputs().get(index)) != null;
  }

  /** Whether input {@code index} is known before the first run, like weights. */
  public boolean isConstant(int index) {
    return operands.has(index) && graph.origins().containsKey(operands.node().inputs().get(index));
  }

  /** The PyTorch module class this node stands for; empty for a plain function. */
  public String module() {
    String noted = operands.node().metadata().get(TorchOrigin.MODULE);
    return noted == null ? TorchEquivalents.module(this) : noted;
  }

  /** The PyTorch function this node stands for; empty for none. */
  public String function() {
    String noted = operands.node().metadata().get(TorchOrigin.FUNCTION);
    return noted == null ? TorchEquivalents.function(this) : noted;
  }

  /**
   * Elements of the output if a bias is added: by the operator itself, or by an addition that the
   * model marks as part of the module that multiplied.
   */
  public long biasAdditions() {
    boolean isModulesOwn =
        operands.node().op().equals("Add")
            && operands.node().metadata().containsKey(TorchOrigin.MODULE);
    return isModulesOwn || InputRoles.hasBias(operands.node()) ? operands.output(0).elements() : 0;
  }

  /** Elements of the operator's learned tensors. */
  public long parameters() {
    return Parameters.elements(Parameters.of(operands, graph));
  }
}
