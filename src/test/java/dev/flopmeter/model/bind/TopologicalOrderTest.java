package dev.flopmeter.model.bind;

import static dev.flopmeter.model.bind.Nodes.body;
import static dev.flopmeter.model.bind.Nodes.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopologicalOrderTest {
  private static final Node A = node("Relu", "x", "a");
  private static final Node B = node("Relu", "a", "b");
  private static final Node C = node("Add", "a b", "c");

  @Test
  void keepsAnOrderThatHolds() {
    Node independent = node("Relu", "x", "z");
    List<Node> written = List.of(A, independent, B, C);
    assertThat(TopologicalOrder.of(written)).isEqualTo(written);
  }

  @Test
  void putsWritersBeforeReaders() {
    assertThat(TopologicalOrder.of(List.of(C, B, A))).containsExactly(A, B, C);
    Node late = node("Relu", "x", "z");
    assertThat(TopologicalOrder.of(List.of(B, A, C, late))).containsExactly(A, B, C, late);
  }

  @Test
  void sortsALongChainWrittenBackwards() {
    List<Node> chain = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      chain.add(node("Relu", "v" + i, "v" + (i + 1)));
    }
    List<Node> backwards = new ArrayList<>(chain);
    Collections.reverse(backwards);
    assertThat(TopologicalOrder.of(backwards)).isEqualTo(chain);
  }

  @Test
  void waitsForWhatABodyReadsFromAround() {
    Node branch = node("If", "c", "out", "then_branch", body("", "t", node("Relu", "outer", "t")));
    Node writer = node("Relu", "x", "outer");
    assertThat(TopologicalOrder.of(List.of(branch, writer))).containsExactly(writer, branch);
    Node passing = node("If", "c", "out", "then_branch", body("", "outer"));
    assertThat(TopologicalOrder.of(List.of(passing, writer))).containsExactly(writer, passing);
    Node nested = node("If", "c", "out", "then_branch", body("", "t", branch));
    assertThat(TopologicalOrder.of(List.of(nested, writer))).containsExactly(writer, nested);
  }

  /** A body may use names for its own values that the outer graph uses further down. */
  @Test
  void doesNotWaitForNamesThatABodyShadows() {
    Node loop = node("Loop", "n", "out", "body", body("i", "t", node("Relu", "i", "t")));
    Node t = node("Relu", "out", "t");
    Node i = node("Relu", "t", "i");
    assertThat(TopologicalOrder.of(List.of(loop, t, i))).containsExactly(loop, t, i);
  }

  @Test
  void ignoresInputsAndOutputsLeftOut() {
    Node first = node("Dropout", "x -", "y -");
    Node second = node("Dropout", "y -", "z -");
    assertThat(TopologicalOrder.of(List.of(first, second))).containsExactly(first, second);
  }

  @Test
  void refusesNodesThatWaitForEachOther() {
    assertThatThrownBy(
            () -> TopologicalOrder.of(List.of(node("Relu", "b", "a"), node("Relu", "a", "b"))))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("part of a cycle");
    assertThatThrownBy(() -> TopologicalOrder.of(List.of(node("Add", "x a", "a"))))
        .hasMessageContaining("part of a cycle");
  }
}
