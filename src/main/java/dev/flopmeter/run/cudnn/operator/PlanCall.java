package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** A call in the equations of {@code plans.txt}: the terms that a function is given. */
record PlanCall(NodePlan node, List<?> terms) {
  boolean isGiven(int index) {
    return !Value.isLeftOut(terms.get(index));
  }

  String name(int index) {
    return ((Value) terms.get(index)).name();
  }

  /** The stored values of an input. */
  Optional<Tensor> value(int index) {
    return node.in().value(((Value) terms.get(index)).input());
  }

  /** A view, or an input packed row major. */
  TensorView view(int index) {
    return view(terms.get(index));
  }

  @Nullable TensorView viewOrNull(int index) {
    return isGiven(index) ? view(index) : null;
  }

  private TensorView view(Object term) {
    return term instanceof Value value
        ? node.builder().formatted(value.name(), MemoryLayout.PLAIN)
        : (TensorView) term;
  }

  List<TensorView> views() {
    return terms.stream().map(this::view).toList();
  }

  DataType type(int index) {
    return (DataType) terms.get(index);
  }

  String text(int index) {
    return (String) terms.get(index);
  }

  long number(int index) {
    return (Long) terms.get(index);
  }

  int index(int index) {
    return Math.toIntExact(number(index));
  }

  /** A number, or that of a name. */
  int code(int index, ToIntFunction<String> byName) {
    return terms.get(index) instanceof String name ? byName.applyAsInt(name) : index(index);
  }

  double real(int index) {
    return Terms.real(terms.get(index));
  }

  long[] numbers(int index) {
    return Terms.dims(terms.get(index));
  }

  Shape shape(int index) {
    return Shape.of(numbers(index));
  }

  /** A layout by its name, or that of a view. */
  MemoryLayout layout(int index) {
    return terms.get(index) instanceof String name
        ? MemoryLayout.valueOf(name)
        : view(index).layout();
  }

  /** The layout of an argument that may be left off. */
  MemoryLayout layoutOrPlain(int index) {
    return index < terms.size() ? layout(index) : MemoryLayout.PLAIN;
  }

  boolean flag(int index) {
    return (boolean) terms.get(index);
  }

  /** The storage whose elements are those of a type. */
  ElementType storage(int index) {
    return ElementType.holding(type(index)).orElseThrow();
  }

  List<Work> works(int index) {
    return Terms.list(terms.get(index)).stream().map(Work.class::cast).toList();
  }

  /** The members of a kernel's structure, from a term on. */
  Arguments arguments(int from) {
    Arguments arguments = new Arguments();
    add(arguments, terms.subList(from, terms.size()));
    return arguments;
  }

  private void add(Arguments arguments, List<?> members) {
    for (Object member : members) {
      if (member instanceof List<?> list) {
        add(arguments, list);
      } else if (member instanceof Long number) {
        arguments.numbers(number);
      } else if (member instanceof Double real) {
        arguments.real(real);
      } else if (member instanceof Integer integer) {
        arguments.integer(integer);
      } else {
        arguments.pointers(Value.isLeftOut(member) ? null : view(member));
      }
    }
  }
}
