package dev.flopmeter.model.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.count.Counter;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.UnavailableTensor;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A written graph is read back as the same graph. */
class OnnxWriterTest {
  @TempDir Path folder;

  private Graph again(Graph graph) throws IOException {
    Path file = folder.resolve("written.onnx");
    OnnxWriter.write(graph, file);
    return OnnxModel.read(file).bind(Bindings.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1"})
  void costsTheSame(String name) throws IOException {
    Graph graph = Zoo.get(name).bind(Bindings.ofBatch(2));
    Graph read = again(graph);
    assertThat(read.nodes()).isEqualTo(graph.nodes());
    assertThat(read.types()).isEqualTo(graph.types());
    assertThat(Counter.standard().count(read).totals())
        .isEqualTo(Counter.standard().count(graph).totals());
  }

  @Test
  void keepsEveryKindOfAttribute() throws IOException {
    GraphBuilder graph = new GraphBuilder("attributes", 20);
    graph.input("x", TensorType.of(DataType.FLOAT, 2, 3));
    graph.constant("texts", Tensor.ofLongs(7, -1));
    Attributes all =
        Attributes.of(
            "number",
            0.5,
            "integer",
            -3,
            "text",
            "\u00e9",
            "integers",
            new long[] {1, -2},
            "numbers",
            List.of(1.5f, -2f),
            "texts",
            List.of("a", ""),
            "none",
            List.of(),
            "tensor",
            Tensor.ofFloats(Shape.of(2), 1, 2));
    graph.add("Identity", "y", all, "x");
    Attributes read = again(graph.build(List.of("y"))).nodes().get(0).attributes();
    assertThat(read.tensor("tensor").orElseThrow().toFloats()).containsExactly(1, 2);
    for (String name : List.of("number", "integer", "text", "integers", "numbers", "texts")) {
      assertThat(read.asMap().get(name)).isEqualTo(all.asMap().get(name));
    }
  }

  @Test
  void weightsBeyondTheLimitGoToAFileBesideIt() throws IOException {
    Graph graph = Zoo.get("squeezenet1_1").bind(Bindings.NONE);
    Path file = folder.resolve("large.onnx");
    OnnxWriter.write(graph, file, folder.resolve("large.onnx.data"), 1000);
    assertThat(Files.size(file)).isLessThan(100_000);
    Graph read = OnnxModel.read(file).bind(Bindings.NONE);
    graph
        .constants()
        .forEach(
            (name, tensor) ->
                assertThat(read.constants().get(name).data()).as(name).isEqualTo(tensor.data()));
  }

  @Test
  void unknownWeightsCannotBeWritten() {
    GraphBuilder graph = new GraphBuilder("missing", 20);
    graph.constant(
        "w", new UnavailableTensor(TensorType.of(DataType.FLOAT, 2), "w.bin", "w.bin is missing"));
    graph.input("x", TensorType.of(DataType.FLOAT, 2));
    graph.add("Add", "y", Attributes.NONE, "x", "w");
    Graph built = graph.build(List.of("y"));
    assertThatThrownBy(() -> again(built))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("w.bin is missing");
  }
}
