/* The inverses of packed square matrices, by Gauss and Jordan with the largest of each column as pivot: one block a matrix. */
#include "arithmetic.h"

struct inverse_arguments {
    const void *x;
    float *work; /* [matrices][2][n][n]: the matrix, and what becomes its inverse */
    void *y;
    long matrices, n;
    int x_type, y_type;
};

SHARED(long, pivot, 1);

KERNEL_WITH_BARRIER(inverse, struct inverse_arguments)
{
    long n = arguments.n;
    for (long matrix = BLOCK_X; matrix < arguments.matrices; matrix += GRID_SIZE_X) {
        long from = matrix * n * n, a = 2 * from, r = a + n * n;
        for (long i = THREAD_X; i < n * n; i += BLOCK_SIZE_X) {
            *AT(float, arguments.work, a + i) = load(arguments.x, arguments.x_type, from + i);
            *AT(float, arguments.work, r + i) = i / n == i % n ? 1.0f : 0.0f;
        }
        barrier();
        for (long column = 0; column < n; column++) {
            if (THREAD_X == 0) {
                long best = column;
                for (long row = column + 1; row < n; row++)
                    if (absolute(*AT(float, arguments.work, a + row * n + column))
                        > absolute(*AT(float, arguments.work, a + best * n + column)))
                        best = row;
                pivot[0] = best;
            }
            barrier();
            long best = pivot[0];
            float scale = *AT(float, arguments.work, a + best * n + column);
            barrier(); /* the scale is overwritten now */
            for (long i = THREAD_X; i < 2 * n; i += BLOCK_SIZE_X) {
                long at = (i < n ? a : r) + i % n;
                float scaled = *AT(float, arguments.work, at + best * n) / scale;
                *AT(float, arguments.work, at + best * n) = *AT(float, arguments.work, at + column * n);
                *AT(float, arguments.work, at + column * n) = scaled;
            }
            barrier();
            for (long row = THREAD_X; row < n; row += BLOCK_SIZE_X) {
                float factor = *AT(float, arguments.work, a + row * n + column);
                for (long i = 0; row != column && i < 2 * n; i++) {
                    long at = (i < n ? a : r) + i % n;
                    *AT(float, arguments.work, at + row * n) -= factor * *AT(float, arguments.work, at + column * n);
                }
            }
            barrier();
        }
        for (long i = THREAD_X; i < n * n; i += BLOCK_SIZE_X)
            store(arguments.y, arguments.y_type, from + i, *AT(float, arguments.work, r + i));
        barrier();
    }
}
