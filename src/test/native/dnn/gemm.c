/*
 * Matrix product for convolution: blocks over m, n and k, B packed into panels of 16 columns, a 6 x 16 block of C in
 * registers. Compiled for AVX-512, AVX2 and plain x86-64; the loader chooses.
 */
#define _GNU_SOURCE
#include "dnn.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 6
#define COLUMNS 16
#define BLOCK_K 320
#define BLOCK_N 512
#define BLOCK_M 240

typedef float lane __attribute__((vector_size(64), aligned(64), may_alias));

/* c[6][16] += a[k][6] * b[k][16] */
__attribute__((target_clones("avx512f", "arch=haswell", "default"))) static void
block(int64_t k, const float *a, const float *b, float *c)
{
    lane c0 = {0}, c1 = {0}, c2 = {0}, c3 = {0}, c4 = {0}, c5 = {0};
    for (int64_t i = 0; i < k; i++) {
        lane bv = *(const lane *)(b + i * COLUMNS);
        const float *av = a + i * ROWS;
        c0 += av[0] * bv;
        c1 += av[1] * bv;
        c2 += av[2] * bv;
        c3 += av[3] * bv;
        c4 += av[4] * bv;
        c5 += av[5] * bv;
    }
    lane *out = (lane *)c;
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3, out[4] = c4, out[5] = c5;
}

struct product {
    int64_t m, n, k;
    const float *a;
    int64_t a_row, a_column;
    const struct gemm_b *b;
    float *c;
    int64_t c_row;
    bool split_m; /* the two threads share m instead of n */
};

static void pack_a(const struct product *p, int64_t m0, int64_t m1, int64_t k0, int64_t k1, float *out)
{
    for (int64_t m = m0; m < m1; m += ROWS)
        for (int64_t k = k0; k < k1; k++)
            for (int64_t r = 0; r < ROWS; r++)
                *out++ = m + r < m1 ? p->a[(m + r) * p->a_row + k * p->a_column] : 0;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* One part of C: all of k for rows m0..m1 and columns n0..n1. */
static void part(const struct product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1)
{
    float *a = dnn_floats((BLOCK_M + ROWS) * BLOCK_K);
    float *b = dnn_floats((int64_t)BLOCK_N * BLOCK_K);
    _Alignas(64) float c[ROWS * COLUMNS];
    for (int64_t jn = n0; jn < n1; jn += BLOCK_N) {
        int64_t j_end = smaller(jn + BLOCK_N, n1);
        for (int64_t jk = 0; jk < p->k; jk += BLOCK_K) {
            int64_t k_end = smaller(jk + BLOCK_K, p->k), depth = k_end - jk;
            for (int64_t j = jn; j < j_end; j += COLUMNS)
                p->b->pack(p->b, jk, k_end, j, (int)smaller(COLUMNS, j_end - j), b + (j - jn) * depth);
            for (int64_t jm = m0; jm < m1; jm += BLOCK_M) {
                int64_t m_end = smaller(jm + BLOCK_M, m1);
                pack_a(p, jm, m_end, jk, k_end, a);
                for (int64_t j = jn; j < j_end; j += COLUMNS) {
                    int64_t width = smaller(COLUMNS, j_end - j);
                    for (int64_t i = jm; i < m_end; i += ROWS) {
                        block(depth, a + (i - jm) * depth, b + (j - jn) * depth, c);
                        int64_t height = smaller(ROWS, m_end - i);
                        for (int64_t r = 0; r < height; r++) {
                            float *to = p->c + (i + r) * p->c_row + j;
                            const float *from = c + r * COLUMNS;
                            if (jk == 0)
                                memcpy(to, from, (size_t)width * sizeof(float));
                            else
                                for (int64_t x = 0; x < width; x++)
                                    to[x] += from[x];
                        }
                    }
                }
            }
        }
    }
    free(a);
    free(b);
}

__attribute__((target_clones("avx512f", "arch=haswell", "default"), optimize("associative-math", "no-signed-zeros", "no-trapping-math"))) static float
dot(int64_t k, const float *a, const float *b)
{
    float sum = 0;
    for (int64_t i = 0; i < k; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Few columns (a fully connected layer with a small batch): one dot product each, because blocks would be mostly padding. */
static void narrow(const struct product *p, int64_t m0, int64_t m1)
{
    float *columns = dnn_floats(p->n * p->k);
    float *packed = dnn_floats(p->k * COLUMNS);
    p->b->pack(p->b, 0, p->k, 0, (int)p->n, packed);
    for (int64_t j = 0; j < p->n; j++)
        for (int64_t i = 0; i < p->k; i++)
            columns[j * p->k + i] = packed[i * COLUMNS + j];
    for (int64_t m = m0; m < m1; m++)
        for (int64_t j = 0; j < p->n; j++)
            p->c[m * p->c_row + j] = dot(p->k, p->a + m * p->a_row, columns + j * p->k);
    free(columns);
    free(packed);
}

static void half(void *context, int64_t index)
{
    const struct product *p = context;
    if (p->n <= 4 && p->a_column == 1) {
        narrow(p, index == 0 ? 0 : p->m / 2, index == 0 ? p->m / 2 : p->m);
        return;
    }
    if (p->split_m) {
        int64_t middle = p->m / 2 / ROWS * ROWS;
        part(p, index == 0 ? 0 : middle, index == 0 ? middle : p->m, 0, p->n);
    } else {
        int64_t middle = p->n / 2 / COLUMNS * COLUMNS;
        part(p, 0, p->m, index == 0 ? 0 : middle, index == 0 ? middle : p->n);
    }
}

void dnn_gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const struct gemm_b *b,
              float *c, int64_t c_row, int threads)
{
    struct product product = {m, n, k, a, a_row, a_column, b, c, c_row, n < 128};
    if (threads < 2 || (double)m * (double)n * (double)k < 2e6) {
        if (n <= 4 && a_column == 1)
            narrow(&product, 0, m);
        else
            part(&product, 0, m, 0, n);
    } else {
        dnn_parallel(2, half, &product);
    }
}

static void pack_matrix(const struct gemm_b *self, int64_t k0, int64_t k1, int64_t n0, int width, float *out)
{
    const struct gemm_matrix *matrix = self->context;
    for (int64_t k = k0; k < k1; k++, out += COLUMNS) {
        const float *from = matrix->data + k * matrix->row + n0 * matrix->column;
        for (int x = 0; x < COLUMNS; x++)
            out[x] = x < width ? from[x * matrix->column] : 0;
    }
}

struct gemm_b dnn_gemm_matrix(const struct gemm_matrix *matrix)
{
    return (struct gemm_b){pack_matrix, matrix};
}

/* ---- Two threads ---- */

struct share {
    int64_t count;
    int64_t next;
    void (*body)(void *context, int64_t index);
    void *context;
};

static void *work(void *argument)
{
    struct share *share = argument;
    int64_t index;
    while ((index = __atomic_fetch_add(&share->next, 1, __ATOMIC_RELAXED)) < share->count)
        share->body(share->context, index);
    return NULL;
}

void dnn_parallel(int64_t count, void (*body)(void *context, int64_t index), void *context)
{
    struct share share = {count, 0, body, context};
    pthread_t thread;
    bool two = count > 1 && sysconf(_SC_NPROCESSORS_ONLN) > 1 && pthread_create(&thread, NULL, work, &share) == 0;
    work(&share);
    if (two)
        pthread_join(thread, NULL);
}
