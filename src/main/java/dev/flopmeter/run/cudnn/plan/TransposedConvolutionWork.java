package dev.flopmeter.run.cudnn.plan;

/**
 * A transposed convolution: the gradient of a convolution by its input.
 *
 * @param weights C x K/groups x window, row major
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record TransposedConvolutionWork(
    TensorView x,
    TensorView weights,
    TensorView y,
    int[] pad,
    int[] stride,
    int[] dilation,
    int groups)
    implements Work {
  @Override
  public <T> T match(Cases<T> cases) {
    return cases.transposedConvolution(this);
  }
}
