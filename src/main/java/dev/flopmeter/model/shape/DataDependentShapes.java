package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators whose output shapes depend on data, or that hold no tensors: sequences, texts. */
final class DataDependentShapes {
  private DataDependentShapes() {}

  /** Elements of a known value that are searched when the model is read. */
  private static final long MOST_SEARCHED = 1 << 16;

  /** Their output shapes are known only at run time, or their outputs are not tensors. */
  private static final String DATA_DECIDES =
      """
      Compress ConcatFromSequence ImageDecoder NonMaxSuppression Optional SequenceAt
      SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SplitToSequence
      StringNormalizer StringSplit Unique
      """;

  static void addTo(Map<String, ShapeRule> rules) {
    ShapeRule dataDependent =
        in -> {
          throw new DataDependentException(in.node().op());
        };
    for (String op : DATA_DECIDES.strip().split("\\s+", -1)) {
      rules.put(op, dataDependent);
    }
    rules.put("NonZero", DataDependentShapes::nonZero);
    rules.put("OptionalGetElement", in -> List.of(in.type(0)));
    rules.put("OptionalHasElement", in -> List.of(new TensorType(DataType.BOOL, Shape.SCALAR)));
    rules.put("SequenceLength", in -> List.of(new TensorType(DataType.INT64, Shape.SCALAR)));
    rules.put("TfIdfVectorizer", DataDependentShapes::tfIdf);
    rules.put(
        "StringConcat", in -> List.of(in.type(0).withShape(in.shape(0).broadcast(in.shape(1)))));
    rules.put("RegexFullMatch", in -> List.of(in.type(0).withType(DataType.BOOL)));
  }

  /** One column for each element that is not 0: known where the elements are. */
  private static List<TensorType> nonZero(Operands in) {
    Tensor value = in.requireValue(0);
    if (value.elements() > MOST_SEARCHED || value.shape().rank() == 0) {
      throw new DataDependentException(in.node().op());
    }
    long found = 0;
    for (int i = 0; i < value.elements(); i++) {
      found += value.doubleAt(i) != 0 ? 1 : 0;
    }
    return List.of(TensorType.of(DataType.INT64, value.shape().rank(), found));
  }

  /** One weight for each place that the attribute {@code ngram_indexes} names. */
  private static List<TensorType> tfIdf(Operands in) {
    Shape shape = in.shape(0);
    long last = Arrays.stream(in.attributes().integers("ngram_indexes", -1)).max().orElse(-1);
    if (shape.rank() < 1 || shape.rank() > 2 || last < 0) {
      throw new ModelException(
          "the input " + shape + " or the attribute 'ngram_indexes' is not of TfIdfVectorizer's");
    }
    Shape rows = shape.slice(0, shape.rank() - 1);
    return List.of(new TensorType(DataType.FLOAT, rows.concat(Shape.of(Sizes.add(last, 1)))));
  }
}
