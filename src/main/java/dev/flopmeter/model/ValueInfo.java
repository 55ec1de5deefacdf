package dev.flopmeter.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model's declaration of one of its values.
 *
 * @param type the element type; null if undeclared, or if the value is not a tensor
 * @param dims the dimensions; null if not even the rank is declared
 */
public record ValueInfo(String name, @Nullable DataType type, @Nullable List<Dim> dims) {

  public ValueInfo {
    dims = dims == null ? null : List.copyOf(dims);
  }

  public static ValueInfo of(String name, TensorType type) {
    return new ValueInfo(
        name, type.type(), java.util.Arrays.stream(type.shape().dims()).mapToObj(Dim::of).toList());
  }

  /** The type, if every dimension is a number. */
  public Optional<TensorType> concrete() {
    if (type == null || dims == null || dims.stream().anyMatch(Dim::isFree)) {
      return Optional.empty();
    }
    return Optional.of(
        new TensorType(type, Shape.of(dims.stream().mapToLong(Dim::size).toArray())));
  }

  /** {@code Nx3x224x224}, or {@code ?} where nothing is declared. */
  public String dimsText() {
    return dims == null ? "?" : dims.stream().map(Dim::toString).collect(Collectors.joining("x"));
  }
}
