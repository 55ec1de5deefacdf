package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.run.cudnn.plan.DevicePlan.PlannedStep;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The steps of a graph in which operators stand decomposed, as steps of the model's own nodes: what
 * one node is made up of is one step, unless another node's work lies between.
 *
 * @param inner the nodes that another is made up of, by name
 * @param merged the steps so far
 * @param served the model's nodes that these serve
 */
record OwnedSteps(Map<String, Node> inner, List<PlannedStep> merged, Set<String> served) {
  static List<PlannedStep> of(Graph graph, List<PlannedStep> steps) {
    Map<String, Node> inner =
        graph.nodes().stream()
            .filter(node -> node.metadata().containsKey(Decompositions.OWNER))
            .collect(Collectors.toMap(Node::name, node -> node));
    if (inner.isEmpty()) {
      return steps;
    }
    OwnedSteps owned = new OwnedSteps(inner, new ArrayList<>(), new HashSet<>());
    steps.forEach(owned::add);
    return owned.merged;
  }

  private void add(PlannedStep step) {
    Node first = step.nodes().isEmpty() ? null : inner.get(step.nodes().get(0));
    if (first == null) {
      append(step, step.name(), step.op());
      return;
    }
    String owner = Decompositions.owner(first);
    int before = lastServing();
    if (before < 0 || !merged.get(before).name().equals(owner)) {
      append(step, owner, Decompositions.ownerOperator(first));
      return;
    }
    List<PlannedStep> parts = new ArrayList<>(merged.subList(before, merged.size()));
    parts.add(step);
    merged.subList(before, merged.size()).clear();
    List<String> nodes = new ArrayList<>(parts.get(0).nodes());
    nodes.addAll(newlyServed(step));
    merged.add(
        new PlannedStep(
            owner,
            parts.get(0).op(),
            nodes,
            parts.stream().flatMap(part -> part.writes().stream()).distinct().toList(),
            parts.stream().flatMap(part -> part.works().stream()).toList()));
  }

  private void append(PlannedStep step, String name, String op) {
    merged.add(new PlannedStep(name, op, newlyServed(step), step.writes(), step.works()));
  }

  /** The model's nodes that this step serves and none before it. */
  private List<String> newlyServed(PlannedStep step) {
    Stream<String> owners =
        step.nodes().stream()
            .map(name -> inner.containsKey(name) ? Decompositions.owner(inner.get(name)) : name);
    return owners.filter(served::add).toList();
  }

  /** The last step that serves a node, conversions after it aside; -1 if there is none. */
  private int lastServing() {
    int at = merged.size() - 1;
    while (at >= 0 && merged.get(at).nodes().isEmpty()) {
      at--;
    }
    return at;
  }
}
