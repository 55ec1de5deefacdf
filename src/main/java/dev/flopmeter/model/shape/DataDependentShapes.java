package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators whose output shapes depend on data, or that hold no tensors: sequences, texts. */
final class DataDependentShapes {
  private DataDependentShapes() {}

  /** Their output shapes are known only at run time, or their outputs are not tensors. */
  private static final String DATA_DECIDES =
      """
      ConcatFromSequence ImageDecoder Optional SequenceAt SequenceConstruct SequenceEmpty
      SequenceErase SequenceInsert SplitToSequence StringNormalizer StringSplit
      """;

  static void addTo(Map<String, ShapeRule> rules) {
    ShapeRule dataDependent =
        in -> {
          throw new DataDependentException(in.node().op());
        };
    for (String op : DATA_DECIDES.strip().split("\\s+", -1)) {
      rules.put(op, dataDependent);
    }
    addSelections(rules);
    rules.put("OptionalGetElement", in -> List.of(in.type(0)));
    rules.put("OptionalHasElement", in -> List.of(new TensorType(DataType.BOOL, Shape.SCALAR)));
    rules.put("SequenceLength", in -> List.of(new TensorType(DataType.INT64, Shape.SCALAR)));
    rules.put("TfIdfVectorizer", DataDependentShapes::tfIdf);
    rules.put(
        "StringConcat", in -> List.of(in.type(0).withShape(in.shape(0).broadcast(in.shape(1)))));
    rules.put("RegexFullMatch", in -> List.of(in.type(0).withType(DataType.BOOL)));
  }

  /** As many as are selected, where the values that decide are known. */
  private static void addSelections(Map<String, ShapeRule> rules) {
    rules.put(
        "NonZero",
        in -> {
          int found = DataSelection.nonZeros(in).length;
          return List.of(TensorType.of(DataType.INT64, in.shape(0).rank(), found));
        });
    rules.put(
        "NonMaxSuppression",
        in -> List.of(TensorType.of(DataType.INT64, DataSelection.boxes(in).length, 3)));
    rules.put(
        "Unique",
        in -> {
          DataSelection.Uniques found = DataSelection.uniques(in);
          Shape one = Shape.of(found.first().length);
          Shape kept = found.axis() < 0 ? one : in.shape(0).with(found.axis(), one.dim(0));
          TensorType places = new TensorType(DataType.INT64, one);
          Shape all = Shape.of(found.inverse().length);
          return List.of(in.type(0).withShape(kept), places, places.withShape(all), places);
        });
    rules.put(
        "Compress",
        in -> {
          int found = DataSelection.compressed(in).length;
          Shape kept = Shape.of(found);
          if (in.attributes().has("axis")) {
            int axis = in.shape(0).axis(in.attributes().integer("axis", 0));
            kept = in.shape(0).with(axis, found);
          }
          return List.of(in.type(0).withShape(kept));
        });
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
