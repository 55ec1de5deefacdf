package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One step as TorchScript: a small function that PyTorch's interpreter runs in one call.
 *
 * <p>In its text {@code x0}, {@code x1}, ... are the step's inputs, {@code p0}, ... tensors
 * prepared once from constant inputs, and {@code c0}, ... constants that the kernel brings along.
 * Inputs the text does not name are not passed, so constants that were read while the text was
 * written (axes, shapes) never reach the engine.
 *
 * @param body statements, the last one a {@code return}; one a line, indented by two spaces a level
 * @param outputs the number of tensors returned: one, or a tuple of several
 * @param prepared the expressions of {@code p0}, ...: over constant inputs, computed once
 * @param constants the tensors of {@code c0}, ...
 */
public record Kernel(
    List<String> body, int outputs, List<String> prepared, List<Tensor> constants) {
  private static final Pattern INPUT = Pattern.compile("\\bx([0-9]+)\\b");
  private static final Pattern CALL =
      Pattern.compile("(?:torch|ops\\.\\w+|self)\\.([A-Za-z_0-9]+)\\(");
  private static final Set<String> PLUMBING =
      Set.of("contiguous", "to", "reshape", "constant_pad_nd", "size", "permute");

  public Kernel {
    body = List.copyOf(body);
    prepared = List.copyOf(prepared);
    constants = List.copyOf(constants);
  }

  /** A kernel of one expression and one output. */
  public static Kernel of(String expression) {
    return new Kernel(List.of("return " + expression), 1, List.of(), List.of());
  }

  /** A kernel whose expressions are its outputs. */
  public static Kernel ofAll(List<String> expressions) {
    return expressions.size() == 1
        ? of(expressions.get(0))
        : new Kernel(
            List.of("return (" + String.join(", ", expressions) + ")"),
            expressions.size(),
            List.of(),
            List.of());
  }

  /** A kernel of statements; the last one returns {@code outputs} tensors. */
  public static Kernel statements(int outputs, String... lines) {
    return new Kernel(List.of(lines), outputs, List.of(), List.of());
  }

  public Kernel preparing(String... expressions) {
    return new Kernel(body, outputs, List.of(expressions), constants);
  }

  public Kernel bringing(List<Tensor> tensors) {
    return new Kernel(body, outputs, prepared, tensors);
  }

  /** This kernel with {@code lines} run first. */
  public Kernel after(List<String> lines) {
    List<String> all = new ArrayList<>(lines);
    all.addAll(body);
    return new Kernel(all, outputs, prepared, constants);
  }

  /** Indices of the inputs that the text of every run names, ascending. */
  public List<Integer> inputs() {
    return inputs(String.join("\n", body));
  }

  /** Indices of the inputs named in {@code text}, ascending. */
  public static List<Integer> inputs(String text) {
    Set<Integer> found = new TreeSet<>();
    Matcher matcher = INPUT.matcher(text);
    while (matcher.find()) {
      found.add(Integer.valueOf(matcher.group(1)));
    }
    return List.copyOf(found);
  }

  /** {@code nhwc} where the kernel asks for channels last; null where it takes what comes. */
  public @Nullable String layout() {
    return String.join("\n", body).contains("memory_format=2") ? "nhwc" : null;
  }

  /** The function that does the work, for reports: the first call that is no mere plumbing. */
  public String algorithm() {
    Matcher matcher = CALL.matcher(String.join("\n", body));
    String first = "";
    while (matcher.find()) {
      if (first.isEmpty()) {
        first = matcher.group(1);
      }
      if (!PLUMBING.contains(matcher.group(1))) {
        String call = matcher.group();
        return call.startsWith("ops.") ? call.substring(4, call.length() - 1) : matcher.group(1);
      }
    }
    return first.isEmpty() ? "view" : first;
  }
}
