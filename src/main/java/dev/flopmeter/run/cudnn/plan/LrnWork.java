package dev.flopmeter.run.cudnn.plan;

/** Local response normalisation across channels, NCHW. */
public record LrnWork(TensorView x, TensorView y, int size, double alpha, double beta, double k)
    implements Work {
  @Override
  public <T> T match(Cases<T> cases) {
    return cases.lrn(this);
  }
}
