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
public record Attributes(Map<String, Object> asMap) {
  public static final Attributes NONE = new Attributes(Map.of());

  /** Within a function's body: the attribute of that name of the calling node. */
  public record Reference(String name) {}

  public Attributes {
    asMap = Collections.unmodifiableMap(new TreeMap<>(asMap));
  }

  public static Attributes of(Map<String, Object> values) {
    return values.isEmpty() ? NONE : new Attributes(values);
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

  public boolean has(String name) {
    return asMap.containsKey(name);
  }

  public Attributes with(String name, Object value) {
    Map<String, Object> changed = new TreeMap<>(asMap);
    changed.put(name, normalised(value));
    return of(changed);
  }

  public long integer(String name, long absent) {
    return has(name) ? integer(name) : absent;
  }

  public boolean flag(String name, boolean absent) {
    return integer(name, absent ? 1 : 0) != 0;
  }

  /** A required integer. */
  public long integer(String name) {
    return required(name, Long.class);
  }

  public float number(String name, float absent) {
    return has(name) ? number(name) : absent;
  }

  /** A required number. */
  public float number(String name) {
    return required(name, Float.class);
  }

  public String text(String name, String absent) {
    return has(name) ? text(name) : absent;
  }

  /** A required text. */
  public String text(String name) {
    return required(name, String.class);
  }

  /** A list of integers, or nothing. */
  public Optional<long[]> integers(String name) {
    List<Long> given = list(name, Long.class).orElse(null);
    return given == null ? Optional.empty() : Optional.of(longs(given));
  }

  public static long[] longs(List<?> integers) {
    long[] all = new long[integers.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = (Long) integers.get(i);
    }
    return all;
  }

  public long[] integers(String name, long... absent) {
    return integers(name).orElse(absent);
  }

  /** A list with a value for each axis; {@code absent} everywhere if it is not given. */
  public long[] perAxis(String name, int axes, long absent) {
    long[] all = new long[axes];
    Arrays.fill(all, absent);
    long[] values = integers(name, all);
    if (values.length != axes) {
      throw new ModelException(
          "the attribute '" + name + "' needs " + axes + " values, not " + values.length);
    }
    return values;
  }

  public Optional<List<Float>> numbers(String name) {
    return list(name, Float.class);
  }

  public Optional<List<String>> texts(String name) {
    return list(name, String.class);
  }

  private <T> Optional<List<T>> list(String name, Class<T> type) {
    List<?> given = get(name, List.class);
    if (given == null) {
      return Optional.empty();
    }
    List<T> list = new ArrayList<>();
    for (Object item : given) {
      list.add(element(name, item, type));
    }
    return Optional.of(Collections.unmodifiableList(list));
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
    List<Graph> bodies = new ArrayList<>();
    for (Object value : asMap.values()) {
      if (value instanceof Graph body) {
        bodies.add(body);
      }
    }
    return Collections.unmodifiableList(bodies);
  }

  /** A body with bound shapes. */
  public Optional<Graph> body(String name) {
    return asMap.get(name) instanceof Graph body ? Optional.of(body) : Optional.empty();
  }

  private <T> T required(String name, Class<T> type) {
    T value = get(name, type);
    if (value == null) {
      throw new ModelException("the attribute '" + name + "' is missing");
    }
    return value;
  }

  private <T> @Nullable T get(String name, Class<T> type) {
    Object value = asMap.get(name);
    return value == null ? null : element(name, value, type);
  }

  private static <T> T element(String name, Object value, Class<T> type) {
    if (!type.isInstance(value)) {
      throw new ModelException(
          "the attribute '%s' is a %s where a %s is needed"
              .formatted(
                  name,
                  value instanceof List ? "list" : value.getClass().getSimpleName(),
                  type.getSimpleName()));
    }
    return type.cast(value);
  }

  @Override
  public String toString() {
    return asMap.toString();
  }
}
