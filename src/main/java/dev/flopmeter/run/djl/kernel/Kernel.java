package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.djl.kernel.Expression.Call;
import dev.flopmeter.run.djl.kernel.Expression.Constant;
import dev.flopmeter.run.djl.kernel.Expression.Input;
import dev.flopmeter.run.djl.kernel.Expression.Once;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One step as TorchScript: a small function that PyTorch's interpreter runs in one call.
 *
 * <p>Its parameters are the step's inputs that the results use, then values that are prepared once
 * from constant inputs, then constants of its own. Constants that were read while the kernel was
 * chosen (axes, shapes) never reach PyTorch.
 *
 * @param wider PyTorch's numbers of the types that inputs are converted to, by their index
 * @param layout {@code nhwc} if the kernel requires channels last; null if it accepts any layout
 * @param function the function that does most of the work; empty for the first that does any
 */
public record Kernel(
    List<Expression> results,
    Map<Integer, Integer> wider,
    @Nullable String layout,
    String function) {
  public Kernel {
    results = List.copyOf(results);
  }

  static Kernel of(List<Expression> results) {
    return new Kernel(results, Map.of(), null, "");
  }

  /** This kernel, on images as they are stored. */
  public Kernel anyLayout() {
    return new Kernel(results, wider, null, function);
  }

  /**
   * This kernel on converted inputs.
   *
   * @param types PyTorch's numbers of the types that inputs are converted to
   * @param narrowed the expressions returned instead of its results
   */
  Kernel widened(Map<Integer, Integer> types, List<Expression> narrowed) {
    return new Kernel(narrowed, new TreeMap<>(types), layout, algorithm());
  }

  /** The number of tensors returned: one, or a tuple of several. */
  public int outputs() {
    return results.size();
  }

  /** Indices of the inputs that every run needs, ascending. */
  public List<Integer> inputs() {
    return all(Input.class).map(Input::index).distinct().sorted().toList();
  }

  List<Once> prepared() {
    return all(Once.class).toList();
  }

  List<Constant> constants() {
    return all(Constant.class).toList();
  }

  /** Kernels of the values that are computed once, over constant inputs. */
  public List<Kernel> preparations() {
    return prepared().stream().map(each -> of(List.of(each.value()))).toList();
  }

  /** The constants that it brings along. */
  public List<Tensor> tensors() {
    return constants().stream().map(Constant::tensor).toList();
  }

  /** The names of the function's parameters: inputs, prepared values, constants. */
  public List<String> parameters() {
    List<String> names = new ArrayList<>();
    inputs().forEach(input -> names.add("x" + input));
    IntStream.range(0, prepared().size()).forEach(i -> names.add("p" + i));
    IntStream.range(0, constants().size()).forEach(i -> names.add("c" + i));
    return names;
  }

  /** The function's statements. */
  public List<String> body() {
    return KernelWriter.body(this);
  }

  /** The function that does the work, for reports. */
  public String algorithm() {
    if (!function.isEmpty()) {
      return function;
    }
    List<String> functions = all(Call.class).map(Call::function).toList();
    if (TorchNames.VIEWS.containsAll(functions)) {
      return KernelInfo.VIEW;
    }
    return first(functions, TorchNames.WORKING::contains)
        .or(() -> first(functions, name -> !TorchNames.PREPARING.contains(name)))
        .orElse(functions.get(0))
        .replaceFirst("^ops\\.", "");
  }

  private static Optional<String> first(List<String> functions, Predicate<String> wanted) {
    return functions.stream().filter(wanted).findFirst();
  }

  private <T extends Expression> Stream<T> all(Class<T> type) {
    return Expression.all(results).stream().filter(type::isInstance).map(type::cast);
  }

  @Override
  public String toString() {
    return preparations() + String.join("\n", body());
  }
}
