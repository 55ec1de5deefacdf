package dev.flopmeter.run.djl;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Gathers the source of functions; equal ones share a name. */
final class Functions {
  private final Map<String, String> names = new LinkedHashMap<>();
  private final String prefix;

  /**
   * @param prefix begins every name
   */
  Functions(String prefix) {
    this.prefix = prefix;
  }

  /**
   * Adds a function of tensors.
   *
   * @param parameters names of its parameters
   * @param outputs tensors it returns
   * @return its name
   */
  String add(List<String> parameters, List<String> body, int outputs) {
    String arguments =
        parameters.stream().map(name -> ", " + name + ": Tensor").collect(Collectors.joining());
    String result =
        outputs == 1
            ? "Tensor"
            : "Tuple[" + String.join(", ", java.util.Collections.nCopies(outputs, "Tensor")) + "]";
    String text =
        "(self: __torch__.M"
            + arguments
            + ") -> "
            + result
            + ":\n"
            + body.stream().map(line -> "    " + line + "\n").collect(Collectors.joining());
    return names.computeIfAbsent(text, ignored -> prefix + names.size());
  }

  /** All functions as methods, indented by two spaces. */
  String source() {
    StringBuilder text = new StringBuilder();
    names.forEach((body, name) -> text.append("  def ").append(name).append(body));
    return text.toString();
  }
}
