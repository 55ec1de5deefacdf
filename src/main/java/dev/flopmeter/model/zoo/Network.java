package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.TorchOrigin;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Host;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The graph of a network, while its equations are evaluated. A tensor is known by its name, and a
 * node's result has the node's name.
 *
 * <p>Weights are seeded random values: spread so that activations neither vanish nor overflow, and
 * the same on every machine.
 */
final class Network implements Host {
  /** Attributes that say which call of PyTorch a node stands for, as {@link TorchOrigin} has it. */
  private static final List<List<String>> ORIGINS =
      List.of(
          List.of("module", TorchOrigin.MODULE),
          List.of("function", TorchOrigin.FUNCTION),
          List.of("instance", TorchOrigin.INSTANCE),
          List.of("buffer", TorchOrigin.BUFFER),
          List.of("keep", TorchOrigin.KEEP));

  private final GraphBuilder graph;
  private final List<String> inputs = new ArrayList<>();
  private long seed = 1;

  Network(String name, int opset) {
    graph = new GraphBuilder(name, opset);
  }

  void input(String name, TensorType type) {
    inputs.add(graph.input(name, type));
  }

  /** The finished graph; its outputs are the results of {@code definition} for its inputs. */
  Graph build(Definition definition) {
    List<String> outputs = new ArrayList<>();
    for (Object output : definition.of(this, inputs)) {
      outputs.add((String) output);
    }
    return graph.build(outputs);
  }

  /** A stored tensor of weights drawn for {@code fanIn} inputs. */
  String weight(String name, long fanIn, TensorType type) {
    return graph.constant(name, RandomTensor.weights(type, seed++, fanIn));
  }

  /** A stored tensor of values drawn uniformly between two bounds. */
  String uniform(String name, double low, double high, TensorType type) {
    return graph.constant(name, new RandomTensor(type, seed++, low, high));
  }

  String constant(String name, Tensor tensor) {
    return graph.constant(name, tensor);
  }

  @Override
  public List<String> inputs() {
    return inputs;
  }

  /** Adds the node whose name is the attribute "name", with its one output. */
  @Override
  public List<String> add(
      int outputs, String op, Map<String, Object> attributes, List<Object> terms) {
    String name = (String) Objects.requireNonNull(attributes.remove("name"), op);
    Map<String, String> origin = new HashMap<>();
    origin.put(TorchOrigin.MODULE, "");
    for (List<String> each : ORIGINS) {
      if (attributes.remove(each.get(0)) instanceof String text) {
        origin.put(each.get(1), text);
      }
    }
    List<String> operands = new ArrayList<>();
    for (Object term : terms) {
      for (Object operand : Terms.list(term)) {
        if (!Value.isLeftOut(operand)) {
          operands.add((String) operand);
        }
      }
    }
    graph.add(op, name, Terms.attributes(attributes), operands, List.of(name), origin);
    return List.of(name);
  }

  @Override
  public Shape shape(Object tensor) {
    return Objects.requireNonNull(graph.typeOf((String) tensor), (String) tensor).shape();
  }
}
