package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Operators that answer about shapes or make tensors of a given shape. */
final class ConstantShapes {
  private ConstantShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("Shape", ConstantShapes::shape);
    rules.put("Size", in -> List.of(new TensorType(DataType.INT64, Shape.SCALAR)));
    rules.put("Constant", in -> List.of(StoredConstant.of(in.attributes()).type()));
    rules.put("ConstantOfShape", ConstantShapes::constantOfShape);
    rules.put("Range", ConstantShapes::range);
    rules.put("EyeLike", ConstantShapes::eyeLike);
    rules.put("RandomNormal", ConstantShapes::random);
    rules.put("RandomUniform", ConstantShapes::random);
    rules.put("RandomNormalLike", ConstantShapes::eyeLike);
    rules.put("RandomUniformLike", ConstantShapes::eyeLike);
    rules.put("Bernoulli", ConstantShapes::eyeLike);
    rules.put("Multinomial", ConstantShapes::multinomial);
  }

  private static List<TensorType> shape(Operands in) {
    int rank = in.shape(0).rank();
    long start = clamp(in.attributes().integer("start", 0), rank);
    long end = clamp(in.attributes().integer("end", rank), rank);
    return List.of(TensorType.of(DataType.INT64, Math.max(0, end - start)));
  }

  private static long clamp(long axis, int rank) {
    return Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }

  private static List<TensorType> constantOfShape(Operands in) {
    DataType type =
        in.attributes().tensor("value").map(value -> value.type().type()).orElse(DataType.FLOAT);
    return List.of(new TensorType(type, Shape.of(in.requireLongs(0))));
  }

  private static List<TensorType> range(Operands in) {
    Tensor start = in.requireValue(0);
    Tensor limit = in.requireValue(1);
    Tensor delta = in.requireValue(2);
    double step = delta.doubleAt(0);
    if (step == 0) {
      throw new ModelException("a Range cannot have the step 0");
    }
    double count = Math.max(0, Math.ceil((limit.doubleAt(0) - start.doubleAt(0)) / step));
    return List.of(new TensorType(start.type().type(), Shape.of((long) count)));
  }

  private static List<TensorType> eyeLike(Operands in) {
    long asked = in.attributes().integer("dtype", 0);
    return List.of(asked == 0 ? in.type(0) : in.type(0).withType(DataType.ofCode(asked)));
  }

  private static List<TensorType> random(Operands in) {
    DataType type = DataType.ofCode(in.attributes().integer("dtype", DataType.FLOAT.code()));
    return List.of(new TensorType(type, Shape.of(in.attributes().integers("shape", new long[0]))));
  }

  private static List<TensorType> multinomial(Operands in) {
    long code = in.attributes().integer("dtype", DataType.INT32.code());
    long samples = in.attributes().integer("sample_size", 1);
    return List.of(TensorType.of(DataType.ofCode(code), in.shape(0).dim(0), samples));
  }
}
