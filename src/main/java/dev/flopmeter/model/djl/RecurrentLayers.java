package dev.flopmeter.model.djl;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stack of recurrent layers, one ONNX operator each.
 *
 * <p>DJL keeps four arrays a layer and direction: weights of the input [gates x hidden, input], of
 * the state [gates x hidden, hidden], and a bias [gates x hidden] of each. ONNX joins the
 * directions, and both biases, into one tensor each, with the same number of values.
 *
 * @param gates gates of a cell: 1 for RNN, 3 for GRU, 4 for LSTM
 */
record RecurrentLayers(
    String op,
    int gates,
    Attributes attributes,
    int layers,
    boolean biases,
    boolean bidirectional,
    boolean batchFirst) {

  /** The sequence, then the last state (and cell) of each layer and direction. */
  List<TracedArray> run(TracedArray input, List<TracedArray> weights, List<TracedArray> initial) {
    int directions = bidirectional ? 2 : 1;
    int arrays = directions * (biases ? 4 : 2);
    TracedArray x = batchFirst ? input.permuted(1, 0, 2) : input;
    List<List<TracedArray>> last = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      List<TracedArray> ours = weights.subList(layer * arrays, (layer + 1) * arrays);
      List<TracedArray> results = layer(x, layer, directions, ours, initial);
      TracedArray sequence = results.get(0);
      long time = sequence.dims().dim(0);
      long batch = sequence.dims().dim(2);
      long hidden = sequence.dims().dim(3);
      x = sequence.permuted(0, 2, 1, 3).reshaped(time, batch, directions * hidden);
      last.add(results.subList(1, results.size()));
    }
    List<TracedArray> outputs = new ArrayList<>();
    outputs.add(batchFirst ? x.permuted(1, 0, 2) : x);
    for (int state = 0; state < initial.size(); state++) {
      int index = state;
      List<TracedArray> perLayer = last.stream().map(states -> states.get(index)).toList();
      outputs.add(layers == 1 ? perLayer.get(0) : LayerCalls.concat(perLayer, 0));
    }
    return outputs;
  }

  private List<TracedArray> layer(
      TracedArray x,
      int layer,
      int directions,
      List<TracedArray> weights,
      List<TracedArray> initial) {
    // Weights come first, then biases, for any number of directions.
    List<TracedArray> matrices = weights.stream().filter(array -> array.rank() == 2).toList();
    List<TracedArray> vectors = weights.stream().filter(array -> array.rank() == 1).toList();
    long hidden = matrices.get(1).dims().dim(1);
    long features = matrices.get(0).dims().dim(1);
    TracedArray w = matrices.get(0).storedAs(Shape.of(directions, gates * hidden, features));
    TracedArray r = matrices.get(1).storedAs(Shape.of(directions, gates * hidden, hidden));
    TracedArray b =
        vectors.isEmpty()
            ? null
            : vectors.get(0).storedAs(Shape.of(directions, 2L * gates * hidden));
    List<@Nullable TracedArray> operands = new ArrayList<>(List.of(x, w, r));
    operands.add(b);
    operands.add(null);
    initial.forEach(state -> operands.add(ofLayer(state, layer, directions)));
    Attributes all =
        attributes
            .with("hidden_size", hidden)
            .with("direction", bidirectional ? "bidirectional" : "forward");
    return x.tracing().applyMany(op, all, 1 + initial.size(), operands.toArray(TracedArray[]::new));
  }

  /** The layer's part of an initial state [layers x directions, batch, hidden]; none for zeros. */
  private @Nullable TracedArray ofLayer(TracedArray state, int layer, int directions) {
    boolean isZero =
        state
            .tracing()
            .known(state.value())
            .filter(known -> known instanceof FilledTensor && known.doubleAt(0) == 0)
            .isPresent();
    if (isZero) {
      return null;
    }
    return layers == 1
        ? state
        : state.sliced(0, (long) layer * directions, (layer + 1L) * directions);
  }
}
