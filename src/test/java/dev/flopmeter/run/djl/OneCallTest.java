package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.RunOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** An undisturbed pass is one call of PyTorch, and computes the same as the steps. */
class OneCallTest {
  private static PtNDManager manager;
  private static TorchMemory memory;

  @BeforeAll
  static void open() {
    manager = TorchEngine.start();
    memory = new TorchMemory(manager);
  }

  @AfterAll
  static void close() {
    memory.close();
    manager.close();
  }

  static Stream<Arguments> graphs() {
    return Stream.of(
        Arguments.of("residual sums that overwrite", Zoo.get("resnet18").bind(Bindings.NONE)),
        Arguments.of("parallel branches", Zoo.get("squeezenet1_1").bind(Bindings.NONE)),
        Arguments.of("an output that nothing reads", recurrent()),
        Arguments.of("inputs, constants and one value twice as outputs", shared()),
        Arguments.of("no constants", plain()));
  }

  /** Of an LSTM's three outputs, only the last state is read. */
  private static Graph recurrent() {
    GraphBuilder graph = new GraphBuilder("recurrent", 20);
    graph.input("x", TensorType.of(DataType.FLOAT, 3, 1, 4));
    graph.constant("w", floats(1, 8, 4));
    graph.constant("r", floats(1, 8, 2));
    graph.add(
        new Node(
            "lstm",
            "",
            "LSTM",
            20,
            List.of("x", "w", "r"),
            List.of("", "h"),
            Attributes.of("hidden_size", 2),
            Map.of()));
    graph.add("Relu", "y", Attributes.NONE, "h");
    return graph.build(List.of("y"));
  }

  private static Graph shared() {
    GraphBuilder graph = new GraphBuilder("shared", 20);
    graph.input("x", TensorType.of(DataType.FLOAT, 2));
    graph.input("unused", TensorType.of(DataType.FLOAT, 2));
    graph.constant("c", floats(2));
    graph.add("Mul", "y", Attributes.NONE, "x", "c");
    graph.add("Neg", "z", Attributes.NONE, "y");
    return graph.build(List.of("y", "x", "c", "z", "y"));
  }

  private static Graph plain() {
    GraphBuilder graph = new GraphBuilder("plain", 20);
    graph.input("x", TensorType.of(DataType.FLOAT, 2, 3));
    graph.add("Transpose", "t", Attributes.NONE, "x");
    graph.add("MatMul", "y", Attributes.NONE, "t", "x");
    return graph.build(List.of("y"));
  }

  private static Tensor floats(long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 7 - 3) / 5f;
    }
    return Tensor.ofFloats(shape, values);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("graphs")
  void oneCallGivesWhatTheStepsGive(String name, Graph graph) {
    Map<String, Tensor> inputs = RandomInputs.of(graph, 1);
    IValue[] fed =
        graph.inputs().stream().map(inputs::get).map(memory::place).toArray(IValue[]::new);
    try (CompiledGraph compiled = GraphCompiler.of(graph, RunOptions.DEFAULT, memory)) {
      List<Tensor> steps = fetched(compiled.run(fed, new long[compiled.steps().size()]));
      // PyTorch compiles again after its first runs.
      for (int pass = 0; pass < 4; pass++) {
        List<Tensor> whole = fetched(compiled.run(fed));
        for (int i = 0; i < steps.size(); i++) {
          assertThat(whole.get(i).type()).isEqualTo(steps.get(i).type());
          assertThat(whole.get(i).toFloats()).containsExactly(steps.get(i).toFloats());
        }
      }
      assertThat(compiled.isOneCall()).isTrue();
      assertThat(compiled.notes()).isEmpty();
    } finally {
      Arrays.stream(fed).forEach(IValue::close);
    }
  }

  private static List<Tensor> fetched(IValue[] values) {
    List<Tensor> tensors = Arrays.stream(values).map(memory::fetch).toList();
    Arrays.stream(values).forEach(IValue::close);
    return tensors;
  }

  /** The index is known only when it is read. */
  @Test
  void aFailureNamesItsNodeAndTheNextPassIsOneCallAgain() {
    GraphBuilder builder = new GraphBuilder("failing", 20);
    builder.input("x", TensorType.of(DataType.FLOAT, 3));
    builder.input("i", TensorType.of(DataType.INT64, 1));
    builder.add("Neg", "n", Attributes.NONE, "x");
    builder.add("Gather", "y", Attributes.NONE, "n", "i");
    Graph graph = builder.build(List.of("y"));
    String gather = graph.nodes().get(1).name();
    try (IValue x = memory.place(Tensor.ofFloats(Shape.of(3), 1, 2, 3));
        IValue beyond = memory.place(Tensor.ofLongs(7));
        IValue inside = memory.place(Tensor.ofLongs(2));
        CompiledGraph compiled = GraphCompiler.of(graph, RunOptions.DEFAULT, memory)) {
      assertThatThrownBy(() -> compiled.run(new IValue[] {x, beyond}))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("node '" + gather + "' (Gather)");
      assertThat(fetched(compiled.run(new IValue[] {x, inside})).get(0).toFloats())
          .containsExactly(-3);
      assertThat(compiled.isOneCall()).isTrue();
    }
  }
}
