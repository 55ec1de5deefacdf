/* Reductions over rows: the example of threads of a block working together. */
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
        partial[THREAD_X] = sum;
        barrier();
        /* Any block size: the upper part is folded onto the lower, the middle one waits for the next round. */
        for (unsigned live = BLOCK_SIZE_X; live > 1;) {
            unsigned half = (live + 1) / 2;
            if (THREAD_X < live - half)
                partial[THREAD_X] = combine(operation, partial[THREAD_X], partial[THREAD_X + half]);
            barrier();
            live = half;
        }
        if (THREAD_X == 0) {
            float result = partial[0];
            if (operation == REDUCE_MEAN)
                result /= (float)arguments.length;
            else if (operation == REDUCE_NORM2)
                result = square_root(result);
            store(arguments.y, arguments.y_type, row, result);
        }
        barrier(); /* partial is used again for the next row */
    }
}
