package dev.flopmeter.model;

/** The element type and shape of a tensor. */
public record TensorType(DataType type, Shape shape) {

  public static TensorType of(DataType type, long... dims) {
    return new TensorType(type, Shape.of(dims));
  }

  public long elements() {
    return shape.elements();
  }

  /** Bytes of its packed elements. */
  public long bytes() {
    return type.bytes(shape.elements());
  }

  public TensorType withShape(Shape other) {
    return new TensorType(type, other);
  }

  /**
   * This type under another shape.
   *
   * @throws ModelException if that has another number of elements
   */
  TensorType reshaped(Shape other) {
    if (other.elements() != elements()) {
      throw new ModelException("a tensor " + this + " cannot take the shape " + other);
    }
    return withShape(other);
  }

  public TensorType withType(DataType other) {
    return new TensorType(other, shape);
  }

  @Override
  public String toString() {
    return type.label() + "[" + shape + "]";
  }
}
