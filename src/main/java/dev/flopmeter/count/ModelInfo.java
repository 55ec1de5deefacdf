package dev.flopmeter.count;

import dev.flopmeter.model.TensorType;
import java.util.List;

/** Which model was counted, and with which inputs. */
public record ModelInfo(String name, String source, int opset, List<Input> inputs) {
  /** One fed tensor. */
  public record Input(String name, TensorType type) {}

  public ModelInfo {
    inputs = List.copyOf(inputs);
  }
}
