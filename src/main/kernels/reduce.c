/* Reductions over rows, and softmax: the example of cooperation between the threads of a block. */
#include "arithmetic.h"

enum reduce_operation { REDUCE_SUM = 0, REDUCE_MEAN = 1, REDUCE_MAX = 2, REDUCE_MIN = 3, REDUCE_SUM_OF_SQUARES = 4,
                        REDUCE_NORM1 = 5, REDUCE_NORM2 = 6, REDUCE_PRODUCT = 7 };

/* y[row] = the reduction of x[row * row_stride + i * stride] over i; one block of at most 1024 threads per row. */
struct reduce_rows_arguments {
    const void *x;
    void *y;
    long rows, length;
    long row_stride, stride;
    int operation;
    int x_type, y_type;
    int unused;
};

DEVICE float combine(int operation, float a, float b)
{
    switch (operation) {
    case REDUCE_MAX: return larger(a, b);
    case REDUCE_MIN: return smaller(a, b);
    case REDUCE_PRODUCT: return a * b;
    default: return a + b;
    }
}

SHARED(float, partial, 1024);

/* The combined values of all threads of the block, returned to each of them. */
DEVICE float combined(int operation, float mine)
{
    partial[THREAD_X] = mine;
    barrier();
    /* Any block size: the upper part is folded onto the lower, the middle one waits for the next round. */
    for (unsigned live = BLOCK_SIZE_X; live > 1;) {
        unsigned half = (live + 1) / 2;
        if (THREAD_X < live - half)
            partial[THREAD_X] = combine(operation, partial[THREAD_X], partial[THREAD_X + half]);
        barrier();
        live = half;
    }
    float result = partial[0];
    barrier(); /* partial is used again */
    return result;
}

KERNEL_WITH_BARRIER(reduce_rows, struct reduce_rows_arguments)
{
    int operation = arguments.operation;
    for (long row = BLOCK_X; row < arguments.rows; row += GRID_SIZE_X) {
        float sum = operation == REDUCE_MAX ? -INFINITE : operation == REDUCE_MIN ? INFINITE
                  : operation == REDUCE_PRODUCT ? 1.0f : 0.0f;
        for (long i = THREAD_X; i < arguments.length; i += BLOCK_SIZE_X) {
            float x = load(arguments.x, arguments.x_type, row * arguments.row_stride + i * arguments.stride);
            if (operation == REDUCE_SUM_OF_SQUARES || operation == REDUCE_NORM2)
                x = x * x;
            else if (operation == REDUCE_NORM1)
                x = absolute(x);
            sum = combine(operation, sum, x);
        }
        float result = combined(operation, sum);
        if (THREAD_X == 0) {
            if (operation == REDUCE_MEAN)
                result /= (float)arguments.length;
            else if (operation == REDUCE_NORM2)
                result = square_root(result);
            store(arguments.y, arguments.y_type, row, result);
        }
    }
}

enum softmax_operation { SOFTMAX = 0, LOG_SOFTMAX = 1, SOFTMAX_OR_ZERO = 2 /* of a row of -infinity: 0 */ };

/* The same for integers, exact; one thread per row. */
KERNEL(reduce_whole, struct reduce_rows_arguments)
{
    FOR_EACH_INDEX(row, arguments.rows)
    {
        int operation = arguments.operation;
        long result = operation == REDUCE_MAX ? (long)(1UL << 63) : operation == REDUCE_MIN ? (long)(~0UL >> 1)
                    : operation == REDUCE_PRODUCT ? 1 : 0;
        for (long i = 0; i < arguments.length; i++) {
            long x = *AT(const long, arguments.x, row * arguments.row_stride + i * arguments.stride);
            if (operation == REDUCE_MAX)
                result = x > result ? x : result;
            else if (operation == REDUCE_MIN)
                result = x < result ? x : result;
            else if (operation == REDUCE_PRODUCT)
                result = (long)((unsigned long)result * (unsigned long)x);
            else if (operation == REDUCE_SUM_OF_SQUARES || operation == REDUCE_NORM2)
                result += (long)((unsigned long)x * (unsigned long)x);
            else
                result += operation == REDUCE_NORM1 && x < 0 ? -x : x;
        }
        if (operation == REDUCE_MEAN && arguments.length > 0)
            result /= arguments.length;
        else if (operation == REDUCE_NORM2)
            result = (long)__builtin_sqrt((double)result);
        *AT(long, arguments.y, row) = result;
    }
}

/* Softmax of each row, or its logarithm. Row r starts at r / inner * length * inner + r % inner; its elements are
 * `inner` apart. */
struct softmax_rows_arguments {
    const void *x;
    void *y;
    long rows, length, inner;
    int operation, type;
};

KERNEL_WITH_BARRIER(softmax_rows, struct softmax_rows_arguments)
{
    long length = arguments.length, inner = arguments.inner;
    for (long row = BLOCK_X; row < arguments.rows; row += GRID_SIZE_X) {
        long base = row / inner * length * inner + row % inner;
        float largest = -INFINITE;
        for (long i = THREAD_X; i < length; i += BLOCK_SIZE_X)
            largest = larger(largest, load(arguments.x, arguments.type, base + i * inner));
        largest = combined(REDUCE_MAX, largest);
        float sum = 0.0f;
        for (long i = THREAD_X; i < length; i += BLOCK_SIZE_X)
            sum += exponential(load(arguments.x, arguments.type, base + i * inner) - largest);
        sum = combined(REDUCE_SUM, sum);
        int blind = arguments.operation == SOFTMAX_OR_ZERO && largest == -INFINITE;
        float shift = arguments.operation == LOG_SOFTMAX ? logarithm(sum) : 0.0f;
        for (long i = THREAD_X; i < length; i += BLOCK_SIZE_X) {
            float value = load(arguments.x, arguments.type, base + i * inner) - largest;
            store(arguments.y, arguments.type, base + i * inner,
                  blind ? 0.0f : arguments.operation == LOG_SOFTMAX ? value - shift : exponential(value) / sum);
        }
    }
}
