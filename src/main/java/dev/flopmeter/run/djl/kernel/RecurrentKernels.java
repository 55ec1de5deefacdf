package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Operands;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;

/**
 * Recurrent layers: the input's part of all gates is one product before the loop, the state's part
 * one product a step. Sequences shorter than the longest keep their state once they have ended.
 */
final class RecurrentKernels {
  private RecurrentKernels() {}

  private static final Set<String> WITH_ALPHA =
      Set.of("affine", "leakyrelu", "thresholdedrelu", "scaledtanh", "hardsigmoid", "elu");
  private static final Set<String> WITH_BETA = Set.of("affine", "scaledtanh", "hardsigmoid");

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("LSTM", in -> new Layer(in, 4, true).kernel());
    rules.put("GRU", in -> new Layer(in, 3, false).kernel());
    rules.put("RNN", in -> new Layer(in, 1, false).kernel());
  }

  /** Writes the function of one node. */
  private static final class Layer {
    private final Operands in;
    private final int gates;
    private final boolean hasCell;
    private final long hidden;
    private final long length;
    private final long batch;
    private final boolean batchFirst;
    private final List<String> lines = new ArrayList<>();

    Layer(Operands in, int gates, boolean hasCell) {
      this.in = in;
      this.gates = gates;
      this.hasCell = hasCell;
      this.hidden = in.shape(2).dim(2);
      this.batchFirst = in.attributes().flag("layout", false);
      this.length = in.shape(0).dim(batchFirst ? 1 : 0);
      this.batch = in.shape(0).dim(batchFirst ? 0 : 1);
    }

    Kernel kernel() {
      int directions = (int) in.shape(1).dim(0);
      String direction = in.attributes().text("direction", "forward");
      lines.add("x = " + (batchFirst ? "torch.transpose(x0, 0, 1)" : "x0"));
      for (int d = 0; d < directions; d++) {
        direction(d, d == 1 || direction.equals("reverse"), directions);
      }
      String y = joined("y", directions, 1);
      String h = joined("h", directions, 0);
      String c = joined(hasCell ? "c" : "h", directions, 0);
      if (batchFirst) {
        y = "torch.permute(" + y + ", [2, 0, 1, 3])";
        h = "torch.transpose(" + h + ", 0, 1)";
        c = "torch.transpose(" + c + ", 0, 1)";
      }
      lines.add("return (" + y + ", " + h + ", " + c + ")");
      return Kernel.statements(3, lines.toArray(String[]::new));
    }

    private static String joined(String name, int directions, int axis) {
      return directions == 1
          ? "torch.stack([" + name + "0], " + axis + ")"
          : "torch.stack([" + name + "0, " + name + "1], " + axis + ")";
    }

    private void direction(int d, boolean reverse, int directions) {
      lines.add("w = torch.t(torch.select(x1, 0, " + d + "))");
      lines.add("r = torch.t(torch.select(x2, 0, " + d + "))");
      lines.add("g = torch.matmul(x, w)");
      long all = gates * hidden;
      boolean late = gates == 3 && in.attributes().flag("linear_before_reset", false);
      if (in.has(3)) {
        lines.add("b = torch.select(x3, 0, " + d + ")");
        lines.add("wb = torch.narrow(b, 0, 0, " + all + ")");
        lines.add("rb = torch.narrow(b, 0, " + all + ", " + all + ")");
      } else {
        lines.add("wb = torch.zeros([" + all + "], dtype=6)");
        lines.add("rb = wb");
      }
      if (late) {
        // The candidate's recurrent bias stands inside of the reset gate's product.
        lines.add("g = torch.add(g, wb)");
      } else {
        lines.add("g = torch.add(g, torch.add(wb, rb))");
      }
      state("h", 5, d);
      if (hasCell) {
        state("c", 6, d);
      }
      if (hasCell && in.has(7)) {
        lines.add("pi, po, pf = torch.chunk(torch.select(x7, 0, " + d + "), 3, 0)");
      }
      lines.add("ys = annotate(List[Tensor], [])");
      lines.add("for t in range(" + length + "):");
      step(reverse ? "i = " + (length - 1) + " - t" : "i = t");
      step("a = torch.select(g, 0, i)");
      List<String> functions = activations(d, directions);
      switch (gates) {
        case 4 -> lstm(functions);
        case 3 -> gru(functions, late);
        default ->
            step("n = " + applied(functions.get(0), "torch.add(a, torch.matmul(h" + d + ", r))"));
      }
      if (in.has(4)) {
        step("m = torch.unsqueeze(torch.gt(x4, i), 1)");
        step("ys = torch.add(ys, [torch.where(m, n, torch.zeros_like(n))])");
        step("h" + d + " = torch.where(m, n, h" + d + ")");
        if (hasCell) {
          step("c" + d + " = torch.where(m, k, c" + d + ")");
        }
      } else {
        step("ys = torch.add(ys, [n])");
        step("h" + d + " = n");
        if (hasCell) {
          step("c" + d + " = k");
        }
      }
      for (int i = 0; i < lines.size(); i++) {
        lines.set(i, lines.get(i).replace("h#", "h" + d).replace("c#", "c" + d));
      }
      lines.add(
          "y" + d + " = " + (reverse ? "torch.flip(torch.stack(ys), [0])" : "torch.stack(ys)"));
    }

    private void step(String line) {
      lines.add("  " + line);
    }

    private void state(String name, int input, int d) {
      String value =
          in.has(input)
              ? "torch.select(x" + input + ", " + (batchFirst ? 1 : 0) + ", " + d + ")"
              : "torch.zeros([" + batch + ", " + hidden + "], dtype=6)";
      lines.add(name + d + " = " + value);
    }

    /** ONNX's order of gates: input, output, forget, cell. */
    private void lstm(List<String> functions) {
      step("i0, o0, f0, z0 = torch.chunk(torch.add(a, torch.matmul(h#, r)), 4, 1)");
      boolean peeps = in.has(7);
      step("i1 = " + applied(functions.get(0), peeps ? "torch.add(i0, torch.mul(pi, c#))" : "i0"));
      step(
          in.attributes().flag("input_forget", false)
              ? "f1 = torch.rsub(i1, 1)"
              : "f1 = "
                  + applied(functions.get(0), peeps ? "torch.add(f0, torch.mul(pf, c#))" : "f0"));
      step("z1 = " + applied(functions.get(1), "z0"));
      step("k = torch.add(torch.mul(f1, c#), torch.mul(i1, z1))");
      step("o1 = " + applied(functions.get(0), peeps ? "torch.add(o0, torch.mul(po, k))" : "o0"));
      step("n = torch.mul(o1, " + function(functions.get(2), "k") + ")");
    }

    /** ONNX's order of gates: update, reset, hidden. */
    private void gru(List<String> functions, boolean late) {
      String two = Long.toString(2 * hidden);
      String one = Long.toString(hidden);
      step("rz = torch.narrow(r, 1, 0, " + two + ")");
      step("rh = torch.narrow(r, 1, " + two + ", " + one + ")");
      String early =
          late
              ? "torch.add(torch.matmul(h#, rz), torch.narrow(rb, 0, 0, " + two + "))"
              : "torch.matmul(h#, rz)";
      step(
          "z0, r0 = torch.chunk(torch.add(torch.narrow(a, 1, 0, "
              + two
              + "), "
              + early
              + "), 2, 1)");
      step("z1 = " + applied(functions.get(0), "z0"));
      step("r1 = " + applied(functions.get(0), "r0"));
      String recurrent =
          late
              ? "torch.mul(r1, torch.add(torch.matmul(h#, rh), torch.narrow(rb, 0, "
                  + two
                  + ", "
                  + one
                  + ")))"
              : "torch.matmul(torch.mul(r1, h#), rh)";
      step(
          "q = "
              + applied(
                  functions.get(1),
                  "torch.add(torch.narrow(a, 1, " + two + ", " + one + "), " + recurrent + ")"));
      step("n = torch.add(torch.mul(torch.rsub(z1, 1), q), torch.mul(z1, h#))");
    }

    /** The function of a gate, after the clip that the node may ask for. */
    private String applied(String function, String value) {
      float clip = in.attributes().number("clip", 0);
      String limit = number(clip);
      return function(
          function,
          clip == 0 ? value : "torch.clamp(" + value + ", -" + limit + ", " + limit + ")");
    }

    private static String function(String function, String value) {
      return function.replace("%", value);
    }

    /** One function per gate of this direction, {@code %} standing for its argument. */
    private List<String> activations(int d, int directions) {
      Optional<List<String>> given = in.attributes().texts("activations");
      int each = gates == 4 ? 3 : gates == 3 ? 2 : 1;
      List<String> absent =
          switch (gates) {
            case 4 -> List.of("Sigmoid", "Tanh", "Tanh");
            case 3 -> List.of("Sigmoid", "Tanh");
            default -> List.of("Tanh");
          };
      if (given.isEmpty() || given.get().size() < each * directions) {
        return absent.stream().map(name -> named(name, Float.NaN, Float.NaN)).toList();
      }
      // "Consumed in the order of activation functions": by those that have such a value.
      Queue<Float> alphas = numbers("activation_alpha");
      Queue<Float> betas = numbers("activation_beta");
      List<String> functions = new ArrayList<>();
      for (String name : given.get()) {
        String lower = name.toLowerCase(Locale.ROOT);
        functions.add(
            named(
                lower,
                WITH_ALPHA.contains(lower) ? next(alphas) : Float.NaN,
                WITH_BETA.contains(lower) ? next(betas) : Float.NaN));
      }
      return functions.subList(d * each, (d + 1) * each);
    }

    private Queue<Float> numbers(String attribute) {
      Queue<Float> queue = new ArrayDeque<>();
      for (float value : in.attributes().numbers(attribute).orElse(new float[0])) {
        queue.add(value);
      }
      return queue;
    }

    private static float next(Queue<Float> values) {
      return values.isEmpty() ? Float.NaN : values.remove();
    }

    private String named(String name, float alpha, float beta) {
      return switch (name.toLowerCase(Locale.ROOT)) {
        case "sigmoid" -> "torch.sigmoid(%)";
        case "tanh" -> "torch.tanh(%)";
        case "relu" -> "torch.relu(%)";
        case "softplus" -> "torch.softplus(%)";
        case "softsign" -> "torch.div(%, torch.add(torch.abs(%), 1))";
        case "affine" -> "torch.add(torch.mul(%, " + or(alpha, 1) + "), " + or(beta, 0) + ")";
        case "leakyrelu" -> "torch.leaky_relu(%, " + or(alpha, 0.01f) + ")";
        case "thresholdedrelu" -> "torch.threshold(%, " + or(alpha, 1) + ", 0)";
        case "scaledtanh" ->
            "torch.mul(torch.tanh(torch.mul(%, " + or(beta, 1) + ")), " + or(alpha, 1) + ")";
        case "hardsigmoid" ->
            "torch.clamp(torch.add(torch.mul(%, "
                + or(alpha, 0.2f)
                + "), "
                + or(beta, 0.5f)
                + "), 0, 1)";
        case "elu" -> "torch.elu(%, " + or(alpha, 1) + ")";
        default -> throw Kernels.unsupported(in, "activation '" + name + "'");
      };
    }

    private static String or(float given, float absent) {
      return number(Float.isNaN(given) ? absent : given);
    }
  }
}
