package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The registry of kernels, by qualified operator name. */
public final class Kernels {
  /** The backend's name in messages. */
  static final String BACKEND = "djl";

  private static final Map<String, KernelRule> RULES = new HashMap<>();

  /** Operators that keep or convert elements and so take every type as it is. */
  private static final Set<String> ANY_TYPE =
      Set.of(
          "Cast",
          "CastLike",
          "BitCast",
          "QuantizeLinear",
          "DequantizeLinear",
          "DynamicQuantizeLinear",
          "Identity",
          "Reshape",
          "Flatten",
          "Squeeze",
          "Unsqueeze",
          "Transpose",
          "Expand");

  static {
    UnaryKernels.addTo(RULES);
    BinaryKernels.addTo(RULES);
    ConversionKernels.addTo(RULES);
    WindowKernels.addTo(RULES);
    PoolKernels.addTo(RULES);
    MatrixKernels.addTo(RULES);
    NormKernels.addTo(RULES);
    ReductionKernels.addTo(RULES);
    LayoutKernels.addTo(RULES);
    SelectionKernels.addTo(RULES);
    ResizeKernels.addTo(RULES);
    RecurrentKernels.addTo(RULES);
    AttentionKernels.addTo(RULES);
    ContribKernels.addTo(RULES);
    QuantizedKernels.addTo(RULES);
    SignalKernels.addTo(RULES);
    RegionKernels.addTo(RULES);
    LossKernels.addTo(RULES);
    LinearAttentionKernels.addTo(RULES);
  }

  private Kernels() {}

  /** All operators with a kernel. */
  public static Set<String> operators() {
    return new TreeSet<>(RULES.keySet());
  }

  /**
   * The kernel of a node.
   *
   * @throws UnsupportedOperatorException if there is none
   * @throws dev.flopmeter.model.DataDependentException if it needs a shape or value that is not
   *     known yet
   */
  public static Kernel of(Operands in) {
    String op = in.node().qualifiedOp();
    KernelRule rule = RULES.get(op);
    if (rule == null) {
      throw new UnsupportedOperatorException(BACKEND, op, in.node().describe());
    }
    requireHeldTypes(in);
    Kernel kernel = rule.kernel(in);
    return ANY_TYPE.contains(op) ? kernel : widened(kernel, in);
  }

  static UnsupportedOperatorException unsupported(Operands in, String reason) {
    return new UnsupportedOperatorException(
        BACKEND, in.node().qualifiedOp(), in.node().describe() + ": " + reason);
  }

  /** PyTorch's number for {@code type}. */
  static int code(Operands in, DataType type) {
    return TorchTypes.find(type)
        .orElseThrow(() -> unsupported(in, "no tensors of type " + type.label()));
  }

  private static void requireHeldTypes(Operands in) {
    for (int i = 0; i < in.inputCount(); i++) {
      in.knownType(i).ifPresent(type -> code(in, type.type()));
    }
  }

  /** Converts inputs that PyTorch cannot compute with, and the results back. */
  private static Kernel widened(Kernel kernel, Operands in) {
    List<String> before = new ArrayList<>();
    for (int input : kernel.inputs()) {
      if (in.has(input)) {
        TorchTypes.wider(in.type(input).type())
            .ifPresent(
                wide -> before.add("x" + input + " = torch.to(x" + input + ", " + wide + ")"));
      }
    }
    if (before.isEmpty()) {
      return kernel;
    }
    List<String> lines = new ArrayList<>(before);
    lines.addAll(kernel.body().subList(0, kernel.body().size() - 1));
    String result = kernel.body().get(kernel.body().size() - 1).substring("return ".length());
    if (kernel.outputs() == 1) {
      lines.add("return " + narrowed("(" + result + ")", in, 0));
    } else {
      List<String> names = new ArrayList<>();
      List<String> results = new ArrayList<>();
      for (int i = 0; i < kernel.outputs(); i++) {
        names.add("y" + i);
        results.add(narrowed("y" + i, in, i));
      }
      lines.add(String.join(", ", names) + " = " + result);
      lines.add("return (" + String.join(", ", results) + ")");
    }
    return new Kernel(lines, kernel.outputs(), kernel.prepared(), kernel.constants());
  }

  private static String narrowed(String result, Operands in, int output) {
    Optional<TensorType> type = in.knownOutput(output);
    if (type.isEmpty() || TorchTypes.wider(type.get().type()).isEmpty()) {
      return result;
    }
    return "torch.to(" + result + ", " + code(in, type.get().type()) + ")";
  }
}
