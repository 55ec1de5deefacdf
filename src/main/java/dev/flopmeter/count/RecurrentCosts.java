package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;

/**
 * RNN, GRU and LSTM: T steps of a batch of N, in D directions, from I inputs to H hidden values.
 * Where {@code sequence_lens} is constant, T N is the sum of these lengths: steps of padding are
 * not run. An activation counts as its operator does (Sigmoid 4, Tanh 1, Relu 1).
 */
final class RecurrentCosts {
  private static final int SEQUENCE_LENGTHS = 4;

  private RecurrentCosts() {}

  static void addTo(CostTable table) {
    table.add(
        "RNN",
        "MACs T N D H (I + H), T N the sum of constant sequence_lens; per T N D H: 1 to join, +"
            + " 2 for biases, + 1 for tanh",
        in -> recurrent(in, 1, 1 + 1, 2));
    table.add(
        "GRU",
        "MACs 3 T N D H (I + H), T N as for RNN; per T N D H: 3 to join, + 6 for biases, + 9"
            + " for two sigmoids and tanh, + 5 for the gates",
        in -> recurrent(in, 3, 3 + 9 + 5, 2));
    table.add(
        "LSTM",
        "MACs 4 T N D H (I + H), T N as for RNN; per T N D H: 4 to join, + 8 for biases, + 14"
            + " for three sigmoids and two tanh, + 4 for the gates, + 6 for peepholes",
        in -> recurrent(in, 4, 4 + 14 + 4 + (in.has(7) ? 6 : 0), 2));
    table.add(
        "com.microsoft:DynamicQuantizeLSTM",
        "as LSTM; + 5 x in and 5 T N D H to quantise x and the states, + 8 T N D H to scale",
        in ->
            recurrent(in, 4, 4 + 14 + 4 + 5 + 8 + (in.has(7) ? 6 : 0), 1)
                .plus(Work.flops(PerElement.ofInput(in, 5))));
  }

  /** Steps of all sequences of the batch together. */
  private static long steps(Operands in) {
    Shape x = in.shape(0);
    long time = x.dim(in.attributes().flag("layout", false) ? 1 : 0);
    return in.value(SEQUENCE_LENGTHS)
        .map(lengths -> sum(lengths, time))
        .orElseGet(() -> Sizes.multiply(x.dim(0), x.dim(1)));
  }

  /**
   * @param hiddenAxis of the recurrence weights
   */
  private static Work recurrent(Operands in, int gates, int others, int hiddenAxis) {
    Shape x = in.shape(0);
    Shape recurrence = in.shape(2);
    long hidden = recurrence.dim(hiddenAxis);
    long cells = Sizes.product(steps(in), recurrence.dim(0), hidden);
    long perCell = Sizes.add(x.dim(2), hidden);
    long biases = in.has(3) ? 2L * gates : 0;
    return new Work(Sizes.product(gates, cells, perCell), Sizes.multiply(cells, others + biases));
  }

  /** The steps of all sequences of a batch together, none of them longer than {@code longest}. */
  static long sum(Tensor lengths, long longest) {
    long sum = 0;
    for (long i = 0; i < lengths.elements(); i++) {
      sum = Sizes.add(sum, Math.min(longest, Math.max(0, lengths.longAt(i))));
    }
    return sum;
  }
}
