package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Origins;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** An operator with bodies: binds the bodies and finds the types of the operator's outputs. */
record BodyBinding(GraphBuilder builder, Node node, TemplateBinder binder, int depth) {

  /** Adds the node if its operator has bodies; returns whether it does. */
  boolean add() {
    switch (node.qualifiedOp()) {
      case "If" -> addIf();
      case "Loop" -> addLoop();
      case "Scan" -> addScan();
      case "SequenceMap" -> addWithBody(bound("body", knownTypes(0)), List.of());
      default -> {
        return false;
      }
    }
    return true;
  }

  private void addIf() {
    Optional<Boolean> taken = builder.operands(node).value(0).map(value -> value.longAt(0) != 0);
    if (taken.isPresent()) { // the other branch need not even fit the shapes
      Graph branch = bound(taken.get() ? "then_branch" : "else_branch", List.of());
      if (!isFolded(branch)) {
        addBranches(branch, branch);
      }
      return;
    }
    addBranches(bound("then_branch", List.of()), bound("else_branch", List.of()));
  }

  private void addLoop() {
    Operands in = builder.operands(node);
    List<@Nullable TensorType> inputs = new ArrayList<>();
    inputs.add(new TensorType(DataType.INT64, Shape.SCALAR));
    inputs.add(new TensorType(DataType.BOOL, Shape.SCALAR));
    inputs.addAll(knownTypes(2));
    Graph body = bound("body", inputs);
    if (opensWhatChanges(inputs, body)) {
      body = bound("body", inputs);
      if (opensWhatChanges(inputs, body)) { // each type may change the next
        Collections.fill(inputs.subList(2, inputs.size()), null);
        body = bound("body", inputs);
      }
    }
    int carried = in.inputCount() - 2;
    OptionalLong trips = LoopTrips.of(in, body);
    List<@Nullable TensorType> outputs = new ArrayList<>();
    for (int i = 0; i < node.outputs().size(); i++) {
      TensorType type = outputType(body, i + 1);
      if (i < carried) {
        outputs.add(inputs.get(i + 2) == null ? null : type);
      } else {
        outputs.add(type == null || trips.isEmpty() ? null : stacked(type, 0, trips.getAsLong()));
      }
    }
    addWithBody(body, outputs);
  }

  private void addScan() {
    Operands in = builder.operands(node);
    boolean isBatched = in.opset() < 9; // the first input was the lengths, the first axis a batch
    int first = isBatched ? 1 : 0;
    int scanned = scanned(in, first);
    int states = in.inputCount() - first - scanned;
    int stacks = Math.max(0, node.outputs().size() - states);
    long[] axes = node.attributes().perAxis("scan_input_axes", scanned, 0);
    long[] outAxes = node.attributes().perAxis("scan_output_axes", stacks, 0);
    List<@Nullable TensorType> inputs = knownTypes(first);
    @Nullable Long length = null;
    @Nullable Long batch = null;
    for (int i = 0; i < inputs.size(); i++) {
      TensorType type = inputs.get(i);
      if (isBatched && type != null) {
        batch = type.shape().dim(0);
        type = type.withShape(type.shape().without(0));
      }
      if (i >= states && type != null) {
        int axis = type.shape().axis(axes[i - states]);
        length = type.shape().dim(axis);
        type = type.withShape(type.shape().without(axis));
      }
      inputs.set(i, type);
    }
    Graph body = bound("body", inputs);
    List<@Nullable TensorType> outputs = new ArrayList<>();
    for (int i = 0; i < node.outputs().size(); i++) {
      TensorType type = outputType(body, i);
      if (i >= states && type != null) {
        type = length == null ? null : stacked(type, outAxes[i - states], length);
      }
      outputs.add(type == null || batch == null ? type : stacked(type, 0, batch));
    }
    addWithBody(body, outputs);
  }

  /** How many of the inputs from {@code first} on are scanned. */
  private static int scanned(Operands in, int first) {
    long asked = in.attributes().integer("num_scan_inputs");
    if (asked < 0 || asked > in.inputCount() - first) {
      throw new ModelException(
          "num_scan_inputs is " + asked + ", but there are " + in.inputCount() + " inputs");
    }
    return (int) asked;
  }

  /** The types of the inputs from {@code first} on; null where open, as those of sequences are. */
  private List<@Nullable TensorType> knownTypes(int first) {
    List<@Nullable TensorType> types = new ArrayList<>();
    for (int i = first; i < node.inputs().size(); i++) {
      types.add(builder.typeOf(node.inputs().get(i)));
    }
    return types;
  }

  private Graph bound(String attribute, List<@Nullable TensorType> inputs) {
    GraphTemplate body =
        node.attributes()
            .template(attribute)
            .orElseThrow(() -> new ModelException("the attribute '" + attribute + "' is missing"));
    return binder.bindBody(body, inputs, builder, depth);
  }

  private void addWithBody(Graph body, List<@Nullable TensorType> outputs) {
    builder.addTyped(node.withAttributes(node.attributes().with("body", body)), outputs);
  }

  private static @Nullable TensorType outputType(Graph body, int index) {
    return index < body.outputs().size() ? body.types().get(body.outputs().get(index)) : null;
  }

  /** An output has a type if both branches agree on it. */
  private void addBranches(Graph then, Graph otherwise) {
    for (Graph branch : List.of(then, otherwise)) {
      if (branch.outputs().size() < node.outputs().size()) {
        throw new ModelException(
            "it names %s outputs, but its branch '%s' gives %s"
                .formatted(node.outputs().size(), branch.name(), branch.outputs().size()));
      }
    }
    List<@Nullable TensorType> outputs = new ArrayList<>();
    for (int i = 0; i < node.outputs().size(); i++) {
      TensorType a = outputType(then, i);
      TensorType b = outputType(otherwise, i);
      if (a != null && b != null && a.type() != b.type()) {
        throw new ModelException(
            "output %s, '%s', is %s in one branch, but %s in the other"
                .formatted(i, node.outputs().get(i), a.type().label(), b.type().label()));
      }
      outputs.add(a != null && a.equals(b) ? a : null);
    }
    Attributes bound = node.attributes().with("then_branch", then).with("else_branch", otherwise);
    builder.addTyped(node.withAttributes(bound), outputs);
  }

  /** Whether the branch consists of constants, which then replace the node. */
  private boolean isFolded(Graph branch) {
    List<String> results = branch.outputs();
    if (results.size() < node.outputs().size()
        || !results.stream().allMatch(branch.constants()::containsKey)) {
      return false;
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      if (node.hasOutput(i)) {
        String result = results.get(i);
        builder.constant(
            node.outputs().get(i),
            branch.constant(result).orElseThrow(),
            branch.origins().getOrDefault(result, Origins.NONE));
      }
    }
    return true;
  }

  /**
   * A carried value whose type changes in a Loop's body has no single type for all iterations:
   * removes it from {@code inputs}, and returns whether any was removed.
   */
  private static boolean opensWhatChanges(List<@Nullable TensorType> inputs, Graph body) {
    boolean any = false;
    for (int i = 2; i < inputs.size(); i++) {
      if (inputs.get(i) != null && !inputs.get(i).equals(outputType(body, i - 1))) {
        inputs.set(i, null);
        any = true;
      }
    }
    return any;
  }

  private static TensorType stacked(TensorType type, long axis, long count) {
    return type.withShape(type.shape().inserted(axis, count));
  }
}
