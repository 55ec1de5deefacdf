package dev.flopmeter.run.djl;

import static java.util.stream.Collectors.joining;

import dev.flopmeter.run.djl.kernel.Kernel;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The TorchScript source of functions; equal functions share a name. */
final class ScriptSource {
  private final Map<String, String> names = new LinkedHashMap<>();

  /**
   * Adds a kernel as a function of tensors.
   *
   * @return its name
   */
  String add(Kernel kernel) {
    String parameters =
        kernel.parameters().stream().map(name -> ", " + name + ": Tensor").collect(joining());
    return add(parameters, kernel.outputs(), kernel.body());
  }

  /**
   * Adds a function.
   *
   * @param parameters names and types, a comma before each
   * @param outputs the number of tensors that it returns; more than one as a tuple
   * @return its name
   */
  String add(String parameters, int outputs, List<String> body) {
    String result =
        outputs == 1
            ? "Tensor"
            : "Tuple[" + String.join(", ", Collections.nCopies(outputs, "Tensor")) + "]";
    String text =
        "(self: __torch__.M%s) -> %s:\n%s"
            .formatted(parameters, result, String.join("\n", body).indent(4));
    return names.computeIfAbsent(text, ignored -> "f" + names.size());
  }

  /** All functions as methods, indented by two spaces. */
  String source() {
    StringBuilder text = new StringBuilder();
    names.forEach((body, name) -> text.append("  def ").append(name).append(body));
    return text.toString();
  }
}
