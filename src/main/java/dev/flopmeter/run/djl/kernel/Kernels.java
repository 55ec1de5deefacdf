package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.fold.Folder;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The registry of kernels, by qualified operator name. */
public final class Kernels {
  /** The backend's name in messages. */
  static final String BACKEND = "djl";

  private Kernels() {}

  /** Whether the operator of {@code node} has a kernel of its own. */
  public static boolean has(Node node) {
    return KernelEquations.has(node.qualifiedOp()) && !Decompositions.isAlways(node);
  }

  /**
   * The kernel of a node.
   *
   * @throws UnsupportedOperatorException if the operator has no kernel
   * @throws dev.flopmeter.model.DataDependentException if it needs a shape or value that is not
   *     known yet
   */
  public static Kernel of(Operands in) {
    String op = in.node().qualifiedOp();
    if (!KernelEquations.has(op)) {
      throw Folder.computes(op) ? new DataDependentException(op) : unsupported(in.node());
    }
    requireHeldTypes(in);
    Kernel kernel = new KernelEquations(in).kernel();
    return OperatorTrait.ANY_TYPE.has(op) ? kernel : widened(kernel, in);
  }

  /**
   * The kernel of nodes that run as one step.
   *
   * @param function of {@code kernels.txt}
   * @param main the node that does the work
   * @param inputs names of the values for the kernel's inputs 0, 1, ...; empty for an input left
   *     out
   * @param settings what else the function takes
   */
  public static Kernel fused(
      String function, Operands main, List<String> inputs, Object... settings) {
    List<Object> arguments = new ArrayList<>();
    inputs.forEach(name -> arguments.add(new Value(name, arguments.size())));
    arguments.addAll(List.of(settings));
    return new KernelEquations(main).kernel(function, arguments);
  }

  /** What a function of {@code kernels.txt} gives for the first inputs of a node. */
  public static List<Object> results(String function, Operands in) {
    return new KernelEquations(in).results(function);
  }

  /** That the operator of {@code node} cannot be run. */
  public static UnsupportedOperatorException unsupported(Node node) {
    return new UnsupportedOperatorException(BACKEND, node.qualifiedOp(), node.describe());
  }

  /** That a form of the operator of {@code in} cannot be run. */
  public static UnsupportedOperatorException unsupported(Operands in, String reason) {
    return new UnsupportedOperatorException(
        BACKEND, in.node().qualifiedOp(), in.node().describe() + ": " + reason);
  }

  /** PyTorch's number for {@code type}. */
  static int code(Operands in, DataType type) {
    return ScalarTypes.find(type)
        .orElseThrow(() -> unsupported(in, "no tensors of type " + type.label()));
  }

  private static void requireHeldTypes(Operands in) {
    for (int i = 0; i < in.inputCount(); i++) {
      in.knownType(i).ifPresent(type -> code(in, type.type()));
    }
  }

  /** Converts inputs of types that PyTorch cannot compute with, and converts the results back. */
  private static Kernel widened(Kernel kernel, Operands in) {
    Map<Integer, Integer> types = new HashMap<>();
    for (int input : kernel.inputs()) {
      if (in.has(input)) {
        ScalarTypes.wider(in.type(input).type()).ifPresent(type -> types.put(input, type));
      }
    }
    if (types.isEmpty()) {
      return kernel;
    }
    List<Expression> narrowed = new ArrayList<>();
    for (int i = 0; i < kernel.outputs(); i++) {
      Expression result = kernel.results().get(i);
      narrowed.add(
          in.knownOutput(i)
              .map(TensorType::type)
              .filter(type -> ScalarTypes.wider(type).isPresent())
              .<Expression>map(type -> result.to(code(in, type)))
              .orElse(result));
    }
    return kernel.widened(types, narrowed);
  }
}
