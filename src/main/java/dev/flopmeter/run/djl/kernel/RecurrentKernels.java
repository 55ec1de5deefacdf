package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.Operands;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Recurrent layers: the input's part of all gates is one product before the loop, the state's part
 * one product a step. A sequence that has ended keeps its state.
 */
final class RecurrentKernels {
  private RecurrentKernels() {}

  private static final Set<String> WITH_ALPHA =
      Set.of("affine", "leakyrelu", "thresholdedrelu", "scaledtanh", "hardsigmoid", "elu");
  private static final Set<String> WITH_BETA = Set.of("affine", "scaledtanh", "hardsigmoid");

  /**
   * An LSTM on weights of 8 bits, with the gates as their last axis; input and state are quantised
   * by their own range at every product.
   */
  private static final String QUANTIZED = "com.microsoft:DynamicQuantizeLSTM";

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("LSTM", in -> new Layer(in, 4).kernel());
    rules.put("GRU", in -> new Layer(in, 3).kernel());
    rules.put("RNN", in -> new Layer(in, 1).kernel());
    rules.put(QUANTIZED, in -> new Layer(in, 4).kernel());
  }

  /** The layer of one node, by its number of gates. */
  private static final class Layer {
    private final Operands in;
    private final int gates;
    private final boolean hasCell;
    private final long hidden;
    private final long length;
    private final long batch;
    private final boolean batchFirst;
    private final int directions;
    private final boolean isQuantized;

    Layer(Operands in, int gates) {
      this.in = in;
      this.gates = gates;
      this.hasCell = gates == 4;
      this.isQuantized = in.node().qualifiedOp().equals(QUANTIZED);
      this.hidden = in.shape(2).dim(isQuantized ? 1 : 2);
      this.batchFirst = in.attributes().flag("layout", false);
      this.length = in.shape(0).dim(batchFirst ? 1 : 0);
      this.batch = in.shape(0).dim(batchFirst ? 0 : 1);
      this.directions = (int) in.shape(1).dim(0);
    }

    Kernel kernel() {
      boolean isReverse = in.attributes().text("direction", "forward").equals("reverse");
      List<Expression> outputs = new ArrayList<>();
      List<Expression> states = new ArrayList<>();
      List<Expression> cells = new ArrayList<>();
      for (int d = 0; d < directions; d++) {
        boolean backwards = d == 1 || isReverse;
        Loop loop = loop(d, backwards);
        Expression rows = call("stack", loop.rows(0));
        outputs.add(backwards ? call("flip", rows, new long[] {0}) : rows);
        states.add(loop.state(0));
        cells.add(loop.state(hasCell ? 1 : 0));
      }
      Expression y = call("stack", list(outputs), 1);
      return Kernel.of(
              batchFirst ? call("permute", y, new long[] {2, 0, 1, 3}) : y,
              stacked(states),
              stacked(cells))
          .reportedAs("matmul");
    }

    private Expression stacked(List<Expression> states) {
      Expression all = call("stack", list(states), 0);
      return batchFirst ? call("transpose", all, 0, 1) : all;
    }

    private Loop loop(int d, boolean backwards) {
      Gates shared = gates(d);
      List<Expression> start = new ArrayList<>(List.of(start(5, d)));
      if (hasCell) {
        start.add(start(6, d));
      }
      return new Loop(
          length,
          start,
          (t, states) -> {
            Expression step = backwards ? call("sub", length - 1, t) : t;
            List<Expression> next = next(shared, call("select", shared.input(), 0, step), states);
            if (!in.has(4)) {
              return new Loop.Trip(next, List.of(next.get(0)));
            }
            Expression runs = call("unsqueeze", call("gt", input(4), step), 1);
            List<Expression> kept = new ArrayList<>();
            for (int i = 0; i < next.size(); i++) {
              kept.add(call("where", runs, next.get(i), states.get(i)));
            }
            Expression zeros = call("zeros_like", next.get(0));
            return new Loop.Trip(kept, List.of(call("where", runs, next.get(0), zeros)));
          });
    }

    /**
     * What all steps of a direction share.
     *
     * @param input the input's part of the gates of all steps
     * @param weights the state's
     * @param bias the state's bias, where it is not part of {@code input}
     * @param peepholes of the input, output and forget gates; mostly empty
     */
    private record Gates(
        Expression input,
        Expression weights,
        Expression bias,
        List<Expression> peepholes,
        List<UnaryOperator<Expression>> functions) {}

    private Gates gates(int d) {
      Expression x = batchFirst ? call("transpose", input(0), 0, 1) : input(0);
      Expression factor = isQuantized ? ConversionKernels.Bytes.of(x).real() : x;
      Expression product = call("matmul", factor, weights(1, 8, d));
      long all = gates * hidden;
      Expression zeros = call("zeros", new long[] {all}, dtype(TorchTypes.FLOAT));
      Expression inputBias = zeros;
      Expression stateBias = zeros;
      if (in.has(3)) {
        Expression both = call("select", input(3), 0, d);
        inputBias = call("narrow", both, 0, 0, all);
        stateBias = call("narrow", both, 0, all, all);
      }
      List<Expression> peepholes =
          hasCell && in.has(7)
              ? parts(3, call("chunk", call("select", input(7), 0, d), 3, 0))
              : List.of();
      return new Gates(
          call("add", product, resetsLate() ? inputBias : call("add", inputBias, stateBias)),
          weights(2, 10, d),
          stateBias,
          peepholes,
          activations(d));
    }

    /** The weights of a direction, one row an input; their zero points follow their scales. */
    private Expression weights(int input, int scales, int d) {
      Expression stored = call("select", input(input), 0, d);
      if (!isQuantized) {
        return call("t", stored);
      }
      Expression zero = call("to", call("select", input(scales + 1), 0, d), TorchTypes.FLOAT);
      Expression shifted = call("sub", call("to", stored, TorchTypes.FLOAT), zero);
      return call("mul", shifted, call("select", input(scales), 0, d));
    }

    /** The state of each sequence is quantised for itself, so that no other changes it. */
    private Expression states(Expression h) {
      return isQuantized ? ConversionKernels.Bytes.ofRows(h).real() : h;
    }

    /** Whether the reset gate also multiplies the candidate's recurrent bias. */
    private boolean resetsLate() {
      return gates == 3 && in.attributes().flag("linear_before_reset", false);
    }

    private Expression start(int input, int d) {
      return in.has(input)
          ? call("select", input(input), batchFirst ? 1 : 0, d)
          : call("zeros", new long[] {batch, hidden}, dtype(TorchTypes.FLOAT));
    }

    private List<Expression> next(Gates shared, Expression given, List<Expression> states) {
      Expression h = states.get(0);
      return switch (gates) {
        case 4 -> lstm(shared, given, h, states.get(1));
        case 3 -> List.of(gru(shared, given, h));
        default -> {
          Expression sum = call("add", given, call("matmul", h, shared.weights()));
          yield List.of(applied(shared, 0, sum));
        }
      };
    }

    /** ONNX's order of gates: input, output, forget, cell. */
    private List<Expression> lstm(Gates shared, Expression given, Expression h, Expression c) {
      Expression sums = call("add", given, call("matmul", states(h), shared.weights()));
      List<Expression> chunks = parts(4, call("chunk", sums, 4, 1));
      Expression i = applied(shared, 0, peeped(shared, 0, chunks.get(0), c));
      Expression f =
          in.attributes().flag("input_forget", false)
              ? call("rsub", i, 1)
              : applied(shared, 0, peeped(shared, 2, chunks.get(2), c));
      Expression z = applied(shared, 1, chunks.get(3));
      Expression cell = call("add", call("mul", f, c), call("mul", i, z));
      Expression o = applied(shared, 0, peeped(shared, 1, chunks.get(1), cell));
      return List.of(call("mul", o, shared.functions().get(2).apply(cell)), cell);
    }

    private static Expression peeped(Gates shared, int gate, Expression sum, Expression cell) {
      return shared.peepholes().isEmpty()
          ? sum
          : call("add", sum, call("mul", shared.peepholes().get(gate), cell));
    }

    /** ONNX's order of gates: update, reset, hidden. */
    private Expression gru(Gates shared, Expression given, Expression h) {
      long two = 2 * hidden;
      Expression weights = call("narrow", shared.weights(), 1, 0, two);
      Expression candidateWeights = call("narrow", shared.weights(), 1, two, hidden);
      Expression product = call("matmul", h, weights);
      if (resetsLate()) {
        product = call("add", product, call("narrow", shared.bias(), 0, 0, two));
      }
      List<Expression> sums =
          parts(2, call("chunk", call("add", call("narrow", given, 1, 0, two), product), 2, 1));
      Expression update = applied(shared, 0, sums.get(0));
      Expression reset = applied(shared, 0, sums.get(1));
      Expression recurrent;
      if (resetsLate()) {
        Expression bias = call("narrow", shared.bias(), 0, two, hidden);
        recurrent = call("mul", reset, call("add", call("matmul", h, candidateWeights), bias));
      } else {
        recurrent = call("matmul", call("mul", reset, h), candidateWeights);
      }
      Expression candidate =
          applied(shared, 1, call("add", call("narrow", given, 1, two, hidden), recurrent));
      Expression fresh = call("mul", call("rsub", update, 1), candidate);
      return call("add", fresh, call("mul", update, h));
    }

    /** The function of a gate, after the clip that the node may ask for. */
    private Expression applied(Gates shared, int function, Expression value) {
      float clip = in.attributes().number("clip", 0);
      return shared
          .functions()
          .get(function)
          .apply(clip == 0 ? value : call("clamp", value, -clip, clip));
    }

    /** One function per gate of a direction. */
    private List<UnaryOperator<Expression>> activations(int d) {
      Optional<List<String>> given = in.attributes().texts("activations");
      List<String> absent =
          switch (gates) {
            case 4 -> List.of("sigmoid", "tanh", "tanh");
            case 3 -> List.of("sigmoid", "tanh");
            default -> List.of("tanh");
          };
      int each = absent.size();
      if (given.isEmpty() || given.get().size() < each * directions) {
        return absent.stream().map(name -> function(name, Float.NaN, Float.NaN)).toList();
      }
      // "Consumed in the order of activation functions": by those that have such a value.
      Queue<Float> alphas = numbers("activation_alpha");
      Queue<Float> betas = numbers("activation_beta");
      List<UnaryOperator<Expression>> functions = new ArrayList<>();
      for (String name : given.get()) {
        String lower = name.toLowerCase(Locale.ROOT);
        functions.add(
            function(
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

    private UnaryOperator<Expression> function(String name, float alpha, float beta) {
      return switch (name) {
        case "sigmoid" -> x -> call("sigmoid", x);
        case "tanh" -> x -> call("tanh", x);
        case "relu" -> x -> call("relu", x);
        case "softplus" -> x -> call("softplus", x);
        case "softsign" -> UnaryKernels::softsign;
        case "affine" -> x -> call("add", call("mul", x, or(alpha, 1)), or(beta, 0));
        case "leakyrelu" -> x -> call("leaky_relu", x, or(alpha, 0.01f));
        case "thresholdedrelu" -> x -> call("threshold", x, or(alpha, 1), 0);
        case "scaledtanh" ->
            x -> call("mul", call("tanh", call("mul", x, or(beta, 1))), or(alpha, 1));
        case "hardsigmoid" -> x -> UnaryKernels.hardSigmoid(x, or(alpha, 0.2f), or(beta, 0.5f));
        case "elu" -> x -> call("elu", x, or(alpha, 1));
        default -> throw Kernels.unsupported(in, "activation '" + name + "'");
      };
    }

    private static float or(float given, float absent) {
      return Float.isNaN(given) ? absent : given;
    }
  }
}
