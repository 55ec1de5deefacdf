package dev.flopmeter.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The types of a model's inputs once their shapes are bound.
 *
 * @param types by input name, in order
 * @param batch inferences of one pass: the size of the batch dimension, 1 if no input has one
 */
public record InputTypes(Map<String, TensorType> types, long batch) {
  public InputTypes {
    types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
  }
}
