package dev.flopmeter.model.bind;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Origins;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is known of the values of a graph, and of the graphs around it. */
final class ValueScope implements Operands.Values {
  static final class Known {
    @Nullable TensorType type;
    @Nullable Tensor constant;

    /** Null for values that are not computed before the first run. */
    @Nullable Origins origins;

    void set(Tensor tensor, Origins from) {
      constant = tensor;
      type = tensor.type();
      origins = from;
    }
  }

  private static final Known UNKNOWN = new Known();

  private final @Nullable ValueScope outer;

  /** The values of this graph's inputs, constants and nodes, in order. */
  private final Map<String, Known> own = new LinkedHashMap<>();

  ValueScope(@Nullable ValueScope outer) {
    this.outer = outer;
  }

  /** A new value of this graph itself. */
  Known claim(String value) {
    Known claimed = new Known();
    if (own.putIfAbsent(value, claimed) != null) {
      throw new ModelException("the value '" + value + "' is written twice");
    }
    return claimed;
  }

  /** A value of this graph itself; for an omitted output, one that is not stored. */
  Known own(String value) {
    return value.isEmpty() ? new Known() : Objects.requireNonNull(own.get(value));
  }

  private @Nullable Known find(String value) {
    Known known = own.get(value);
    return known != null || outer == null ? known : outer.find(value);
  }

  private Known known(String value) {
    return Objects.requireNonNullElse(find(value), UNKNOWN);
  }

  boolean has(String value) {
    return find(value) != null;
  }

  @Override
  public @Nullable TensorType type(String value) {
    return known(value).type;
  }

  @Override
  public @Nullable Tensor constant(String value) {
    return known(value).constant;
  }

  @Nullable Origins origins(String value) {
    return known(value).origins;
  }

  Operands operands(Node node) {
    return new Operands(node, this);
  }

  /** The values among {@code wanted} that belong to this graph itself, in order. */
  Map<String, Tensor> constants(Set<String> wanted) {
    Map<String, Tensor> constants = new LinkedHashMap<>();
    for (Map.Entry<String, Known> each : own.entrySet()) {
      Tensor constant = each.getValue().constant;
      if (constant != null && wanted.contains(each.getKey())) {
        constants.put(each.getKey(), constant);
      }
    }
    return constants;
  }
}
