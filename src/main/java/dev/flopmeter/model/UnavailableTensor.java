package dev.flopmeter.model;

import java.nio.ByteBuffer;

/**
 * A stored tensor whose type is known but whose values are not available: its file is missing, or
 * it is too large for one buffer. It can be counted, not run.
 *
 * @param missingFile the name of the missing file, as the model gives it; empty if the values are
 *     missing for another reason
 * @param reason the message of {@link #data}, for the user
 */
public record UnavailableTensor(TensorType type, String missingFile, String reason)
    implements Tensor {

  @Override
  public boolean isAvailable() {
    return false;
  }

  @Override
  public ByteBuffer data() {
    throw new ModelException(reason);
  }

  @Override
  public double doubleAt(long index) {
    throw new ModelException(reason);
  }

  @Override
  public Tensor reshaped(Shape shape) {
    return new UnavailableTensor(type.withShape(shape), missingFile, reason);
  }
}
