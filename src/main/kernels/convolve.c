/* Convolutions that no cuDNN engine supports, or only with rounded operands: one thread per element, in fp32. */
#include "kernel.h"

/* Axes are image, channel and three spatial axes, the unused leading ones with size 1; strides are in elements. */
struct convolve_arguments {
    const void *x, *weights; /* weights: (channel of y, of x) or transposed (channel of x, of y), one of them in its group */
    void *y;
    long count; /* elements of y */
    long x_stride[5], weights_stride[5], y_stride[5];
    int in[3], out[3], window[3], stride[3], dilation[3], pad[3];
    int channels; /* of y */
    int x_group, y_group; /* channels of a group */
    int transposed, type;
    int unused;
};

KERNEL(convolve, struct convolve_arguments)
{
    int type = arguments.type, transposed = arguments.transposed;
    FOR_EACH_INDEX(i, arguments.count)
    {
        long rest = i, y = 0;
        int at[3];
        UNROLL
        for (int d = 2; d >= 0; d--) {
            at[d] = (int)(rest % arguments.out[d]);
            rest /= arguments.out[d];
            y += at[d] * arguments.y_stride[d + 2];
        }
        int channel = (int)(rest % arguments.channels), group = channel / arguments.y_group;
        long image = rest / arguments.channels, first = (long)group * arguments.x_group;
        float sum = 0.0f;
        for (int a = 0; a < arguments.window[0]; a++)
            for (int b = 0; b < arguments.window[1]; b++)
                for (int c = 0; c < arguments.window[2]; c++) {
                    int tap[3] = {a, b, c}, inside = 1;
                    long x = image * arguments.x_stride[0], w = 0;
                    UNROLL
                    for (int d = 0; d < 3; d++) {
                        int from = transposed ? at[d] + arguments.pad[d] - tap[d] * arguments.dilation[d]
                            : at[d] * arguments.stride[d] - arguments.pad[d] + tap[d] * arguments.dilation[d];
                        if (transposed) {
                            inside &= from >= 0 && from % arguments.stride[d] == 0;
                            from /= arguments.stride[d];
                        }
                        inside &= from >= 0 && from < arguments.in[d];
                        x += from * arguments.x_stride[d + 2];
                        w += tap[d] * arguments.weights_stride[d + 2];
                    }
                    if (!inside)
                        continue;
                    w += transposed ? first * arguments.weights_stride[0]
                            + channel % arguments.y_group * arguments.weights_stride[1]
                        : channel * arguments.weights_stride[0];
                    long step = transposed ? arguments.weights_stride[0] : arguments.weights_stride[1];
                    for (long j = 0; j < arguments.x_group; j++)
                        sum = __builtin_fmaf(load(arguments.x, type, x + (first + j) * arguments.x_stride[1]),
                                             load(arguments.weights, type, w + j * step), sum);
                }
        store(arguments.y, type, image * arguments.y_stride[0] + channel * arguments.y_stride[1] + y, sum);
    }
}
