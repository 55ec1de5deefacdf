package dev.flopmeter.model.equation;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import java.util.List;
import java.util.Map;

/** The host of equations: answers their queries and receives their nodes. */
public interface Host {
  /** The attributes that a definition reads as {@code @name}. */
  default Attributes attributes() {
    return Attributes.NONE;
  }

  /** All inputs, for {@code (*)}. */
  List<?> inputs();

  /** Adds a node; returns its outputs. The attributes, in the order given, may be changed. */
  default List<?> add(int outputs, String op, Map<String, Object> attributes, List<Object> terms) {
    throw new IllegalStateException("no nodes are written here: " + op);
  }

  /**
   * Adds the node that {@code left + right} and the like stand for, of which one is a tensor. A sum
   * with what is left out is the other term.
   */
  default Object combined(String sign, Object left, Object right) {
    if (sign.equals("+") && (Value.isLeftOut(left) || Value.isLeftOut(right))) {
      return Value.isLeftOut(left) ? right : left;
    }
    return add(1, operator(sign), Map.of(), List.of(left, right)).get(0);
  }

  /** The operator that a sign between tensors stands for, such as ONNX's. */
  default String operator(String sign) {
    return switch (sign) {
      case "+" -> "Add";
      case "-" -> "Sub";
      case "*" -> "Mul";
      default -> "Div";
    };
  }

  /** The shape of a tensor. */
  Shape shape(Object tensor);

  /** A term within a text. */
  default String shown(Object term) {
    return String.valueOf(term);
  }

  /** The error for a form that the equations do not cover. */
  default ModelException refusal(String message) {
    return new ModelException(message);
  }
}
