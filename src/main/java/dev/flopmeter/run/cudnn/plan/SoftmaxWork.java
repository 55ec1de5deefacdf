package dev.flopmeter.run.cudnn.plan;

/** Softmax over the middle axis of x seen as outer x length x inner. */
public record SoftmaxWork(
    TensorView x, TensorView y, long outer, long length, long inner, boolean log) implements Work {
  @Override
  public <T> T match(Cases<T> cases) {
    return cases.softmax(this);
  }
}
