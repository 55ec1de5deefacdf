/* Inverses (Gauss-Jordan elimination with partial pivoting) and determinants of packed square matrices. */
#include "arithmetic.h"

struct inverse_arguments {
    const void *x;
    float *work; /* [matrices][2][n][n]: the matrix, and its future inverse */
    void *y;
    long matrices, n;
    int x_type, y_type;
};

SHARED(long, pivot, 1);

/* The row of the largest element of a column, on or below the diagonal, of the matrix at "from". */
DEVICE long largest_row(const float *work, long from, long n, long column)
{
    long best = column;
    for (long row = column + 1; row < n; row++)
        if (absolute(*AT(const float, work, from + row * n + column)) > absolute(*AT(const float, work, from + best * n + column)))
            best = row;
    return best;
}

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
            if (THREAD_X == 0)
                pivot[0] = largest_row(arguments.work, a, n, column);
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

/* Determinants by elimination with partial pivoting: one block per matrix. */
struct determinant_arguments {
    const void *x;
    float *work; /* [matrices][n][n] */
    void *y;
    long matrices, n;
    int x_type, y_type;
};

SHARED(float, product, 1);

KERNEL_WITH_BARRIER(determinant, struct determinant_arguments)
{
    long n = arguments.n;
    for (long matrix = BLOCK_X; matrix < arguments.matrices; matrix += GRID_SIZE_X) {
        long a = matrix * n * n;
        for (long i = THREAD_X; i < n * n; i += BLOCK_SIZE_X)
            *AT(float, arguments.work, a + i) = load(arguments.x, arguments.x_type, a + i);
        if (THREAD_X == 0)
            product[0] = 1.0f;
        barrier();
        for (long column = 0; column < n; column++) {
            if (THREAD_X == 0) {
                long best = largest_row(arguments.work, a, n, column);
                float scale = *AT(float, arguments.work, a + best * n + column);
                product[0] *= best == column ? scale : -scale;
                pivot[0] = best;
            }
            barrier();
            for (long i = column + THREAD_X; i < n; i += BLOCK_SIZE_X) {
                float moved = *AT(float, arguments.work, a + pivot[0] * n + i);
                *AT(float, arguments.work, a + pivot[0] * n + i) = *AT(float, arguments.work, a + column * n + i);
                *AT(float, arguments.work, a + column * n + i) = moved;
            }
            barrier();
            float scale = *AT(float, arguments.work, a + column * n + column);
            for (long row = column + 1 + THREAD_X; row < n; row += BLOCK_SIZE_X) {
                float factor = scale == 0.0f ? 0.0f : *AT(float, arguments.work, a + row * n + column) / scale;
                for (long i = column + 1; i < n; i++)
                    *AT(float, arguments.work, a + row * n + i) -= factor * *AT(float, arguments.work, a + column * n + i);
            }
            barrier();
        }
        if (THREAD_X == 0)
            store(arguments.y, arguments.y_type, matrix, product[0]);
        barrier();
    }
}
