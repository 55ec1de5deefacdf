package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.InputRoles;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Origins;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TorchOrigin;
import dev.flopmeter.model.decompose.Decompositions;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which stored tensors an operator reads as learned data, through what was computed from them
 * before the first run. {@link InputRoles} says which inputs can hold learned data; statistics (a
 * BatchNormalization's mean and variance) and arguments (bounds, pads, quantisation scales) do not,
 * nor do tensors that the model marks as buffers.
 */
final class Parameters {
  private Parameters() {}

  /** An empty map that distinguishes tensors by identity. */
  static Map<Tensor, Long> none() {
    return new IdentityHashMap<>();
  }

  /** The learned tensors that the node reads, each once, and their number of values. */
  static Map<Tensor, Long> of(Operands in, Graph graph) {
    return from(0, in, graph);
  }

  private static Map<Tensor, Long> from(int first, Operands in, Graph graph) {
    Node node = in.node();
    String buffer = node.metadata().get(TorchOrigin.BUFFER);
    Map<Tensor, Long> learned = none();
    for (int i = first; i < in.inputCount(); i++) {
      String value = node.inputs().get(i);
      Origins origins = graph.origins().get(value);
      if (origins != null && InputRoles.isData(node, i) && !value.equals(buffer)) {
        Set<Tensor> tensors = Collections.newSetFromMap(new IdentityHashMap<>());
        origins.addLearned(InputRoles.isWeight(node, i), tensors);
        for (Tensor tensor : tensors) {
          boolean isWhole = tensor.elements() == in.type(i).elements();
          learned.put(tensor, isWhole ? Decompositions.values(in, i) : tensor.elements());
        }
      }
    }
    return learned;
  }

  /** The learned tensors that a Scan passes to its body slice by slice. */
  static Map<Tensor, Long> scanned(Operands in, Graph graph) {
    boolean isScan = in.node().qualifiedOp().equals("Scan");
    long scanned = isScan ? in.attributes().integer("num_scan_inputs") : 0;
    return from((int) Math.max(0, in.inputCount() - scanned), in, graph);
  }

  /**
   * Their number of values.
   *
   * @throws dev.flopmeter.model.ModelException if it exceeds 2^63-1
   */
  static long elements(Map<Tensor, Long> tensors) {
    long elements = 0;
    for (long values : tensors.values()) { // a stream took a tenth of a whole count
      elements = Sizes.add(elements, values);
    }
    return elements;
  }
}
