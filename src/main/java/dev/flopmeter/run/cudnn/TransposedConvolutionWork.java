package dev.flopmeter.run.cudnn;

/**
 * A transposed convolution: the gradient of a convolution by its input.
 *
 * @param weights C x K/groups x window, row major
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
record TransposedConvolutionWork(
    View x, View weights, View y, int[] pad, int[] stride, int[] dilation, int groups)
    implements Work {}
