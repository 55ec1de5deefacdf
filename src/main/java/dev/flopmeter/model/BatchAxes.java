package dev.flopmeter.model;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which dimension of each input is the batch: one that the model names so ({@code batch}, {@code
 * batch_size}, {@code N} and similar), else the second one of an input that a recurrent operator
 * reads sequence first, else the leading one. A scalar has none, and neither has an input whose
 * leading dimension has the name of another input's later one, such as positions in a sequence.
 */
public final class BatchAxes {
  /** The result of {@link #of} for an input without a batch. */
  public static final int NONE = -1;

  private final Set<String> sequenceFirst;
  private final Set<String> laterNames = new HashSet<>();

  private BatchAxes(List<ValueInfo> inputs, Set<String> sequenceFirst) {
    this.sequenceFirst = sequenceFirst;
    for (ValueInfo input : inputs) {
      List<Dim> dims = input.dims() == null ? List.of() : input.dims();
      for (int i = 1; i < dims.size(); i++) {
        laterNames.add(dims.get(i).symbol());
      }
    }
  }

  /** From the declarations of the inputs alone. */
  public static BatchAxes of(List<ValueInfo> inputs) {
    return new BatchAxes(inputs, Set.of());
  }

  /** From the declarations of a graph's inputs, and their readers. */
  public static BatchAxes of(List<ValueInfo> inputs, List<Node> nodes) {
    return new BatchAxes(inputs, sequenceFirst(nodes));
  }

  /** The index of the batch dimension of {@code input}, or {@link #NONE}. */
  public int of(ValueInfo input) {
    List<Dim> dims = input.dims();
    if (dims == null) {
      return 0;
    }
    for (int i = 0; i < dims.size(); i++) {
      String symbol = dims.get(i).symbol();
      if (symbol != null && isBatchName(symbol)) {
        return i;
      }
    }
    int axis = sequenceFirst.contains(input.name()) ? 1 : 0;
    String symbol = axis < dims.size() ? dims.get(axis).symbol() : null;
    boolean isOther = axis == 0 && symbol != null && laterNames.contains(symbol);
    return axis >= dims.size() || isOther ? NONE : axis;
  }

  public static boolean isBatchName(String symbol) {
    return symbol.matches("(?i)(batch([ _-]?(size|dim|axis))?|bs|n)");
  }

  /** The values that recurrent operators read as [sequence, batch, ...], and their sources. */
  private static Set<String> sequenceFirst(List<Node> nodes) {
    Deque<String> open = new ArrayDeque<>();
    for (Node node : nodes) {
      if (OperatorTrait.RECURRENT.of(node) && !node.attributes().flag("layout", false)) {
        for (int slot : new int[] {0, 5, 6}) { // the sequence, and both initial states
          if (node.hasInput(slot)) {
            open.add(node.inputs().get(slot));
          }
        }
      }
    }
    GraphLinks links = new GraphLinks(open.isEmpty() ? List.of() : nodes, List.of());
    Set<String> found = new HashSet<>();
    while (!open.isEmpty()) {
      String value = open.remove();
      Node writer = links.writer(value);
      if (found.add(value) && writer != null && OperatorTrait.KEEPS_LEADING_AXES.of(writer)) {
        int slots = OperatorTrait.ELEMENTWISE.of(writer) ? writer.inputs().size() : 1;
        open.addAll(writer.inputs().subList(0, slots));
      }
    }
    return found;
  }
}
