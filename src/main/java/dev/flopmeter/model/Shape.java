package dev.flopmeter.model;

import java.util.Arrays;

/**
 * The concrete dimensions of a tensor, outermost first; immutable. A scalar has rank 0 and one
 * element. Dimensions of 0 are allowed (empty tensors), negative ones are not.
 */
public final class Shape {
  public static final Shape SCALAR = new Shape(new long[0]);

  /** More dimensions than this are treated as an attack; NumPy has 64 at most. */
  static final int MAX_RANK = 64;

  private final long[] dims;

  private Shape(long[] dims) {
    this.dims = dims;
  }

  /**
   * A shape of these dimensions.
   *
   * @throws ModelException if one is negative, their product exceeds 2^63-1, or there are too many
   */
  public static Shape of(long... dims) {
    if (dims.length > MAX_RANK) {
      throw new ModelException(
          "a shape of " + dims.length + " dimensions is not supported; " + MAX_RANK + " are");
    }
    long[] copy = dims.clone();
    for (long dim : copy) {
      if (dim < 0) {
        throw new ModelException("a shape cannot have the dimension " + dim);
      }
    }
    Shape shape = new Shape(copy);
    shape.elements();
    return shape;
  }

  /**
   * Reads {@code 1x3x224x224}; the empty text and {@code scalar} are the scalar's.
   *
   * @throws ModelException if the text is not a shape
   */
  public static Shape parse(String text) {
    String trimmed = text.trim();
    if (trimmed.isEmpty() || trimmed.equals("scalar")) {
      return SCALAR;
    }
    String[] parts = trimmed.split("[x,]", -1);
    long[] dims = new long[parts.length];
    for (int i = 0; i < parts.length; i++) {
      try {
        dims[i] = Long.parseLong(parts[i].trim());
      } catch (NumberFormatException e) {
        throw new ModelException(
            "'" + text + "' is not a shape; write whole numbers joined by x, such as 1x3x224x224",
            e);
      }
      if (dims[i] < 0) {
        throw new ModelException("'" + text + "' has the negative dimension " + dims[i]);
      }
    }
    return of(dims);
  }

  public int rank() {
    return dims.length;
  }

  /** Dimension {@code axis}; negative axes count from the end. */
  public long dim(int axis) {
    return dims[axis(axis)];
  }

  /**
   * {@code axis} brought into 0..rank-1; negative axes count from the end.
   *
   * @throws ModelException if it is outside this shape
   */
  public int axis(long axis) {
    long index = axis < 0 ? axis + dims.length : axis;
    if (index < 0 || index >= dims.length) {
      throw new ModelException("axis " + axis + " is outside of the shape " + this);
    }
    return (int) index;
  }

  /** A copy of all dimensions. */
  public long[] dims() {
    return dims.clone();
  }

  /** The number of elements; 1 for a scalar. */
  public long elements() {
    return elements(0, dims.length);
  }

  /** The product of dimensions {@code from} to {@code to}-1. */
  public long elements(int from, int to) {
    long product = 1;
    boolean empty = false;
    for (int i = from; i < to; i++) {
      if (dims[i] == 0) {
        empty = true;
      } else {
        product = Sizes.multiply(product, dims[i]);
      }
    }
    return empty ? 0 : product;
  }

  /** This shape with dimension {@code axis} replaced. */
  public Shape with(int axis, long dim) {
    long[] changed = dims.clone();
    changed[axis(axis)] = dim;
    return of(changed);
  }

  /**
   * The dimensions {@code from} to {@code to}-1 as a shape.
   *
   * @throws ModelException if some do not exist
   */
  public Shape slice(int from, int to) {
    if (from < 0 || from > to || to > dims.length) {
      throw new ModelException(
          "the shape " + this + " has no dimensions " + from + " to " + to + " (excluded)");
    }
    return new Shape(Arrays.copyOfRange(dims, from, to));
  }

  public Shape without(int axis) {
    return slice(0, axis).concat(slice(axis + 1, dims.length));
  }

  /**
   * This shape with {@code dim} inserted as dimension {@code axis} of the result; negative axes
   * count from the result's end.
   *
   * @throws ModelException if the result cannot have that axis
   */
  public Shape inserted(long axis, long dim) {
    long at = axis < 0 ? axis + dims.length + 1 : axis;
    if (at < 0 || at > dims.length) {
      throw new ModelException("axis " + axis + " cannot be put into the shape " + this);
    }
    return slice(0, (int) at).concat(of(dim)).concat(slice((int) at, dims.length));
  }

  public Shape concat(Shape tail) {
    long[] joined = Arrays.copyOf(dims, dims.length + tail.dims.length);
    System.arraycopy(tail.dims, 0, joined, dims.length, tail.dims.length);
    return of(joined);
  }

  /**
   * The shape both broadcast to, by NumPy's rule.
   *
   * @throws ModelException if they do not fit
   */
  public Shape broadcast(Shape other) {
    int rank = Math.max(rank(), other.rank());
    long[] out = new long[rank];
    for (int i = 0; i < rank; i++) {
      long a = i < rank - rank() ? 1 : dims[i - rank + rank()];
      long b = i < rank - other.rank() ? 1 : other.dims[i - rank + other.rank()];
      if (a != b && a != 1 && b != 1) {
        throw new ModelException("the shapes " + this + " and " + other + " do not broadcast");
      }
      out[i] = a == 1 ? b : a;
    }
    return of(out);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape that && Arrays.equals(dims, that.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** {@code 1x3x224x224}; {@code scalar} for rank 0. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (long dim : dims) {
      text.append(text.length() == 0 ? "" : "x").append(dim);
    }
    return dims.length == 0 ? "scalar" : text.toString();
  }
}
