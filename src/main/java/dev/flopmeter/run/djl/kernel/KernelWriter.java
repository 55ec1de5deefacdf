package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.run.djl.kernel.Expression.Call;
import dev.flopmeter.run.djl.kernel.Expression.Input;
import dev.flopmeter.run.djl.kernel.Expression.Listed;
import dev.flopmeter.run.djl.kernel.Expression.LoopResult;
import dev.flopmeter.run.djl.kernel.Expression.Named;
import dev.flopmeter.run.djl.kernel.Expression.Part;
import dev.flopmeter.run.djl.kernel.Expression.Script;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Writes a kernel as TorchScript, one call a line. {@code x0}, ... are the step's inputs, {@code
 * p0}, ... values prepared once, {@code c0}, ... constants. What the body of a loop computes
 * without the loop's variables is written in front of the loop.
 */
final class KernelWriter {

  /**
   * The text of an expression.
   *
   * @param depth the number of loops around its definition
   */
  private record Written(String text, int depth) {}

  private final IdentityHashMap<Expression, Written> known = new IdentityHashMap<>();
  private final IdentityHashMap<Loop, String> loops = new IdentityHashMap<>();
  private final List<List<String>> blocks = new ArrayList<>();
  private int names;

  private KernelWriter(Kernel kernel) {
    blocks.add(new ArrayList<>());
    name("p", kernel.prepared());
    name("c", kernel.constants());
  }

  private void name(String prefix, List<? extends Expression> values) {
    for (int i = 0; i < values.size(); i++) {
      known.put(values.get(i), new Written(prefix + i, 0));
    }
  }

  /** The statements, the last one a {@code return}; nested ones are indented by two spaces. */
  static List<String> body(Kernel kernel) {
    KernelWriter writer = new KernelWriter(kernel);
    List<String> lines = writer.blocks.get(0);
    kernel
        .wider()
        .forEach(
            (input, type) -> lines.add("x%1$d = torch.to(x%1$d, %2$d)".formatted(input, type)));
    if (kernel.layout() != null) {
      lines.add("x0 = torch.contiguous(x0, memory_format=2)");
    }
    String results = writer.texts(kernel.results());
    lines.add("return " + (kernel.outputs() == 1 ? results : "(" + results + ")"));
    return lines;
  }

  private String texts(List<Expression> expressions) {
    return expressions.stream().map(each -> written(each).text()).collect(Collectors.joining(", "));
  }

  private Written written(Expression expression) {
    Written before = known.get(expression);
    if (before != null) {
      return before;
    }
    Written now = write(expression);
    known.put(expression, now);
    return now;
  }

  private Written write(Expression expression) {
    if (expression instanceof Input input) {
      return new Written("x" + input.index(), 0);
    }
    if (expression instanceof Listed list) {
      return enclosed("[", list.operands(), "]");
    }
    if (expression instanceof Named named) {
      return enclosed(named.name() + "=", named.operands(), "");
    }
    if (expression instanceof Call call) {
      return assigned(call, 1);
    }
    if (expression instanceof Part part) {
      Written whole = known.get(part.call());
      if (whole == null) {
        whole = assigned(part.call(), part.count());
        known.put(part.call(), whole);
      }
      return new Written(whole.text() + "_" + part.index(), whole.depth());
    }
    if (expression instanceof Script script) {
      return write(script);
    }
    if (expression instanceof LoopResult result) {
      String loop = loops.get(result.loop());
      if (loop == null) {
        loop = write(result.loop());
        loops.put(result.loop(), loop);
      }
      return new Written(loop + (result.isRows() ? "_rows" : "_") + result.index(), 0);
    }
    return new Written(expression.toString(), 0);
  }

  private Written enclosed(String before, List<Expression> expressions, String after) {
    List<Written> all = expressions.stream().map(this::written).toList();
    return new Written(
        all.stream().map(Written::text).collect(Collectors.joining(", ", before, after)),
        all.stream().mapToInt(Written::depth).max().orElse(0));
  }

  /** Writes a call and names its result, or each of its results. */
  private Written assigned(Call call, int results) {
    String function = call.function();
    String path = function.startsWith("ops.") || function.equals("int") ? "" : "torch.";
    Written value = enclosed(path + function + "(", call.operands(), ")");
    String name = "t" + names++;
    String left = results == 1 ? name : joined(results, i -> name + "_" + i);
    blocks.get(value.depth()).add(left + " = " + value.text());
    return new Written(name, value.depth());
  }

  private static String joined(int count, IntFunction<String> text) {
    return IntStream.range(0, count).mapToObj(text).collect(Collectors.joining(", "));
  }

  private Written write(Script script) {
    List<String> lines = new ArrayList<>();
    for (Named each : script.arguments) {
      lines.add(each.name() + " = " + written(each.value()).text());
    }
    lines.addAll(script.text.lines().toList());
    blocks.get(0).addAll(lines);
    return new Written("result", 0);
  }

  /** Writes a loop and returns its name, with which the names of its results begin. */
  private String write(Loop loop) {
    if (blocks.size() > 1) {
      throw new IllegalStateException("a loop within a loop cannot be written");
    }
    String name = "loop" + names++;
    int states = loop.states.size();
    int rows = loop.rows.size();
    String start = texts(loop.start);
    known.put(loop.index, new Written(name, 1));
    for (int i = 0; i < states; i++) {
      known.put(loop.states.get(i), new Written(name + "_" + i, 1));
    }
    List<String> body = new ArrayList<>();
    blocks.add(body);
    for (int i = 0; i < rows; i++) {
      String row = written(loop.rows.get(i)).text();
      body.add("%1$s_rows%2$d = torch.add(%1$s_rows%2$d, [%3$s])".formatted(name, i, row));
    }
    String next = texts(loop.next);
    blocks.remove(1);
    List<String> lines = blocks.get(0);
    String all = joined(states, i -> name + "_" + i);
    if (states > 0) {
      lines.add(all + " = " + start);
      body.add(all + " = " + next);
    }
    for (int i = 0; i < rows; i++) {
      lines.add(name + "_rows" + i + " = annotate(List[Tensor], [])");
    }
    lines.add("for " + name + " in range(" + loop.trips + "):");
    body.forEach(line -> lines.add("  " + line));
    return name;
  }
}
