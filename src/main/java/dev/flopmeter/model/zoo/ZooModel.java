package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.equation.Definition;
import java.util.ArrayList;
import java.util.List;

/**
 * A built-in network.
 *
 * @param description one line for {@code flopmeter models}
 * @param inputs the declared inputs; a batch of 1 may be replaced
 * @param definition its equations, from its inputs to its outputs
 */
public record ZooModel(
    String name, String description, List<ValueInfo> inputs, Definition definition)
    implements Model {

  /** The operator set that zoo networks are written against. */
  private static final int OPSET = 20;

  public ZooModel {
    inputs = List.copyOf(inputs);
  }

  @Override
  public String source() {
    return "built-in";
  }

  @Override
  public int opset() {
    return OPSET;
  }

  @Override
  public Graph bind(Bindings bindings) {
    try {
      List<TensorType> types = List.copyOf(bindings.resolve(resized(bindings)).types().values());
      Network network = new Network(name, OPSET);
      for (int i = 0; i < types.size(); i++) {
        network.input(inputs.get(i).name(), types.get(i));
      }
      return network.build(definition);
    } catch (ModelException e) {
      throw e.at(name);
    }
  }

  /** Images may have another size than declared, and named dimensions another length. */
  private List<ValueInfo> resized(Bindings bindings) {
    List<ValueInfo> changed = new ArrayList<>();
    for (ValueInfo input : inputs) {
      Shape given = bindings.shapes().get(input.name());
      List<Dim> dims = input.dims();
      if (given != null && dims != null && dims.size() == given.rank()) {
        List<Dim> taken = new ArrayList<>();
        for (int i = 0; i < dims.size(); i++) {
          boolean isOpen = dims.get(i).symbol() != null || (isImage(dims) && i >= 2);
          taken.add(isOpen ? Dim.of(given.dim(i)) : dims.get(i));
        }
        dims = taken;
      }
      changed.add(new ValueInfo(input.name(), input.type(), dims));
    }
    return changed;
  }

  private static boolean isImage(List<Dim> dims) {
    return dims.size() == 4 && dims.stream().allMatch(dim -> dim.symbol() == null);
  }
}
