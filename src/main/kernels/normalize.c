/* Normalisation: by given statistics per channel, by the statistics of rows, and across channels. */
#include "arithmetic.h"

/* y = (x - mean) * scale / sqrt(variance + epsilon) + bias; the parameters are packed and of x's type. */
struct batch_normalize_arguments {
    const void *x;
    void *y;
    const void *scale, *bias, *mean, *variance;
    long count; /* product of size */
    int type;
    float epsilon;
    int size[MAX_RANK];
    long x_stride[MAX_RANK], parameter_stride[MAX_RANK], y_stride[MAX_RANK];
};

KERNEL(batch_normalize, struct batch_normalize_arguments)
{
    int type = arguments.type;
    FOR_EACH_INDEX(i, arguments.count)
    {
        unsigned rest = (unsigned)i;
        long x = 0, parameter = 0, y = 0;
        UNROLL
        for (int d = MAX_RANK - 1; d >= 0; d--) {
            if (arguments.size[d] == 1)
                continue;
            unsigned at = rest % (unsigned)arguments.size[d];
            rest /= (unsigned)arguments.size[d];
            x += (long)at * arguments.x_stride[d];
            parameter += (long)at * arguments.parameter_stride[d];
            y += (long)at * arguments.y_stride[d];
        }
        float scale = load(arguments.scale, type, parameter)
            / square_root(load(arguments.variance, type, parameter) + arguments.epsilon);
        float value = load(arguments.x, type, x) - load(arguments.mean, type, parameter);
        store(arguments.y, type, y, value * scale + load(arguments.bias, type, parameter));
    }
}

enum row_operation { MEAN_AND_VARIANCE = 0, ROOT_MEAN_SQUARE = 1 };

/* One block of at most 1024 threads per row; rows are packed. */
struct normalize_rows_arguments {
    const void *x;
    void *y;
    const void *scale, *bias; /* may be null */
    void *mean, *inverse; /* of each row, may be null */
    long rows, length;
    long run; /* elements of a row that share a scale */
    long repeat; /* rows after which the scales repeat */
    int operation, type;
    float epsilon;
    int unused;
};

SHARED(float, partial, 1024);

DEVICE float sum_of_block(float mine)
{
    partial[THREAD_X] = mine;
    barrier();
    for (unsigned live = BLOCK_SIZE_X; live > 1;) {
        unsigned half = (live + 1) / 2;
        if (THREAD_X < live - half)
            partial[THREAD_X] += partial[THREAD_X + half];
        barrier();
        live = half;
    }
    float sum = partial[0];
    barrier(); /* partial is used again */
    return sum;
}

KERNEL_WITH_BARRIER(normalize_rows, struct normalize_rows_arguments)
{
    int operation = arguments.operation, type = arguments.type;
    long length = arguments.length;
    for (long row = BLOCK_X; row < arguments.rows; row += GRID_SIZE_X) {
        long base = row * length;
        float mean = 0.0f;
        if (operation == MEAN_AND_VARIANCE) {
            float sum = 0.0f;
            for (long i = THREAD_X; i < length; i += BLOCK_SIZE_X)
                sum += load(arguments.x, type, base + i);
            mean = sum_of_block(sum) / (float)length;
        }
        float sum = 0.0f;
        for (long i = THREAD_X; i < length; i += BLOCK_SIZE_X) {
            float value = load(arguments.x, type, base + i) - mean;
            sum += value * value;
        }
        sum = sum_of_block(sum);
        float inverse = 1.0f / square_root(sum / (float)length + arguments.epsilon);
        if (THREAD_X == 0 && arguments.mean != 0)
            store(arguments.mean, type, row, mean);
        if (THREAD_X == 0 && arguments.inverse != 0)
            store(arguments.inverse, type, row, inverse);
        long first = row % arguments.repeat * (length / arguments.run);
        for (long i = THREAD_X; i < length; i += BLOCK_SIZE_X) {
            float value = (load(arguments.x, type, base + i) - mean) * inverse;
            if (arguments.scale != 0)
                value *= load(arguments.scale, type, first + i / arguments.run);
            if (arguments.bias != 0)
                value += load(arguments.bias, type, first + i / arguments.run);
            store(arguments.y, type, base + i, value);
        }
    }
}

/* y = x / (bias + alpha / size * the sum of squares of `size` channels)^beta; of an even size, one more channel follows. */
struct lrn_arguments {
    const void *x;
    void *y;
    long count, channels, inner; /* elements of a channel */
    int size, type;
    float alpha, beta, bias;
    int unused;
};

KERNEL(lrn, struct lrn_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long channel = i / arguments.inner % arguments.channels;
        long first = channel - (arguments.size - 1) / 2, last = channel + arguments.size / 2;
        float sum = 0.0f;
        for (long c = first < 0 ? 0 : first; c <= last && c < arguments.channels; c++) {
            float value = load(arguments.x, arguments.type, i + (c - channel) * arguments.inner);
            sum += value * value;
        }
        float base = arguments.bias + arguments.alpha / (float)arguments.size * sum;
        store(arguments.y, arguments.type, i, load(arguments.x, arguments.type, i) * power(base, -arguments.beta));
    }
}
