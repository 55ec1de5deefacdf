package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Host;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One call of a method, whose operators the equations of {@code calls.csv} record.
 *
 * @param array whose method it is
 */
record CallEquations(TracedArray array) implements Host {
  static final Map<String, Definition> FUNCTIONS =
      Definition.read(CallEquations.class, CallFunctions.DIALECT);

  /** By the method's {@link TracedCalls#signature}. */
  static final Map<String, Definition> METHODS = methods();

  private static Map<String, Definition> methods() {
    Map<String, Definition> methods = new HashMap<>();
    for (List<String> row : Csv.rows(CallEquations.class, "calls.csv")) {
      List<String[]> parameters =
          Stream.of(row.get(1).split("; ", -1))
              .filter(text -> !text.isEmpty())
              .map(text -> text.split("[ |]", -1))
              .toList();
      List<String> names =
          Stream.concat(Stream.of("x"), parameters.stream().map(words -> words[0])).toList();
      Definition method = Definition.of(row.get(2), names, CallFunctions.DIALECT, FUNCTIONS);
      int overloads = parameters.stream().mapToInt(words -> words.length - 1).max().orElse(1);
      for (int i = 1; i <= overloads; i++) {
        int overload = i;
        String signature =
            parameters.stream()
                .map(words -> words[Math.min(overload, words.length - 1)])
                .collect(Collectors.joining(",", row.get(0) + "(", ")"));
        if (methods.put(signature, method) != null) {
          throw new IllegalStateException("calls.csv has " + signature + " twice");
        }
      }
    }
    return methods;
  }

  /** The results of a function of {@code calls.txt}. */
  static TracedArray call(TracedArray array, String function, @Nullable Object... given) {
    Definition definition = Objects.requireNonNull(FUNCTIONS.get(function));
    return (TracedArray) new CallEquations(array).results(definition, given).get(0);
  }

  List<Object> results(Definition definition, @Nullable Object... given) {
    return definition.of(
        this, Stream.concat(Stream.of(array), Arrays.stream(given).map(this::term)).toList());
  }

  private Object term(@Nullable Object given) {
    if (given == null) {
      return Value.NONE;
    } else if (given instanceof NDArray traced) {
      return array.tracing().manager().traced(traced);
    } else if (given instanceof NDList list) {
      return list.stream().map(this::term).toList();
    } else if (given instanceof ai.djl.ndarray.types.Shape shape) {
      return Terms.list(shape.getShape());
    } else if (given instanceof ai.djl.ndarray.types.DataType type) {
      return DjlTypes.type(type);
    } else if (given instanceof long[] numbers) {
      return Terms.list(numbers);
    } else if (given instanceof int[] numbers) {
      return Terms.list(Arrays.stream(numbers).asLongStream().toArray());
    } else if (given instanceof float[] numbers) {
      return IntStream.range(0, numbers.length).mapToObj(i -> (double) numbers[i]).toList();
    } else if (given instanceof Float || given instanceof Double) {
      return ((Number) given).doubleValue();
    } else if (given instanceof Number number) {
      return number.longValue();
    }
    return given instanceof Enum<?> constant ? constant.name() : given;
  }

  @Override
  public List<TracedArray> inputs() {
    return List.of(array);
  }

  /** Lists among the terms are arrays, or a constant of integers. */
  @Override
  public List<TracedArray> add(
      int outputs, String op, Map<String, Object> attributes, List<Object> terms) {
    List<@Nullable TracedArray> operands = new ArrayList<>();
    for (Object term : terms) {
      if (term instanceof List<?> list && list.stream().allMatch(Long.class::isInstance)) {
        operands.add(array.tracing().constant(Tensor.ofLongs(Terms.dims(list))));
      } else {
        Terms.list(term).forEach(each -> operands.add(operand(each, terms)));
      }
    }
    return array
        .tracing()
        .applyMany(op, Terms.attributes(attributes), outputs, operands.toArray(TracedArray[]::new));
  }

  private static @Nullable TracedArray operand(Object term, List<Object> beside) {
    if (term instanceof Number number) {
      return beside.stream()
          .filter(TracedArray.class::isInstance)
          .map(array -> ((TracedArray) array).scalar(number))
          .findFirst()
          .orElseThrow();
    }
    return Value.isLeftOut(term) ? null : (TracedArray) term;
  }

  /** In the wider of the operands' types; in DJL the quotient of integers is a float. */
  @Override
  public TracedArray combined(String sign, Object left, Object right) {
    List<Object> both = List.of(left, right);
    TracedArray a = Objects.requireNonNull(operand(left, both));
    TracedArray b = Objects.requireNonNull(operand(right, both));
    DataType common = a.commonType(b);
    DataType type = sign.equals("/") && !common.isFloat() ? DataType.FLOAT : common;
    return a.tracing().apply(operator(sign), Attributes.NONE, a.cast(type), b.cast(type));
  }

  @Override
  public Shape shape(Object tensor) {
    return ((TracedArray) tensor).dims();
  }

  @Override
  public String shown(Object term) {
    return term instanceof TracedArray traced ? traced.dims().toString() : String.valueOf(term);
  }

  @Override
  public ModelException refusal(String message) {
    throw new UnsupportedOperationException(message);
  }
}
