package dev.flopmeter.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of a node, by name. A value is a {@code Long}, {@code Float}, {@code String},
 * {@link Tensor}, a body ({@link GraphTemplate} before shapes are bound, {@link Graph} after), or a
 * list of these.
 */
public final class Attributes {
  public static final Attributes NONE = new Attributes(Map.of());

  private final Map<String, Object> values;

  private Attributes(Map<String, Object> values) {
    this.values = values;
  }

  public static Attributes of(Map<String, Object> values) {
    return values.isEmpty()
        ? NONE
        : new Attributes(Collections.unmodifiableMap(new TreeMap<>(values)));
  }

  /** Attributes from name, value, name, value, ...; ints become longs, arrays of longs lists. */
  public static Attributes of(Object... namesAndValues) {
    Map<String, Object> values = new TreeMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      values.put((String) namesAndValues[i], normalised(namesAndValues[i + 1]));
    }
    return of(values);
  }

  private static Object normalised(Object value) {
    if (value instanceof Integer number) {
      return number.longValue();
    }
    if (value instanceof Double number) {
      return number.floatValue();
    }
    if (value instanceof long[] list) {
      return Arrays.stream(list).boxed().toList();
    }
    return value;
  }

  public Map<String, Object> asMap() {
    return values;
  }

  public boolean has(String name) {
    return values.containsKey(name);
  }

  public Attributes with(String name, Object value) {
    Map<String, Object> changed = new TreeMap<>(values);
    changed.put(name, normalised(value));
    return of(changed);
  }

  public long integer(String name, long absent) {
    Long value = get(name, Long.class);
    return value == null ? absent : value;
  }

  public boolean flag(String name, boolean absent) {
    return integer(name, absent ? 1 : 0) != 0;
  }

  /** A required integer. */
  public long integer(String name) {
    return required(name, Long.class);
  }

  public float number(String name, float absent) {
    Float value = get(name, Float.class);
    return value == null ? absent : value;
  }

  /** A required number. */
  public float number(String name) {
    return required(name, Float.class);
  }

  public String text(String name, String absent) {
    String value = get(name, String.class);
    return value == null ? absent : value;
  }

  /** A required text. */
  public String text(String name) {
    return required(name, String.class);
  }

  /** A list of integers, or nothing. */
  public Optional<long[]> integers(String name) {
    List<?> list = get(name, List.class);
    if (list == null) {
      return Optional.empty();
    }
    long[] result = new long[list.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = element(name, list.get(i), Long.class);
    }
    return Optional.of(result);
  }

  public long[] integers(String name, long... absent) {
    return integers(name).orElse(absent);
  }

  /** A list of numbers, or nothing. */
  public Optional<float[]> numbers(String name) {
    List<?> list = get(name, List.class);
    if (list == null) {
      return Optional.empty();
    }
    float[] result = new float[list.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = element(name, list.get(i), Float.class);
    }
    return Optional.of(result);
  }

  /** A list of texts, or nothing. */
  public Optional<List<String>> texts(String name) {
    List<?> list = get(name, List.class);
    return list == null
        ? Optional.empty()
        : Optional.of(list.stream().map(item -> element(name, item, String.class)).toList());
  }

  public Optional<Tensor> tensor(String name) {
    return Optional.ofNullable(get(name, Tensor.class));
  }

  /** A body whose shapes are not bound yet. */
  public Optional<GraphTemplate> template(String name) {
    return Optional.ofNullable(get(name, GraphTemplate.class));
  }

  /** All bodies with bound shapes. */
  public List<Graph> bodies() {
    List<Graph> bodies = new ArrayList<>(0);
    for (Object value : values.values()) {
      if (value instanceof Graph body) {
        bodies.add(body);
      }
    }
    return bodies;
  }

  /** A body with bound shapes. */
  public Optional<Graph> body(String name) {
    return values.get(name) instanceof Graph body ? Optional.of(body) : Optional.empty();
  }

  private <T> T required(String name, Class<T> type) {
    T value = get(name, type);
    if (value == null) {
      throw new ModelException("the attribute '" + name + "' is missing");
    }
    return value;
  }

  private <T> @Nullable T get(String name, Class<T> type) {
    Object value = values.get(name);
    return value == null ? null : element(name, value, type);
  }

  private static <T> T element(String name, Object value, Class<T> type) {
    if (!type.isInstance(value)) {
      throw new ModelException(
          "the attribute '"
              + name
              + "' is a "
              + kind(value)
              + " where a "
              + type.getSimpleName()
              + " is needed");
    }
    return type.cast(value);
  }

  private static String kind(Object value) {
    return value instanceof List ? "list" : value.getClass().getSimpleName();
  }

  @Override
  public String toString() {
    return values.toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Attributes that && values.equals(that.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }
}
