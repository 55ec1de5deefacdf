package dev.flopmeter.run.djl;

import dev.flopmeter.run.djl.kernel.Kernel;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The TorchScript source of functions; equal functions share a name. */
final class ScriptSource {
  private final Map<String, String> names = new LinkedHashMap<>();

  /**
   * Adds a kernel as a function of tensors.
   *
   * @return its name
   */
  String add(Kernel kernel) {
    String arguments =
        kernel.parameters().stream()
            .map(name -> ", " + name + ": Tensor")
            .collect(Collectors.joining());
    String result =
        kernel.outputs() == 1
            ? "Tensor"
            : "Tuple[" + String.join(", ", Collections.nCopies(kernel.outputs(), "Tensor")) + "]";
    String text =
        "(self: __torch__.M%s) -> %s:\n%s"
            .formatted(arguments, result, String.join("\n", kernel.body()).indent(4));
    return names.computeIfAbsent(text, ignored -> "f" + names.size());
  }

  /** All functions as methods, indented by two spaces. */
  String source() {
    StringBuilder text = new StringBuilder();
    names.forEach((body, name) -> text.append("  def ").append(name).append(body));
    return text.toString();
  }
}
