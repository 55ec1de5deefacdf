package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Host;
import dev.flopmeter.model.equation.Value;
import java.util.ArrayList;
import java.util.List;

/** The host of equations about one node. */
public interface NodeHost extends Host {
  /** The node of the equations. */
  Operands in();

  /** An input of the node, whether given or not. */
  default Value input(int index) {
    return new Value(in().has(index) ? in().node().inputs().get(index) : "", index);
  }

  /** The type of an input, or one that was computed. */
  default TensorType type(Object term) {
    return term instanceof Value value ? in().type(value.input()) : (TensorType) term;
  }

  /** The results of a definition for the node's first inputs. */
  default List<Object> results(Definition definition) {
    return definition.of(this, inputs(definition.parameters().size()));
  }

  /** The node's first inputs, given or not. */
  default List<Value> inputs(int count) {
    List<Value> inputs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      inputs.add(input(i));
    }
    return inputs;
  }

  @Override
  default Attributes attributes() {
    return in().attributes();
  }

  @Override
  default List<Value> inputs() {
    return inputs(in().inputCount());
  }

  @Override
  default Shape shape(Object tensor) {
    return type(tensor).shape();
  }

  @Override
  default String shown(Object term) {
    Object shown = term instanceof Value value ? shape(value) : term;
    return shown instanceof DataType type ? type.label() : String.valueOf(shown);
  }
}
