package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Operands;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.UnaryOperator;

/**
 * Recurrent layers: the input's part of all gates is one product before the loop, the state's part
 * one product a step. A sequence that has ended keeps its state.
 */
final class RecurrentKernels {
  /** The operators that layers can name as functions of their gates, in any case. */
  private static final List<String> GATES =
      List.of(
          "Affine",
          "Elu",
          "HardSigmoid",
          "LeakyRelu",
          "Relu",
          "ScaledTanh",
          "Sigmoid",
          "Softplus",
          "Softsign",
          "Tanh",
          "ThresholdedRelu");

  private RecurrentKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("LSTM", in -> kernel(in, 4));
    rules.put("GRU", in -> kernel(in, 3));
    rules.put("RNN", in -> kernel(in, 1));
  }

  private static Kernel kernel(Operands in, int gates) {
    boolean isReverse = in.attributes().text("direction", "forward").equals("reverse");
    boolean batchFirst = in.attributes().flag("layout", false);
    List<Expression> outputs = new ArrayList<>();
    List<Expression> states = new ArrayList<>();
    List<Expression> cells = new ArrayList<>();
    for (int d = 0; d < in.shape(1).dim(0); d++) {
      boolean backwards = d == 1 || isReverse;
      Loop loop = new Direction(in, gates, d).loop(backwards);
      Expression rows = call("stack", loop.rows(0));
      outputs.add(backwards ? call("flip", rows, new long[] {0}) : rows);
      states.add(loop.state(0));
      cells.add(loop.state(gates == 4 ? 1 : 0));
    }
    Expression y = call("stack", list(outputs), 1);
    int batch = batchFirst ? 0 : 1;
    return Kernel.of(
            batchFirst ? y.permuted(2, 0, 1, 3) : y,
            call("stack", list(states), 1 - batch),
            call("stack", list(cells), 1 - batch))
        .reportedAs("matmul");
  }

  /** One direction of a layer with so many gates, and what all its steps share. */
  private static final class Direction {
    private final Operands in;
    private final int gates;
    private final int number;
    private final long hidden;
    private final boolean batchFirst;

    /** The input's part of the gates of all steps. */
    private final Expression given;

    /** The state's weights. */
    private final Expression weights;

    /** The state's bias, where it is not part of {@code given}. */
    private final Expression bias;

    /** Of the input, output and forget gates; mostly empty. */
    private final List<Expression> peepholes;

    private final List<UnaryOperator<Expression>> functions;

    Direction(Operands in, int gates, int number) {
      this.in = in;
      this.gates = gates;
      this.number = number;
      hidden = in.shape(2).dim(2);
      batchFirst = in.attributes().flag("layout", false);
      long all = gates * hidden;
      Expression biases =
          in.has(3)
              ? input(3).select(0, number)
              : call("zeros", new long[] {2 * all}, dtype(ScalarTypes.FLOAT));
      Expression inputBias = biases.narrow(0, 0, all);
      bias = biases.narrow(0, all, all);
      Expression x = batchFirst ? input(0).transposed(0, 1) : input(0);
      given = x.product(weights(1)).plus(resetsLate() ? inputBias : inputBias.plus(bias));
      weights = weights(2);
      peepholes =
          gates == 4 && in.has(7)
              ? parts(3, call("chunk", input(7).select(0, number), 3, 0))
              : List.of();
      functions = functions();
    }

    /** The weights of an input, one row for each of its elements. */
    private Expression weights(int input) {
      return call("t", input(input).select(0, number));
    }

    /** Whether the reset gate also multiplies the candidate's recurrent bias. */
    private boolean resetsLate() {
      return gates == 3 && in.attributes().flag("linear_before_reset", false);
    }

    Loop loop(boolean backwards) {
      long length = in.shape(0).dim(batchFirst ? 1 : 0);
      List<Expression> start = gates == 4 ? List.of(start(5), start(6)) : List.of(start(5));
      return new Loop(
          length,
          start,
          (t, states) -> {
            Expression step = backwards ? call("sub", length - 1, t) : t;
            List<Expression> next = next(given.select(0, step), states);
            if (!in.has(4)) {
              return new Loop.Trip(next, List.of(next.get(0)));
            }
            Expression runs = call("gt", input(4), step).unsqueezed(1);
            List<Expression> kept = new ArrayList<>();
            for (int i = 0; i < next.size(); i++) {
              kept.add(call("where", runs, next.get(i), states.get(i)));
            }
            Expression zeros = call("zeros_like", next.get(0));
            return new Loop.Trip(kept, List.of(call("where", runs, next.get(0), zeros)));
          });
    }

    private Expression start(int input) {
      long batch = in.shape(0).dim(batchFirst ? 0 : 1);
      return in.has(input)
          ? input(input).select(batchFirst ? 1 : 0, number)
          : call("zeros", new long[] {batch, hidden}, dtype(ScalarTypes.FLOAT));
    }

    private List<Expression> next(Expression now, List<Expression> states) {
      Expression h = states.get(0);
      return switch (gates) {
        case 4 -> lstm(now, h, states.get(1));
        case 3 -> List.of(gru(now, h));
        default -> List.of(applied(0, now.plus(h.product(weights))));
      };
    }

    /** ONNX's order of gates: input, output, forget, cell. */
    private List<Expression> lstm(Expression now, Expression h, Expression c) {
      List<Expression> sums = parts(4, call("chunk", now.plus(h.product(weights)), 4, 1));
      Expression i = applied(0, peeped(0, sums.get(0), c));
      Expression f =
          in.attributes().flag("input_forget", false)
              ? call("rsub", i, 1)
              : applied(0, peeped(2, sums.get(2), c));
      Expression cell = f.times(c).plus(i.times(applied(1, sums.get(3))));
      Expression o = applied(0, peeped(1, sums.get(1), cell));
      return List.of(o.times(functions.get(2).apply(cell)), cell);
    }

    private Expression peeped(int gate, Expression sum, Expression cell) {
      return peepholes.isEmpty() ? sum : sum.plus(peepholes.get(gate).times(cell));
    }

    /** ONNX's order of gates: update, reset, hidden. */
    private Expression gru(Expression now, Expression h) {
      long two = 2 * hidden;
      Expression candidateWeights = weights.narrow(1, two, hidden);
      Expression product = h.product(weights.narrow(1, 0, two));
      if (resetsLate()) {
        product = product.plus(bias.narrow(0, 0, two));
      }
      List<Expression> sums = parts(2, call("chunk", now.narrow(1, 0, two).plus(product), 2, 1));
      Expression update = applied(0, sums.get(0));
      Expression reset = applied(0, sums.get(1));
      Expression recurrent =
          resetsLate()
              ? reset.times(h.product(candidateWeights).plus(bias.narrow(0, two, hidden)))
              : reset.times(h).product(candidateWeights);
      Expression candidate = applied(1, now.narrow(1, two, hidden).plus(recurrent));
      return call("rsub", update, 1).times(candidate).plus(update.times(h));
    }

    /** The function of a gate, after the clip that the node may ask for. */
    private Expression applied(int function, Expression value) {
      float clip = in.attributes().number("clip", 0);
      return functions.get(function).apply(clip == 0 ? value : call("clamp", value, -clip, clip));
    }

    /** One function for each gate that has its own. */
    private List<UnaryOperator<Expression>> functions() {
      List<String> names =
          switch (gates) {
            case 4 -> List.of("sigmoid", "tanh", "tanh");
            case 3 -> List.of("sigmoid", "tanh");
            default -> List.of("tanh");
          };
      int each = names.size();
      int from = 0;
      List<String> given = in.attributes().texts("activations").orElse(names);
      if (given.size() >= each * in.shape(1).dim(0)) {
        names = given;
        from = number * each;
      }
      // "Consumed in the order of activation functions": by those that have such a value.
      Queue<Float> alphas = numbers("activation_alpha");
      Queue<Float> betas = numbers("activation_beta");
      List<UnaryOperator<Expression>> functions = new ArrayList<>();
      for (String name : names) {
        String op =
            GATES.stream()
                .filter(name::equalsIgnoreCase)
                .findFirst()
                .orElseThrow(() -> Kernels.unsupported(in, "activation '" + name + "'"));
        Map<String, Object> own = new HashMap<>();
        take("alpha", alphas, op, own);
        take("beta", betas, op, own);
        functions.add(x -> new KernelEquations(in, Attributes.of(own)).value(op, x));
      }
      return functions.subList(from, from + each);
    }

    private Queue<Float> numbers(String attribute) {
      Queue<Float> queue = new ArrayDeque<>();
      for (float value : in.attributes().numbers(attribute).orElse(new float[0])) {
        queue.add(value);
      }
      return queue;
    }

    private static void take(String name, Queue<Float> values, String op, Map<String, Object> own) {
      if (KernelEquations.attributes(op).contains(name) && !values.isEmpty()) {
        own.put(name, values.remove());
      }
    }
  }
}
