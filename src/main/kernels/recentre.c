/* Corrects sums of products of 8-bit integers for the zero points of both operands. */
#include "kernel.h"

/*
 * y[row][i] = sums[row][i] - (zero - shift) * columns[i] - zeros[i] * sums[row][channels], where the last sum is the
 * sum of all data in the window; then scaled.
 */
struct recentre_arguments {
    const int *sums; /* rows of `width` */
    const long *columns; /* the sum of each channel's weights, less their zero points */
    const long *zero; /* of the data; null means 0 */
    const long *zeros; /* of the weights, one per channel; null means 0 */
    const float *scale, *bias; /* one per channel; scale is null if y holds integers, bias if there is none */
    void *y;
    long count; /* elements of y */
    int channels, width;
    int shift, y_type;
};

KERNEL(recentre, struct recentre_arguments)
{
    int zero = (arguments.zero == 0 ? 0 : (int)*AT(const long, arguments.zero, 0)) - arguments.shift;
    FOR_EACH_INDEX(i, arguments.count)
    {
        long row = i / arguments.channels * arguments.width;
        int channel = (int)(i % arguments.channels);
        /* 32-bit sums wrap around, as in the ONNX standard. */
        unsigned sum = (unsigned)*AT(const int, arguments.sums, row + channel);
        sum -= (unsigned)zero * (unsigned)*AT(const long, arguments.columns, channel);
        if (arguments.zeros != 0)
            sum -= (unsigned)*AT(const long, arguments.zeros, channel)
                * (unsigned)*AT(const int, arguments.sums, row + arguments.channels);
        if (arguments.scale == 0) {
            *AT(long, arguments.y, i) = (int)sum;
            continue;
        }
        float value = (float)(int)sum * *AT(const float, arguments.scale, channel);
        store(arguments.y, arguments.y_type, i,
              arguments.bias == 0 ? value : value + *AT(const float, arguments.bias, channel));
    }
}
