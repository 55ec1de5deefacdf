package dev.flopmeter.model.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.basicmodelzoo.basic.Mlp;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataDesc;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.Prelu;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.ParameterStore;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class DjlGraphsTest {

  private static List<String> ops(Graph graph) {
    return graph.nodes().stream().map(Node::op).toList();
  }

  private static Block lambda(UnaryOperator<NDArray> function) {
    return new LambdaBlock(list -> new NDList(function.apply(list.singletonOrThrow())));
  }

  private static String output(Graph graph) {
    return graph.requireType(graph.outputs().get(0)).shape().toString();
  }

  @Test
  void layersAreNamedByTheirPlaceInTheBlock() {
    Block block =
        new SequentialBlock()
            .add(Conv2d.builder().setFilters(8).setKernelShape(new Shape(3, 3)).build())
            .add(BatchNorm.builder().build())
            .add(Activation.reluBlock())
            .add(Dropout.builder().build());
    Graph graph = DjlGraphs.trace(block, new Shape(2, 3, 10, 10));
    assertThat(graph.nodes().stream().map(Node::name))
        .containsExactly("01Conv2d", "02BatchNorm", "relu_1");
    assertThat(graph.constants()).containsKeys("01Conv2d.weight", "02BatchNorm.gamma");
    assertThat(output(graph)).isEqualTo("2x8x8x8");
  }

  @Test
  void convolutionsOfOneAndThreeAxesAndTransposedOnes() {
    Block one = Conv1d.builder().setFilters(4).setKernelShape(new Shape(3)).build();
    assertThat(Flopmeter.count(one, new Shape(1, 2, 10)).totals().macs()).isEqualTo(8 * 4 * 2 * 3);
    Block three = Conv3d.builder().setFilters(4).setKernelShape(new Shape(3, 3, 3)).build();
    assertThat(Flopmeter.count(three, new Shape(1, 2, 5, 5, 5)).totals().macs())
        .isEqualTo(27 * 4 * 2 * 27);
    Block transposed =
        Conv2dTranspose.builder()
            .setFilters(8)
            .setKernelShape(new Shape(4, 4))
            .optStride(new Shape(2, 2))
            .optPadding(new Shape(1, 1))
            .build();
    Counts counts = Flopmeter.count(transposed, new Shape(1, 16, 10, 10));
    assertThat(counts.totals().macs())
        .as("each input, filter, kernel")
        .isEqualTo(100 * 16 * 8 * 16);
    assertThat(counts.totals().params()).isEqualTo(16 * 8 * 16 + 8);
    assertThat(counts.layers().get(0).outputShapes()).hasToString("[1x8x20x20]");
  }

  @Test
  void aLinearLayerOnSequencesTurnsItsWeightsBeforehand() {
    Block linear = Linear.builder().setUnits(5).build();
    Graph graph = DjlGraphs.trace(linear, new Shape(2, 7, 3));
    assertThat(ops(graph)).containsExactly("MatMul", "Add");
    assertThat(Flopmeter.count(graph).totals().params()).isEqualTo(4 * 5);
    assertThat(output(graph)).isEqualTo("2x7x5");
  }

  @Test
  void normalisationsAndSlopes() {
    Block block = new SequentialBlock().add(LayerNorm.builder().build()).add(new Prelu());
    Graph graph = DjlGraphs.trace(block, new Shape(2, 7, 6));
    assertThat(ops(graph)).containsExactly("LayerNormalization", "PRelu");
    Block last = BatchNorm.builder().optAxis(2).build();
    assertThat(ops(DjlGraphs.trace(last, new Shape(2, 7, 6))))
        .containsExactly("Transpose", "BatchNormalization", "Transpose");
  }

  @Test
  void recurrentLayers() {
    long time = 16;
    long batch = 4;
    Shape input = new Shape(batch, time, 32);
    Block lstm = LSTM.builder().setStateSize(64).setNumLayers(2).optBidirectional(true).build();
    Counts counts = Flopmeter.count(lstm, input);
    long first = 2 * 4 * 64 * (32 + 64);
    long second = 2 * 4 * 64 * (128 + 64);
    assertThat(counts.totals().macs()).isEqualTo(time * batch * (first + second));
    long biases = 2 * 2 * (2 * 4 * 64);
    assertThat(counts.totals().params()).isEqualTo(first + second + biases);
    Block gru = GRU.builder().setStateSize(64).setNumLayers(1).optBatchFirst(false).build();
    assertThat(Flopmeter.count(gru, input).totals().macs())
        .isEqualTo(time * batch * 3 * 64 * (32 + 64));
    Block rnn = RNN.builder().setStateSize(64).setNumLayers(1).build();
    assertThat(Flopmeter.count(rnn, input).totals().macs())
        .isEqualTo(time * batch * 64 * (32 + 64));
  }

  @Test
  void attention() {
    Block block =
        ScaledDotProductAttentionBlock.builder().setEmbeddingSize(64).setHeadCount(4).build();
    long tokens = 16;
    assertThat(Flopmeter.count(block, new Shape(2, tokens, 64)).totals().macs())
        .isEqualTo(2 * (4 * tokens * 64 * 64 + 2 * tokens * tokens * 64));
  }

  @Test
  void leavesABlockAsItWas() {
    Block block = new Mlp(8, 2, new int[] {4});
    DjlGraphs.trace(block, new Shape(1, 8));
    assertThat(block.isInitialized()).isFalse();
    assertThat(block.getParameters().values()).noneMatch(parameter -> parameter.isInitialized());
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
      NDArray input = manager.ones(new Shape(3, 8));
      NDList before = block.forward(new ParameterStore(manager, false), new NDList(input), false);
      assertThat(Flopmeter.count(block, new Shape(5, 8)).totals().macs())
          .isEqualTo(5 * (8 * 4 + 4 * 2));
      NDList after = block.forward(new ParameterStore(manager, false), new NDList(input), false);
      assertThat(after.head().toFloatArray()).containsExactly(before.head().toFloatArray());
    }
  }

  @Test
  void halfPrecisionInputsGiveHalfPrecisionWeights() {
    Graph graph =
        DjlGraphs.trace(
            Linear.builder().setUnits(5).build(), new DataDesc(new Shape(2, 3), DataType.FLOAT16));
    assertThat(graph.requireType("weight")).hasToString("float16[5x3]");
  }

  @Test
  void namesAMethodItDoesNotKnow() {
    assertThatThrownBy(() -> DjlGraphs.trace(lambda(x -> x.fft(3)), new Shape(1, 3)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("NDArray.fft");
    assertThatThrownBy(() -> DjlGraphs.trace(lambda(x -> x.nonzero()), new Shape(1, 3)))
        .hasMessageContaining("NDArray.nonzero");
    assertThatThrownBy(
            () ->
                DjlGraphs.trace(
                    lambda(x -> x.getNDArrayInternal().resize(2, 2, 1)), new Shape(4, 4, 3)))
        .hasMessageContaining("NDArrayEx.resize");
    assertThatThrownBy(() -> DjlGraphs.trace(lambda(x -> x.getManager().eye(3)), new Shape(1, 3)))
        .hasMessageContaining("NDManager.eye");
  }

  @Test
  void saysThatNumbersAreNotThere() {
    assertThatThrownBy(() -> DjlGraphs.trace(lambda(x -> x.mul(x.getFloat(0, 0))), new Shape(1, 3)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("reads the numbers of");
  }

  @Test
  void numbersThatDoNotDependOnTheInputAreThere() {
    Graph graph =
        DjlGraphs.trace(
            lambda(x -> x.mul(x.getManager().create(new float[] {2, 3}).add(1).getFloat(0))),
            new Shape(1, 3));
    assertThat(graph.nodes()).hasSize(1);
  }

  @Test
  void saysWhichLayerCannotTakeItsInput() {
    Block block = new SequentialBlock().add(Linear.builder().setUnits(5).build());
    DjlGraphs.trace(block, new Shape(1, 3));
    Block conv = Conv2d.builder().setFilters(8).setKernelShape(new Shape(3, 3)).build();
    assertThatThrownBy(() -> DjlGraphs.trace(new SequentialBlock().add(conv), new Shape(1, 3, 224)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("01Conv2d")
        .hasMessageContaining("(1, 3, 224)");
    assertThatThrownBy(() -> DjlGraphs.trace(conv, new Shape(1, 3, 2, 2)))
        .hasMessageContaining("does not fit into 2 elements");
  }

  @Test
  void openShapesAndNoShapesAreRefused() {
    Block block = Linear.builder().setUnits(5).build();
    assertThatThrownBy(() -> DjlGraphs.trace(block, new Shape(-1, 3)))
        .hasMessageContaining("specify every dimension");
    assertThatThrownBy(() -> DjlGraphs.trace(block, new Shape[0]))
        .hasMessageContaining("at least one input");
  }
}
