package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.UnknownOperatorException;
import dev.flopmeter.model.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The operators with bodies: binds the bodies and finds what the operator writes. */
enum ControlFlow {
  IF {
    @Override
    void add(GraphBuilder builder, Node node, TemplateBinder binder, int depth) {
      Graph then = binder.bindBody(body(node, "then_branch"), List.of(), builder, depth);
      Graph otherwise = binder.bindBody(body(node, "else_branch"), List.of(), builder, depth);
      List<@Nullable TensorType> outputs = new ArrayList<>();
      for (int i = 0; i < node.outputs().size(); i++) {
        TensorType a = outputType(then, i);
        TensorType b = outputType(otherwise, i);
        outputs.add(a != null && a.equals(b) ? a : null);
      }
      Attributes bound = node.attributes().with("then_branch", then).with("else_branch", otherwise);
      builder.addTyped(node.withAttributes(bound), outputs);
    }
  },
  LOOP {
    @Override
    void add(GraphBuilder builder, Node node, TemplateBinder binder, int depth) {
      Operands in = builder.operands(node);
      List<@Nullable TensorType> inputs = new ArrayList<>();
      inputs.add(new TensorType(DataType.INT64, Shape.SCALAR));
      inputs.add(new TensorType(DataType.BOOL, Shape.SCALAR));
      for (int i = 2; i < in.inputCount(); i++) {
        inputs.add(in.knownType(i).orElse(null));
      }
      Graph body = binder.bindBody(body(node, "body"), inputs, builder, depth);
      int carried = in.inputCount() - 2;
      Optional<Long> trips =
          in.value(0).map(value -> value.longAt(0)).filter(ignored -> !in.has(1));
      List<@Nullable TensorType> outputs = new ArrayList<>();
      for (int i = 0; i < node.outputs().size(); i++) {
        TensorType type = outputType(body, i + 1);
        if (i < carried) {
          outputs.add(type != null && type.equals(inputs.get(i + 2)) ? type : null);
        } else {
          outputs.add(type == null || trips.isEmpty() ? null : stacked(type, 0, trips.get()));
        }
      }
      builder.addTyped(node.withAttributes(node.attributes().with("body", body)), outputs);
    }
  },
  SCAN {
    @Override
    void add(GraphBuilder builder, Node node, TemplateBinder binder, int depth) {
      Operands in = builder.operands(node);
      long asked = node.attributes().integer("num_scan_inputs");
      if (asked < 0 || asked > in.inputCount() || in.opset() < 9) {
        throw new UnknownOperatorException(
            "this form of Scan is not supported (num_scan_inputs "
                + asked
                + " of "
                + in.inputCount()
                + " inputs, opset "
                + in.opset()
                + "; 9 and later are)");
      }
      int scanned = (int) asked;
      int states = in.inputCount() - scanned;
      int stacks = Math.max(0, node.outputs().size() - states);
      long[] axes = Window.perAxis(node.attributes(), "scan_input_axes", scanned, 0);
      long[] outAxes = Window.perAxis(node.attributes(), "scan_output_axes", stacks, 0);
      List<@Nullable TensorType> inputs = new ArrayList<>();
      @Nullable Long length = null;
      for (int i = 0; i < in.inputCount(); i++) {
        TensorType type = in.knownType(i).orElse(null);
        if (i >= states && type != null) {
          int axis = type.shape().axis(axes[i - states]);
          length = type.shape().dim(axis);
          type = type.withShape(type.shape().without(axis));
        }
        inputs.add(type);
      }
      Graph body = binder.bindBody(body(node, "body"), inputs, builder, depth);
      List<@Nullable TensorType> outputs = new ArrayList<>();
      for (int i = 0; i < node.outputs().size(); i++) {
        TensorType type = outputType(body, i);
        if (i >= states && type != null) {
          type = length == null ? null : stacked(type, outAxes[i - states], length);
        }
        outputs.add(type);
      }
      builder.addTyped(node.withAttributes(node.attributes().with("body", body)), outputs);
    }
  };

  static Optional<ControlFlow> find(Node node) {
    return switch (node.qualifiedOp()) {
      case "If" -> Optional.of(IF);
      case "Loop" -> Optional.of(LOOP);
      case "Scan" -> Optional.of(SCAN);
      default -> Optional.empty();
    };
  }

  abstract void add(GraphBuilder builder, Node node, TemplateBinder binder, int depth);

  private static GraphTemplate body(Node node, String attribute) {
    return node.attributes()
        .template(attribute)
        .orElseThrow(() -> new ModelException("the attribute '" + attribute + "' is missing"));
  }

  private static @Nullable TensorType outputType(Graph body, int index) {
    return index < body.outputs().size() ? body.types().get(body.outputs().get(index)) : null;
  }

  private static TensorType stacked(TensorType type, long axis, long count) {
    return type.withShape(type.shape().inserted(axis, Math.max(0, count)));
  }
}
