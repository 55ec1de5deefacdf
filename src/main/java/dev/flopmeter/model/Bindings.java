package dev.flopmeter.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The caller's choices for a model's open input shapes.
 *
 * @param shapes whole shapes by input name
 * @param batch the size of the batch dimension of every input where that is free or 1; {@link
 *     BatchAxes} says which one it is
 * @param dims sizes of named free dimensions, such as {@code sequence}
 * @param values inputs whose values are known beforehand (shape arguments fed at run time)
 * @param types rules for the outputs of some operators, by qualified name, instead of our own
 */
public record Bindings(
    Map<String, Shape> shapes,
    OptionalLong batch,
    Map<String, Long> dims,
    Map<String, Tensor> values,
    Map<String, Function<Operands, List<TensorType>>> types) {

  /**
   * The types of a model's inputs, in order, and inferences of one pass (1 if no input has any).
   */
  public record InputTypes(Map<String, TensorType> types, long batch) {
    public InputTypes {
      types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
    }
  }

  public static final Bindings NONE =
      new Bindings(Map.of(), OptionalLong.empty(), Map.of(), Map.of(), Map.of());

  public Bindings {
    shapes = Map.copyOf(shapes);
    dims = Map.copyOf(dims);
    values = Map.copyOf(values);
    types = Map.copyOf(types);
    if (batch.isPresent() && batch.getAsLong() < 1) {
      throw new ModelException("the batch must be at least 1, not " + batch.getAsLong());
    }
    for (Map.Entry<String, Long> dim : dims.entrySet()) {
      if (dim.getValue() < 0) {
        throw new ModelException(
            "the dimension '%s' cannot be %s".formatted(dim.getKey(), dim.getValue()));
      }
    }
  }

  public static Bindings ofBatch(long batch) {
    return NONE.withBatch(batch);
  }

  public Bindings withBatch(long size) {
    return new Bindings(shapes, OptionalLong.of(size), dims, values, types);
  }

  public Bindings withShape(String input, Shape shape) {
    Map<String, Shape> changed = new TreeMap<>(shapes);
    changed.put(input, shape);
    return new Bindings(changed, batch, dims, values, types);
  }

  public Bindings withDim(String name, long size) {
    Map<String, Long> changed = new TreeMap<>(dims);
    changed.put(name, size);
    return new Bindings(shapes, batch, changed, values, types);
  }

  public Bindings withValue(String input, Tensor value) {
    Map<String, Tensor> changed = new TreeMap<>(values);
    changed.put(input, value);
    return new Bindings(shapes, batch, dims, changed, types);
  }

  /** These, with rules for the outputs of operators. */
  public Bindings withTypes(Map<String, Function<Operands, List<TensorType>>> rules) {
    return new Bindings(shapes, batch, dims, values, rules);
  }

  /** {@link #resolve(List, BatchAxes)} for inputs whose declarations alone are known. */
  public InputTypes resolve(List<ValueInfo> inputs) {
    return resolve(inputs, BatchAxes.of(inputs));
  }

  /**
   * The types of {@code inputs} under these bindings, in order.
   *
   * @throws ModelException if an input named here does not exist, a given shape contradicts a
   *     declared one, dimensions stay free (all of them are named at once), or no input follows the
   *     batch
   */
  public InputTypes resolve(List<ValueInfo> inputs, BatchAxes axes) {
    requireKnown(inputs);
    Map<String, TensorType> types = new LinkedHashMap<>();
    List<String> free = new ArrayList<>();
    Set<String> named = new HashSet<>(); // one size serves all inputs that share a symbol
    for (ValueInfo input : inputs) {
      int axis = axes.of(input);
      Tensor value = values.get(input.name());
      Shape given = shapes.get(input.name());
      List<Dim> dims = input.dims();
      if (value != null) {
        checked(input, value.shape(), axis);
        types.put(input.name(), value.type());
      } else if (input.type() == null) {
        throw new ModelException(
            "input '" + input.name() + "' is not declared as a tensor; only tensors can be fed");
      } else if (given != null) {
        Shape shape = withBatch(checked(input, given, axis), axis);
        types.put(input.name(), new TensorType(input.type(), shape));
      } else if (dims == null) {
        free.add("'" + input.name() + "' (no shape declared)");
      } else {
        long[] sizes = sizes(input, dims, axis, named, free);
        if (free.isEmpty()) {
          types.put(input.name(), new TensorType(input.type(), shape(input, sizes)));
        }
      }
    }
    if (!free.isEmpty()) {
      throw new ModelException(
          "free dimensions: "
              + String.join(", ", free)
              + "; use --batch N, --dim NAME=N or --input NAME=SHAPE");
    }
    return new InputTypes(types, boundBatch(inputs, types, axes));
  }

  /** The sizes of dimensions; those that have none are described, but for symbols named already. */
  private long[] sizes(
      ValueInfo input, List<Dim> dims, int axis, Set<String> named, List<String> free) {
    long[] sizes = new long[dims.size()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = size(dims.get(i), i == axis);
      String symbol = dims.get(i).symbol();
      if (sizes[i] < 0 && (symbol == null || named.add(symbol))) {
        free.add(
            "'%s' (dimension %s of input '%s', %s)"
                .formatted(dims.get(i), i, input.name(), input.dimsText()));
      }
    }
    return sizes;
  }

  /** A given shape whose batch is 1 follows {@code --batch}, as a declared one does. */
  private Shape withBatch(Shape given, int axis) {
    boolean follows = batch.isPresent() && axis >= 0 && axis < given.rank() && given.dim(axis) == 1;
    return follows ? given.with(axis, batch.getAsLong()) : given;
  }

  /** The requested batch, which an input must have; else that of the first input with one. */
  private long boundBatch(List<ValueInfo> inputs, Map<String, TensorType> types, BatchAxes axes) {
    List<String> fixed = new ArrayList<>();
    for (ValueInfo input : inputs) {
      int axis = axes.of(input);
      Shape shape = Objects.requireNonNull(types.get(input.name())).shape();
      boolean hasBatch = axis >= 0 && axis < shape.rank();
      boolean follows =
          batch.isEmpty()
              ? shape.rank() > 1
              : hasBatch && (shape.dim(axis) == batch.getAsLong() || isNamed(input, axis));
      if (hasBatch && follows) {
        return Math.max(1, shape.dim(axis));
      }
      fixed.add("'" + input.name() + "' is " + (shape.rank() == 0 ? "a scalar" : shape));
    }
    if (batch.isPresent()) {
      throw new ModelException(
          ("no input follows the batch %s: %s; omit --batch, or export the model with a free batch"
                  + " dimension")
              .formatted(batch.getAsLong(), String.join(", ", fixed)));
    }
    return 1;
  }

  private static Shape shape(ValueInfo input, long[] sizes) {
    try {
      return Shape.of(sizes);
    } catch (ModelException e) {
      throw e.at("input '" + input.name() + "'");
    }
  }

  /** Whether the caller named this dimension, which takes precedence over the batch. */
  private boolean isNamed(ValueInfo input, int axis) {
    String symbol = input.dims() == null ? null : input.dims().get(axis).symbol();
    return symbol != null && dims.containsKey(symbol);
  }

  private long size(Dim dim, boolean isBatch) {
    String symbol = dim.symbol();
    if (symbol != null && dims.containsKey(symbol)) {
      return dims.get(symbol);
    }
    boolean follows = isBatch && (dim.isFree() || dim.size() == 1);
    return follows && batch.isPresent() ? batch.getAsLong() : dim.size();
  }

  private Shape checked(ValueInfo input, Shape given, int batchAxis) {
    List<Dim> declared = input.dims();
    if (declared == null) {
      return given;
    }
    if (declared.size() != given.rank()) {
      throw new ModelException(
          "input '%s' has %s dimensions (%s), not the %s of %s"
              .formatted(input.name(), declared.size(), input.dimsText(), given.rank(), given));
    }
    for (int i = 0; i < given.rank(); i++) {
      Dim dim = declared.get(i);
      boolean isOpen = dim.isFree() || (i == batchAxis && dim.size() == 1);
      if (!isOpen && dim.size() != given.dim(i)) {
        throw new ModelException(
            "input '%s' is declared as %s, which %s contradicts in dimension %s"
                .formatted(input.name(), input.dimsText(), given, i));
      }
    }
    return given;
  }

  private void requireKnown(List<ValueInfo> inputs) {
    Set<String> names = new LinkedHashSet<>();
    Set<String> symbols = new LinkedHashSet<>();
    for (ValueInfo input : inputs) {
      names.add(input.name());
      for (Dim dim : input.dims() == null ? List.<Dim>of() : input.dims()) {
        symbols.add(dim.symbol());
      }
    }
    symbols.remove(null);
    List<String> given = new ArrayList<>(shapes.keySet());
    given.addAll(values.keySet());
    for (String name : given) {
      if (!names.contains(name)) {
        throw new ModelException(
            "the model has no input '" + name + "'; its inputs are " + String.join(", ", names));
      }
    }
    for (String name : dims.keySet()) {
      if (!symbols.contains(name)) {
        throw new ModelException(
            "the model has no free dimension '%s'; it has %s"
                .formatted(name, symbols.isEmpty() ? "none" : String.join(", ", symbols)));
      }
    }
  }
}
