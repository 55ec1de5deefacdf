package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.convention.Conventions;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One computation, as the versions of its operators express it: same types, same count. */
class OperatorVersionsTest {
  private static final TensorType PICTURE = TensorType.of(DataType.FLOAT, 2, 3, 5, 7);
  private static final TensorType MATRIX = TensorType.of(DataType.FLOAT, 4, 6);

  /** A computation, the type of its first output, and the nodes that express it. */
  private record Computation(String name, TensorType result, List<Form> forms) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** One node; operands are types (fed), tensors (constant), or "" (omitted). */
  private record Form(
      int opset, String op, int outputs, Attributes attributes, List<Object> operands) {}

  private static Form form(int opset, String op, Attributes attributes, Object... operands) {
    return new Form(opset, op, 1, attributes, List.of(operands));
  }

  private static Form giving(int outputs, Form form) {
    return new Form(form.opset, form.op, outputs, form.attributes, form.operands);
  }

  private static Computation same(String name, TensorType result, Form... forms) {
    return new Computation(name, result, List.of(forms));
  }

  private static Attributes with(Object... namesAndValues) {
    return Attributes.of(namesAndValues);
  }

  private static long[] longs(long... values) {
    return values;
  }

  private static Tensor floats(double... values) {
    return Tensor.ofFloats(Shape.of(values.length), toFloats(values));
  }

  private static Tensor number(float value) {
    return Tensor.ofFloats(Shape.SCALAR, value);
  }

  private static float[] toFloats(double... values) {
    float[] floats = new float[values.length];
    IntStream.range(0, values.length).forEach(i -> floats[i] = (float) values[i]);
    return floats;
  }

  private static TensorType type(long... dims) {
    return TensorType.of(DataType.FLOAT, dims);
  }

  static Stream<Computation> computations() {
    Attributes none = Attributes.NONE;
    List<Float> scales = List.of(1f, 1f, 2f, 3f);
    Tensor scaling = floats(1, 1, 2, 3);
    Tensor[] statistics = {floats(1, 1, 1), floats(0, 0, 0), floats(0, 0, 0), floats(1, 1, 1)};
    Tensor perChannel = Tensor.ofFloats(Shape.of(3, 1, 1), 1, 2, 3);
    return Stream.of(
        same(
            "nearest neighbours",
            type(2, 3, 10, 21),
            form(1, "Upsample", with("height_scale", 2f, "width_scale", 3f), PICTURE),
            form(7, "Upsample", with("scales", scales), PICTURE),
            form(9, "Upsample", none, PICTURE, scaling),
            form(10, "Resize", none, PICTURE, scaling),
            form(11, "Resize", none, PICTURE, floats(), scaling),
            form(13, "Resize", none, PICTURE, "", "", Tensor.ofLongs(2, 3, 10, 21)),
            form(18, "Resize", with("axes", longs(-1, 2)), PICTURE, "", floats(3, 2))),
        same(
            "linear interpolation",
            type(2, 3, 10, 21),
            form(
                1,
                "Upsample",
                with("height_scale", 2f, "width_scale", 3f, "mode", "bilinear"),
                PICTURE),
            form(7, "Upsample", with("scales", scales, "mode", "linear"), PICTURE),
            form(7, "Upsample", with("scales", scales, "mode", "trilinear"), PICTURE),
            form(9, "Upsample", with("mode", "linear"), PICTURE, scaling),
            form(10, "Resize", with("mode", "linear"), PICTURE, scaling),
            form(11, "Resize", with("mode", "linear"), PICTURE, floats(), scaling)),
        same(
            "another type",
            PICTURE.withType(DataType.FLOAT16),
            form(1, "Cast", with("to", "FLOAT16"), PICTURE),
            form(6, "Cast", with("to", 10L), PICTURE)),
        same(
            "padding",
            type(6, 10),
            form(1, "Pad", with("paddings", longs(0, 1, 2, 3)), MATRIX),
            form(2, "Pad", with("pads", longs(0, 1, 2, 3)), MATRIX),
            form(11, "Pad", none, MATRIX, Tensor.ofLongs(0, 1, 2, 3)),
            form(18, "Pad", none, MATRIX, Tensor.ofLongs(1, 0, 3, 2), "", Tensor.ofLongs(1, 0))),
        same(
            "power of two",
            type(2, 3, 3, 5),
            form(1, "LpPool", with("kernel_shape", longs(3, 3), "p", 2f), PICTURE),
            form(2, "LpPool", with("kernel_shape", longs(3, 3), "p", 2L), PICTURE),
            form(22, "LpPool", with("kernel_shape", longs(3, 3)), PICTURE)),
        same(
            "normalisation in use",
            PICTURE,
            form(1, "BatchNormalization", with("is_test", 1L), normalised(statistics)),
            form(7, "BatchNormalization", none, normalised(statistics)),
            form(14, "BatchNormalization", none, normalised(statistics))),
        same(
            "normalisation in training",
            PICTURE,
            giving(5, form(6, "BatchNormalization", none, normalised(statistics))),
            giving(5, form(9, "BatchNormalization", none, normalised(statistics)))),
        same(
            "bounds",
            PICTURE,
            form(1, "Clip", with("min", 0f, "max", 6f), PICTURE),
            form(11, "Clip", none, PICTURE, number(0), number(6))),
        same(
            "an addend per channel",
            PICTURE,
            form(6, "Add", with("broadcast", 1L, "axis", 1L), PICTURE, floats(1, 2, 3)),
            form(7, "Add", none, PICTURE, perChannel)),
        same(
            "a slope per channel",
            PICTURE,
            form(6, "PRelu", none, PICTURE, floats(1, 2, 3)),
            form(7, "PRelu", none, PICTURE, perChannel)),
        same(
            "a fully connected layer",
            type(4, 5),
            form(6, "Gemm", with("broadcast", 1L), MATRIX, type(6, 5), type(5)),
            form(7, "Gemm", none, MATRIX, type(6, 5), type(5))),
        same(
            "softmax over the last axis",
            PICTURE,
            form(1, "Softmax", with("axis", 3L), PICTURE),
            form(13, "Softmax", none, PICTURE)),
        same(
            "sum over axes",
            type(2, 5),
            form(1, "ReduceSum", with("axes", longs(1, 3), "keepdims", 0L), PICTURE),
            form(11, "ReduceSum", with("axes", longs(-1, 1), "keepdims", 0L), PICTURE),
            form(13, "ReduceSum", with("keepdims", 0L), PICTURE, Tensor.ofLongs(1, 3))),
        same(
            "mean over axes",
            type(2, 1, 5, 1),
            form(1, "ReduceMean", with("axes", longs(1, 3)), PICTURE),
            form(18, "ReduceMean", none, PICTURE, Tensor.ofLongs(1, 3))),
        same(
            "another shape",
            type(4, 2, 3),
            form(1, "Reshape", with("shape", longs(0, 2, -1)), MATRIX),
            form(5, "Reshape", none, MATRIX, Tensor.ofLongs(0, 2, -1)),
            form(14, "Reshape", with("allowzero", 1L), MATRIX, Tensor.ofLongs(4, 2, -1))),
        same(
            "a part",
            type(2, 3),
            form(1, "Slice", with("starts", longs(1, -3), "ends", longs(3, 9)), MATRIX),
            form(10, "Slice", none, MATRIX, Tensor.ofLongs(1, -3), Tensor.ofLongs(3, 9))),
        same(
            "parts",
            type(4, 2),
            giving(2, form(1, "Split", with("axis", 1L), MATRIX, floats(2, 4))),
            giving(2, form(2, "Split", with("axis", 1L, "split", longs(2, 4)), MATRIX)),
            giving(2, form(13, "Split", with("axis", 1L), MATRIX, Tensor.ofLongs(2, 4)))),
        same(
            "an axis more",
            type(1, 4, 6),
            form(1, "Unsqueeze", with("axes", longs(0)), MATRIX),
            form(13, "Unsqueeze", none, MATRIX, Tensor.ofLongs(0))),
        same(
            "an axis less",
            type(4, 6),
            form(1, "Squeeze", with("axes", longs(1)), type(4, 1, 6)),
            form(13, "Squeeze", none, type(4, 1, 6), Tensor.ofLongs(-2))),
        same(
            "the largest",
            type(4, 2),
            giving(2, form(1, "TopK", with("k", 2L), MATRIX)),
            giving(2, form(10, "TopK", none, MATRIX, Tensor.ofLongs(2)))),
        same(
            "both in one",
            type(4, 12),
            form(1, "Concat", none, MATRIX, MATRIX),
            form(4, "Concat", with("axis", 1L), MATRIX, MATRIX)),
        same(
            "repeats",
            type(4, 12),
            form(1, "Tile", none, MATRIX, number(2), number(1)),
            form(6, "Tile", none, MATRIX, Tensor.ofLongs(1, 2))),
        same(
            "a spectrum",
            type(2, 16, 2),
            form(17, "DFT", none, type(2, 16, 1)),
            form(20, "DFT", none, type(2, 16, 1), "", Tensor.ofLong(1))));
  }

  private static Object[] normalised(Tensor... statistics) {
    List<Object> operands = new ArrayList<>(List.of(PICTURE));
    operands.addAll(List.of(statistics));
    return operands.toArray();
  }

  @ParameterizedTest
  @MethodSource("computations")
  void countsAlike(Computation computation) {
    Map<String, Object> first = results(computation.forms().get(0));
    assertThat(first).containsEntry("type of y0", computation.result());
    for (Form form : computation.forms()) {
      assertThat(results(form)).as("%s %d", form.op(), form.opset()).isEqualTo(first);
    }
  }

  /** The node's types, parameters, and the number of every convention. */
  private static Map<String, Object> results(Form form) {
    Graph graph = graph(form);
    Map<String, Object> results = new LinkedHashMap<>();
    graph.outputs().forEach(output -> results.put("type of " + output, graph.requireType(output)));
    for (Convention convention : Conventions.all()) {
      Counts counts = new Counter(CostRules.standard(), convention).count(graph);
      results.put(convention.name(), counts.totals().flops());
      results.put("parameters", counts.totals().params());
      assertThat(counts.uncounted()).isEmpty();
    }
    return results;
  }

  private static Graph graph(Form form) {
    GraphBuilder builder = new GraphBuilder("one", form.opset());
    List<String> operands = new ArrayList<>();
    for (Object operand : form.operands()) {
      String name = operand.equals("") ? "" : "x" + operands.size();
      if (operand instanceof TensorType type) {
        builder.input(name, type);
      } else if (operand instanceof Tensor tensor) {
        builder.constant(name, tensor);
      }
      operands.add(name);
    }
    List<String> outputs = IntStream.range(0, form.outputs()).mapToObj(i -> "y" + i).toList();
    builder.add(form.op(), "n", form.attributes(), operands, outputs, Map.of());
    return builder.build(outputs);
  }
}
