package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Host;
import dev.flopmeter.model.equation.Value;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** One node, whose output types the equations of {@code shapes.txt} compute. */
final class TypeEquations implements Host {
  private final Operands in;

  private TypeEquations(Operands in) {
    this.in = in;
  }

  static void addTo(Map<String, ShapeRule> rules) {
    Definition.read(TypeEquations.class, TypeFunctions.DIALECT)
        .forEach(
            (name, definition) -> {
              if (Character.isUpperCase(name.charAt(name.indexOf(':') + 1))) {
                rules.put(name, in -> new TypeEquations(in).types(definition));
              }
            });
  }

  private List<TensorType> types(Definition definition) {
    List<Value> inputs =
        IntStream.range(0, definition.parameters().size()).mapToObj(this::input).toList();
    return definition.of(this, inputs).stream().map(this::type).toList();
  }

  /** The node that is asked about. */
  Operands in() {
    return in;
  }

  Value input(int index) {
    return new Value(in.has(index) ? in.node().inputs().get(index) : "", index);
  }

  /** An input's type, or a computed one. */
  TensorType type(Object term) {
    return term instanceof Value value ? in.type(value.input()) : (TensorType) term;
  }

  @Override
  public Attributes attributes() {
    return in.attributes();
  }

  @Override
  public List<Value> inputs() {
    return IntStream.range(0, in.inputCount()).mapToObj(this::input).toList();
  }

  @Override
  public Shape shape(Object tensor) {
    return type(tensor).shape();
  }

  @Override
  public String shown(Object term) {
    return String.valueOf(term instanceof Value value ? shape(value) : term);
  }
}
