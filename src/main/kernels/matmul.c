/* Batched matrix product in fp32 (FMA), operands of any type and strides: for products that cuDNN does not compute. */
#include "kernel.h"

#define TILE 64 /* of y, per block of 256 threads */
#define DEPTH 16 /* of k, per round */
#define SPAN 4 /* each thread computes SPAN x SPAN elements, 16 apart */

/* y[batch][m][n] = alpha * sum over k of a[batch][m][k] * b[batch][k][n]; y is packed. One block per tile. */
struct matmul_arguments {
    const void *a, *b;
    void *y;
    long batches;
    int m, n, k;
    int a_type, b_type, y_type;
    float alpha;
    int unused;
    long a_row, a_column, b_row, b_column; /* strides in elements */
    int size[MAX_RANK]; /* of the batch; unused dimensions come first, size 1 */
    long a_batch[MAX_RANK], b_batch[MAX_RANK];
};

SHARED(float, left, TILE *DEPTH);
SHARED(float, right, TILE *DEPTH);

KERNEL_WITH_BARRIER(matmul, struct matmul_arguments)
{
    long columns = (arguments.n + TILE - 1) / TILE, rows = (arguments.m + TILE - 1) / TILE;
    long batch = BLOCK_X / (rows * columns);
    long tile = BLOCK_X % (rows * columns);
    int m0 = (int)(tile / columns) * TILE, n0 = (int)(tile % columns) * TILE;
    long a = 0, b = 0;
    unsigned rest = (unsigned)batch;
    UNROLL
    for (int d = MAX_RANK - 1; d >= 0; d--) {
        if (arguments.size[d] == 1)
            continue;
        unsigned at = rest % (unsigned)arguments.size[d];
        rest /= (unsigned)arguments.size[d];
        a += (long)at * arguments.a_batch[d];
        b += (long)at * arguments.b_batch[d];
    }
    int row = (int)(THREAD_X / 16), column = (int)(THREAD_X % 16);
    float sum[SPAN][SPAN];
    UNROLL
    for (int i = 0; i < SPAN; i++)
        UNROLL
        for (int j = 0; j < SPAN; j++)
            sum[i][j] = 0.0f;
    for (int k0 = 0; k0 < arguments.k; k0 += DEPTH) {
        UNROLL
        for (int i = 0; i < TILE * DEPTH / 256; i++) {
            /* Neighbouring threads read along k in a and along n in b, contiguous in row-major operands. */
            int at = (int)THREAD_X + i * 256;
            int m = m0 + at / DEPTH, ka = k0 + at % DEPTH;
            left[at % DEPTH * TILE + at / DEPTH] = m < arguments.m && ka < arguments.k
                ? load(arguments.a, arguments.a_type, a + m * arguments.a_row + ka * arguments.a_column) : 0.0f;
            int kb = k0 + at / TILE, n = n0 + at % TILE;
            right[at] = n < arguments.n && kb < arguments.k
                ? load(arguments.b, arguments.b_type, b + kb * arguments.b_row + n * arguments.b_column) : 0.0f;
        }
        barrier();
        for (int k = 0; k < DEPTH; k++) {
            float x[SPAN], w[SPAN];
            UNROLL
            for (int i = 0; i < SPAN; i++) {
                x[i] = left[k * TILE + row + 16 * i];
                w[i] = right[k * TILE + column + 16 * i];
            }
            UNROLL
            for (int i = 0; i < SPAN; i++)
                UNROLL
                for (int j = 0; j < SPAN; j++)
                    sum[i][j] = __builtin_fmaf(x[i], w[j], sum[i][j]);
        }
        barrier();
    }
    UNROLL
    for (int i = 0; i < SPAN; i++)
        UNROLL
        for (int j = 0; j < SPAN; j++) {
            int m = m0 + row + 16 * i, n = n0 + column + 16 * j;
            if (m < arguments.m && n < arguments.n)
                store(arguments.y, arguments.y_type, (batch * arguments.m + m) * arguments.n + n,
                      arguments.alpha * sum[i][j]);
        }
}
