/* Pooling, including forms that cuDNN lacks: uneven padding, windows cut off at the end, dilation, indices, norms. */
#include "arithmetic.h"

enum pool_operation { POOL_MAX = 0, POOL_AVERAGE = 1, POOL_AVERAGE_WITH_PADDING = 2, POOL_NORM = 3 };

/* Three spatial axes, the unused leading ones with size 1. Row major, or with channels last. */
struct pool_arguments {
    const void *x;
    void *y;
    long *indices; /* of the maxima within the whole of x; may be null */
    long count; /* elements of y */
    long image, gap; /* elements per image of y, and between two images */
    int operation, x_type, y_type;
    int p; /* of the norm */
    int column_major; /* how the indices count the spatial axes */
    int channels; /* if they are last, else 1 */
    int in[3], out[3], window[3], stride[3], dilation[3], pad[3], pad_end[3];
};

KERNEL(pool, struct pool_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long place = i / arguments.channels;
        long plane = place / ((long)arguments.out[0] * arguments.out[1] * arguments.out[2]);
        unsigned rest = (unsigned)(place % ((long)arguments.out[0] * arguments.out[1] * arguments.out[2]));
        int start[3];
        UNROLL
        for (int d = 2; d >= 0; d--) {
            start[d] = (int)(rest % (unsigned)arguments.out[d]) * arguments.stride[d] - arguments.pad[d];
            rest /= (unsigned)arguments.out[d];
        }
        long base = plane * arguments.in[0] * arguments.in[1] * arguments.in[2];
        float result = arguments.operation == POOL_MAX ? -INFINITE : 0.0f;
        long best = -1;
        int inside = 0, padded = 0;
        for (int a = 0; a < arguments.window[0]; a++)
            for (int b = 0; b < arguments.window[1]; b++)
                for (int c = 0; c < arguments.window[2]; c++) {
                    int z = start[0] + a * arguments.dilation[0];
                    int y = start[1] + b * arguments.dilation[1];
                    int x = start[2] + c * arguments.dilation[2];
                    /* Positions beyond the end padding do not belong to the window. */
                    if (z < arguments.in[0] + arguments.pad_end[0] && y < arguments.in[1] + arguments.pad_end[1]
                        && x < arguments.in[2] + arguments.pad_end[2])
                        padded++;
                    if (z < 0 || y < 0 || x < 0 || z >= arguments.in[0] || y >= arguments.in[1] || x >= arguments.in[2])
                        continue;
                    inside++;
                    long at = ((long)z * arguments.in[1] + y) * arguments.in[2] + x;
                    float value = load(arguments.x, arguments.x_type,
                                       (base + at) * arguments.channels + i % arguments.channels);
                    if (arguments.operation == POOL_MAX) {
                        if (best < 0 || value > result || is_nan(value)) {
                            result = value;
                            best = arguments.column_major
                                ? ((long)x * arguments.in[1] + y) * arguments.in[0] + z : at;
                        }
                    } else if (arguments.operation == POOL_NORM) {
                        result += arguments.p == 1 ? absolute(value)
                            : arguments.p == 2 ? value * value : power(absolute(value), (float)arguments.p);
                    } else {
                        result += value;
                    }
                }
        if (arguments.operation == POOL_AVERAGE)
            result /= (float)(inside > 0 ? inside : 1);
        else if (arguments.operation == POOL_AVERAGE_WITH_PADDING)
            result /= (float)(padded > 0 ? padded : 1);
        else if (arguments.operation == POOL_NORM && arguments.p != 1)
            result = arguments.p == 2 ? square_root(result) : power(result, 1.0f / (float)arguments.p);
        store(arguments.y, arguments.y_type, i + i / arguments.image * arguments.gap, result);
        if (arguments.indices != 0)
            *AT(long, arguments.indices, i) = base + best;
    }
}
