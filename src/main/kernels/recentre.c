/* Sums of products of 8-bit integers as if both had been taken less their zero points. */
#include "kernel.h"

/*
 * y[row][i] = sums[row][i] - (zero - shift) * columns[i] - zeros[i] * sums[row][channels], where the last sum is that of
 * all that was multiplied; then scaled.
 */
struct recentre_arguments {
    const int *sums; /* rows of `width` */
    const long *columns; /* the sum of each channel's weights, less their zero points */
    const long *zero; /* of what the weights are multiplied by; null: 0 */
    const long *zeros; /* of the weights, one a channel; null: 0 */
    const float *scale, *bias; /* one a channel; scale is null where y is integers, bias where there is none */
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
        /* Sums of 32 bits wrap, as the standard's do. */
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
