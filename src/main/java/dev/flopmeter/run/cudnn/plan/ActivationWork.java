package dev.flopmeter.run.cudnn.plan;

/** An element-wise function that cuDNN offers, on contiguous elements. */
public record ActivationWork(TensorView x, TensorView y, Kind kind, double coefficient)
    implements Work {
  /** With cuDNN's number of the mode. */
  public enum Kind {
    SIGMOID(0),
    RELU(1),
    TANH(2),
    CLIPPED_RELU(3),
    ELU(4),
    IDENTITY(5),
    SWISH(6);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    public int code() {
      return code;
    }
  }

  @Override
  public <T> T match(Cases<T> cases) {
    return cases.activation(this);
  }
}
