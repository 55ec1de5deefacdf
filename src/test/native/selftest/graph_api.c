/* The backend API: a convolution with bias and ReLU, a matrix product with an epilogue, reductions, norms. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INT64 = 3, DATA_TYPE = 1, BOOLEAN = 2, DOUBLE = 5, VOID_PTR = 6, HANDLE = 0, DESCRIPTOR = 15 };

static dnn made(int type)
{
    dnn d;
    OK(cudnnBackendCreateDescriptor(type, &d));
    return d;
}

static void set_int64(dnn d, int name, int count, const int *values)
{
    int64_t wide[8];
    for (int i = 0; i < count; i++)
        wide[i] = values[i];
    OK(cudnnBackendSetAttribute(d, name, INT64, count, wide));
}

static void set_descriptor(dnn d, int name, dnn other)
{
    OK(cudnnBackendSetAttribute(d, name, DESCRIPTOR, 1, &other));
}

static dnn tensor(const struct test_tensor *t, int id, bool is_virtual)
{
    dnn d = made(17);
    set_int64(d, 902, t->rank, t->dim);
    set_int64(d, 903, t->rank, t->stride);
    set_int64(d, 906, 1, &id);
    set_int64(d, 900, 1, (int[]){16});
    STATUS(2000, cudnnBackendFinalize(d)); /* the type is missing */
    STATUS(2010, cudnnBackendSetAttribute(d, 901, INT64, 1, &(int64_t){0}));
    OK(cudnnBackendSetAttribute(d, 901, DATA_TYPE, 1, &t->type));
    OK(cudnnBackendSetAttribute(d, 907, BOOLEAN, 1, &is_virtual));
    STATUS(2004, cudnnBackendGetAttribute(d, 901, DATA_TYPE, 1, NULL, &(int){0}));
    OK(cudnnBackendFinalize(d));
    STATUS(2000, cudnnBackendSetAttribute(d, 901, DATA_TYPE, 1, &t->type));
    return d;
}

static dnn pointwise(int mode, dnn x, dnn b, dnn y)
{
    dnn d = made(0), op = made(13);
    OK(cudnnBackendSetAttribute(d, 0, 14, 1, &mode));
    OK(cudnnBackendFinalize(d));
    set_descriptor(op, 750, d);
    set_descriptor(op, 751, x);
    if (b != NULL)
        set_descriptor(op, 752, b);
    set_descriptor(op, 753, y);
    OK(cudnnBackendFinalize(op));
    OK(cudnnBackendDestroyDescriptor(d));
    return op;
}

static dnn product_of(dnn a, dnn b, dnn c)
{
    dnn d = made(18), op = made(19);
    OK(cudnnBackendSetAttribute(d, 1500, DATA_TYPE, 1, &(int){FP32}));
    OK(cudnnBackendFinalize(d));
    set_descriptor(op, 1520, a);
    set_descriptor(op, 1521, b);
    set_descriptor(op, 1522, c);
    set_descriptor(op, 1523, d);
    OK(cudnnBackendFinalize(op));
    OK(cudnnBackendDestroyDescriptor(d));
    return op;
}

static dnn reduction_of(int kind, dnn x, dnn y)
{
    dnn d = made(21), op = made(22);
    OK(cudnnBackendSetAttribute(d, 1600, 18, 1, &kind));
    OK(cudnnBackendSetAttribute(d, 1601, DATA_TYPE, 1, &(int){FP32}));
    OK(cudnnBackendFinalize(d));
    set_descriptor(op, 1610, x);
    set_descriptor(op, 1611, y);
    set_descriptor(op, 1612, d);
    OK(cudnnBackendFinalize(op));
    OK(cudnnBackendDestroyDescriptor(d));
    return op;
}

/* Builds and runs a plan over the operations; `status` is the expected status of finalising the plan. */
static void run(dnn *ops, int count, int64_t *ids, address *pointers, int tensors, int engine_from_end, int status)
{
    dnn graph = made(15), heuristics = made(4), configurations[4], plan = made(5), pack = made(16);
    OK(cudnnBackendSetAttribute(graph, 800, HANDLE, 1, &handle));
    OK(cudnnBackendSetAttribute(graph, 801, DESCRIPTOR, count, ops));
    OK(cudnnBackendFinalize(graph));
    set_descriptor(heuristics, 201, graph);
    OK(cudnnBackendSetAttribute(heuristics, 200, 8, 1, &(int){0}));
    OK(cudnnBackendFinalize(heuristics));
    for (int i = 0; i < 4; i++)
        configurations[i] = made(3);
    int64_t found = 0, size = -1;
    OK(cudnnBackendGetAttribute(heuristics, 202, DESCRIPTOR, 4, &found, configurations));
    CHECK(found >= 1 && found <= 2);
    OK(cudnnBackendSetAttribute(plan, 400, HANDLE, 1, &handle));
    set_descriptor(plan, 401, configurations[found - 1 - engine_from_end]);
    STATUS(status, cudnnBackendFinalize(plan));
    if (status == 0) {
        OK(cudnnBackendGetAttribute(plan, 402, INT64, 1, NULL, &size));
        address workspace = device_memory((size_t)size + 16);
        OK(cudnnBackendSetAttribute(pack, 1000, INT64, tensors, ids));
        OK(cudnnBackendSetAttribute(pack, 1001, VOID_PTR, tensors, pointers));
        OK(cudnnBackendSetAttribute(pack, 1003, VOID_PTR, 1, &workspace));
        STATUS(2004, cudnnBackendExecute(handle, plan, pack));
        OK(cudnnBackendFinalize(pack));
        OK(cudnnBackendExecute(handle, plan, pack));
        dnn askew = made(16); /* the first pointer has a smaller alignment than its tensor requires */
        pointers[0] += 8;
        OK(cudnnBackendSetAttribute(askew, 1000, INT64, tensors, ids));
        OK(cudnnBackendSetAttribute(askew, 1001, VOID_PTR, tensors, pointers));
        OK(cudnnBackendSetAttribute(askew, 1003, VOID_PTR, 1, &workspace));
        OK(cudnnBackendFinalize(askew));
        STATUS(2003, cudnnBackendExecute(handle, plan, askew));
        pointers[0] -= 8;
        OK(cudnnBackendDestroyDescriptor(askew));
        OK(cuMemFree_v2(workspace));
    }
    for (int i = 0; i < 4; i++)
        OK(cudnnBackendDestroyDescriptor(configurations[i]));
    OK(cudnnBackendDestroyDescriptor(graph));
    OK(cudnnBackendDestroyDescriptor(heuristics));
    OK(cudnnBackendDestroyDescriptor(plan));
    OK(cudnnBackendDestroyDescriptor(pack));
}

static void matmul(int type)
{
    struct test_tensor a = tensor_new(type, NCHW, 3, (int[]){2, 5, 7}), b = tensor_new(type, NCHW, 3, (int[]){1, 7, 6});
    struct test_tensor bias = tensor_new(type, NCHW, 3, (int[]){1, 1, 6}), c = tensor_new(type, NCHW, 3, (int[]){2, 5, 6});
    struct test_tensor hidden = c;
    hidden.type = FP32;
    dnn at = tensor(&a, 1, false), bt = tensor(&b, 2, false), biast = tensor(&bias, 3, false);
    dnn product = tensor(&hidden, 10, true), sum = tensor(&hidden, 11, true), ct = tensor(&c, 4, false);
    /* given in the wrong order; the graph sorts them */
    dnn ops[3] = {pointwise(104, sum, NULL, ct), pointwise(0, product, biast, sum), product_of(at, bt, product)};
    run(ops, 3, (int64_t[]){1, 2, 3, 4}, (address[]){a.memory, b.memory, bias.memory, c.memory}, 4, 0, 0);
    float *actual = tensor_read(&c), expected[60];
    for (int i = 0; i < 60; i++) {
        double v = bias.values[i % 6];
        for (int k = 0; k < 7; k++)
            v += (double)a.values[i / 6 * 7 + k] * b.values[k * 6 + i % 6];
        expected[i] = rounded(type, (float)(0.5 * v * (1 + erf(v / sqrt(2)))));
    }
    CHECK(difference(actual, expected, 60) < (type == FP32 ? 1e-6 : 6e-4));
    free(actual);
    dnn all[] = {at, bt, biast, product, sum, ct, ops[0], ops[1], ops[2]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    STATUS(2000, cudnnBackendDestroyDescriptor(all[0]));
    tensor_free(&a);
    tensor_free(&b);
    tensor_free(&bias);
    tensor_free(&c);
}

/* Convolution and ReLU in both layouts, with different padding on the two sides. */
static void convolution(int format)
{
    struct test_tensor x = tensor_new(FP16, format, 4, (int[]){1, 8, 4, 4}), w = tensor_new(FP16, format, 4, (int[]){16, 8, 2, 2});
    struct test_tensor y = tensor_new(FP16, format, 4, (int[]){1, 16, 4, 4}), hidden = y;
    hidden.type = FP32;
    dnn xt = tensor(&x, 1, false), wt = tensor(&w, 2, false), yt = tensor(&y, 3, false), virtual = tensor(&hidden, 9, true);
    dnn d = made(1), op = made(10);
    set_int64(d, 106, 1, (int[]){2});
    set_int64(d, 102, 2, (int[]){1, 1});
    set_int64(d, 103, 2, (int[]){1, 1});
    set_int64(d, 105, 2, (int[]){0, 0});
    set_int64(d, 104, 2, (int[]){1, 1});
    OK(cudnnBackendSetAttribute(d, 100, DATA_TYPE, 1, &(int){FP32}));
    OK(cudnnBackendSetAttribute(d, 101, 7, 1, &(int){1}));
    OK(cudnnBackendFinalize(d));
    set_descriptor(op, 702, d);
    set_descriptor(op, 703, wt);
    set_descriptor(op, 704, xt);
    set_descriptor(op, 705, virtual);
    OK(cudnnBackendSetAttribute(op, 700, DOUBLE, 1, &(double){1}));
    OK(cudnnBackendSetAttribute(op, 701, DOUBLE, 1, &(double){0}));
    OK(cudnnBackendFinalize(op));
    dnn ops[2] = {op, pointwise(100, virtual, NULL, yt)};
    run(ops, 2, (int64_t[]){1, 2, 3}, (address[]){x.memory, w.memory, y.memory}, 3, 0, 0);
    float *actual = tensor_read(&y), expected[256];
    for (int i = 0; i < 256; i++) {
        double v = 0;
        for (int c = 0; c < 8; c++)
            for (int r = 0; r < 2; r++)
                for (int s = 0; s < 2; s++) {
                    int h = i / 4 % 4 + r, u = i % 4 + s;
                    if (h < 4 && u < 4)
                        v += (double)x.values[(c * 4 + h) * 4 + u] * w.values[((i / 16 * 8 + c) * 2 + r) * 2 + s];
                }
        expected[i] = rounded(FP16, (float)fmax(v, 0));
    }
    CHECK(difference(actual, expected, 256) < 6e-4);
    free(actual);
    dnn all[] = {xt, wt, yt, virtual, d, op, ops[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    tensor_free(&x);
    tensor_free(&w);
    tensor_free(&y);
}

static struct test_tensor tensor_of_rank(int type, int format, int rank, const int *dim)
{
    /* Descriptors of the legacy calls have at least three axes. */
    int dims[4] = {dim[0], dim[1], rank > 2 ? dim[2] : 1, rank > 3 ? dim[3] : 1};
    struct test_tensor t = tensor_new(type, format, rank < 3 ? 3 : rank, dims);
    t.rank = rank;
    return t;
}

static void reduction(void)
{
    struct test_tensor x = tensor_of_rank(FP32, NCHW, 2, (int[]){6, 4}), y = tensor_of_rank(FP32, NCHW, 2, (int[]){6, 1});
    dnn xt = tensor(&x, 1, false), yt = tensor(&y, 2, false), op = reduction_of(0, xt, yt);
    run(&op, 1, (int64_t[]){1, 2}, (address[]){x.memory, y.memory}, 2, 0, 0);
    float *actual = tensor_read(&y);
    CHECK(fabsf(actual[1] - (x.values[4] + x.values[5] + x.values[6] + x.values[7])) < 1e-6f);
    free(actual);
    dnn all[] = {xt, yt, op};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    tensor_free(&x);
    tensor_free(&y);
}

/* The number of configurations of a graph without product, convolution or window. */
static int64_t configurations_of(dnn *ops, int count)
{
    dnn graph = made(15), heuristics = made(4);
    int64_t found = -1;
    OK(cudnnBackendSetAttribute(graph, 800, HANDLE, 1, &handle));
    OK(cudnnBackendSetAttribute(graph, 801, DESCRIPTOR, count, ops));
    OK(cudnnBackendFinalize(graph));
    set_descriptor(heuristics, 201, graph);
    OK(cudnnBackendSetAttribute(heuristics, 200, 8, 1, &(int){0}));
    OK(cudnnBackendFinalize(heuristics));
    OK(cudnnBackendGetAttribute(heuristics, 202, DESCRIPTOR, 0, &found, NULL));
    OK(cudnnBackendDestroyDescriptor(graph));
    OK(cudnnBackendDestroyDescriptor(heuristics));
    return found;
}

/* Whether there is an engine, as in the real library, for a reduction from x to y (a function if their shapes are equal). */
static void alone(int type, int format, int rank, const int *x_dim, const int *y_dim, int64_t configurations)
{
    struct test_tensor x = tensor_of_rank(type, format, rank, x_dim), y = tensor_of_rank(type, format, rank, y_dim);
    dnn xt = tensor(&x, 1, false), yt = tensor(&y, 2, false);
    bool same = memcmp(x_dim, y_dim, (size_t)rank * sizeof *x_dim) == 0;
    dnn op = same ? pointwise(100, xt, NULL, yt) : reduction_of(0, xt, yt);
    CHECK(configurations_of(&op, 1) == configurations);
    dnn all[] = {xt, yt, op};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    tensor_free(&x);
    tensor_free(&y);
}

/* The softmax of a matrix's rows can form a graph, but has no engine. */
static void softmax_alone(void)
{
    struct test_tensor x = tensor_of_rank(FP32, NCHW, 2, (int[]){6, 4}), row = tensor_of_rank(FP32, NCHW, 2, (int[]){6, 1});
    dnn xt = tensor(&x, 1, false), yt = tensor(&x, 2, false), t[] = {tensor(&row, 10, true), tensor(&x, 11, true),
                                                                     tensor(&x, 12, true), tensor(&row, 13, true)};
    dnn ops[] = {reduction_of(3, xt, t[0]), pointwise(9, xt, t[0], t[1]), pointwise(13, t[1], NULL, t[2]),
                 reduction_of(0, t[2], t[3]), pointwise(6, t[2], t[3], yt)};
    CHECK(configurations_of(ops, 5) == 0);
    dnn all[] = {xt, yt, t[0], t[1], t[2], t[3], ops[0], ops[1], ops[2], ops[3], ops[4]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    tensor_free(&x);
    tensor_free(&row);
}

static dnn norm_of(int mode, dnn x, dnn scale, dnn bias, dnn epsilon, dnn y, int status)
{
    dnn op = made(29);
    OK(cudnnBackendSetAttribute(op, 2000, 27, 1, &mode));
    OK(cudnnBackendSetAttribute(op, 2001, 28, 1, &(int){0}));
    set_descriptor(op, 2002, x);
    set_descriptor(op, 2005, scale);
    if (bias != NULL)
        set_descriptor(op, 2006, bias);
    set_descriptor(op, 2007, epsilon);
    set_descriptor(op, 2013, y);
    STATUS(status, cudnnBackendFinalize(op));
    return op;
}

/* Layer, instance and root mean square; groups and stored statistics are rejected, as in the real library. */
static void norm(int type, int mode, int status)
{
    enum { N = 3, C = 4, P = 5 };
    bool instance = mode == 1, rms = mode == 4;
    struct test_tensor x = tensor_new(type, NCHW, 4, (int[]){N, C, P, 1}), y = tensor_new(type, NCHW, 4, (int[]){N, C, P, 1});
    struct test_tensor scale = tensor_new(type, NCHW, 4, (int[]){1, C, instance ? 1 : P, 1});
    struct test_tensor bias = tensor_new(type, NCHW, 4, (int[]){1, C, instance ? 1 : P, 1});
    dnn xt = tensor(&x, 1, false), yt = tensor(&y, 2, false), st = tensor(&scale, 3, false), bt = tensor(&bias, 4, false);
    dnn et = made(17);
    set_int64(et, 902, 4, (int[]){1, 1, 1, 1});
    set_int64(et, 903, 4, (int[]){1, 1, 1, 1});
    set_int64(et, 906, 1, (int[]){5});
    set_int64(et, 900, 1, (int[]){4});
    OK(cudnnBackendSetAttribute(et, 901, DATA_TYPE, 1, &(int){FP32}));
    OK(cudnnBackendSetAttribute(et, 908, BOOLEAN, 1, &(bool){true}));
    OK(cudnnBackendFinalize(et));
    dnn op = norm_of(mode, xt, st, rms ? NULL : bt, et, yt, status);
    if (status == 0) {
        float epsilon = 0.5f;
        run(&op, 1, (int64_t[]){1, 2, 3, 4, 5}, (address[]){x.memory, y.memory, scale.memory, bias.memory, (address)(uintptr_t)&epsilon},
            5, 0, 0);
        int length = instance ? P : C * P;
        float *actual = tensor_read(&y), expected[N * C * P];
        for (int i = 0; i < N * C * P; i++) {
            int row = i / length, p = instance ? row % C : i % length;
            double mean = 0, square = 0;
            for (int k = 0; k < length; k++)
                mean += rms ? 0 : (double)x.values[row * length + k] / length;
            for (int k = 0; k < length; k++)
                square += pow(x.values[row * length + k] - mean, 2) / length;
            double v = (x.values[i] - mean) / sqrt(square + epsilon) * scale.values[p] + (rms ? 0 : bias.values[p]);
            expected[i] = rounded(type, (float)v);
        }
        CHECK(difference(actual, expected, N * C * P) < (type == FP32 ? 1e-6 : 6e-4));
        free(actual);
    }
    dnn all[] = {xt, yt, st, bt, et, op};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    tensor_free(&x);
    tensor_free(&y);
    tensor_free(&scale);
    tensor_free(&bias);
}

/* softmax(q k + bias) v as one graph: heads of a multiple of 8 in fp16 run if the graph has the softmax's statistics;
 * others have no engine. */
static void attention(int type, int width, bool is_packed, bool statistics, int status)
{
    enum { H = 2, S = 3, T = 4 };
    struct test_tensor q = tensor_new(type, NCHW, 4, (int[]){1, H, S, width}), k = tensor_new(type, NCHW, 4, (int[]){1, H, T, width});
    struct test_tensor v = tensor_new(type, NCHW, 4, (int[]){1, H, T, width}), y = tensor_new(type, NCHW, 4, (int[]){1, H, S, width});
    struct test_tensor bias = tensor_new(type, NCHW, 4, (int[]){1, 1, S, T}), row = tensor_new(FP32, NCHW, 4, (int[]){1, H, S, 1});
    struct test_tensor score = tensor_new(FP32, NCHW, 4, (int[]){1, H, S, T}), share = score;
    share.type = type;
    struct test_tensor turned = k; /* the same memory as (1, H, width, T) */
    turned.dim[2] = width;
    turned.dim[3] = T;
    turned.stride[2] = 1;
    turned.stride[3] = width;
    if (!is_packed) {
        q.stride[2] = 1;
        q.stride[3] = S;
    }
    dnn qt = tensor(&q, 1, false), kt = tensor(&turned, 2, false), vt = tensor(&v, 3, false), bt = tensor(&bias, 4, false);
    dnn yt = tensor(&y, 5, false), t[8] = {tensor(&score, 10, true), tensor(&score, 11, true), tensor(&row, 12, true),
                                           tensor(&score, 13, true), tensor(&score, 14, true), tensor(&row, 15, true),
                                           tensor(&row, 17, true), tensor(&row, 18, true)};
    dnn shares = tensor(&share, 16, true);
    dnn ops[10] = {product_of(qt, kt, t[0]), pointwise(0, t[0], bt, t[1]), reduction_of(3, t[1], t[2]),
                  pointwise(9, t[1], t[2], t[3]), pointwise(13, t[3], NULL, t[4]), reduction_of(0, t[4], t[5]),
                  pointwise(15, t[5], NULL, t[6]), pointwise(0, t[2], t[6], t[7]),
                  pointwise(6, t[4], t[5], shares), product_of(shares, vt, yt)};
    int count = statistics ? 10 : 8;
    dnn given[10];
    for (int i = 0; i < count; i++)
        given[i] = ops[statistics || i < 6 ? i : i + 2];
    if (status == 0) {
        run(given, count, (int64_t[]){1, 2, 3, 4, 5}, (address[]){q.memory, k.memory, v.memory, bias.memory, y.memory}, 5, 0, 0);
        float *actual = tensor_read(&y);
        double worst = 0;
        for (int i = 0; i < H * S; i++) {
            double p[T], sum = 0;
            for (int j = 0; j < T; j++) {
                p[j] = bias.values[i % S * T + j];
                for (int d = 0; d < width; d++)
                    p[j] += (double)q.values[i * width + d] * k.values[(i / S * T + j) * width + d];
                sum += p[j] = exp(p[j]);
            }
            for (int d = 0; d < width; d++) {
                double e = 0;
                for (int j = 0; j < T; j++)
                    e += p[j] / sum * v.values[(i / S * T + j) * width + d];
                worst = fmax(worst, fabs(e - actual[i * width + d]));
            }
        }
        CHECK(worst < 2e-3);
        free(actual);
    } else {
        dnn graph = made(15);
        OK(cudnnBackendSetAttribute(graph, 800, HANDLE, 1, &handle));
        OK(cudnnBackendSetAttribute(graph, 801, DESCRIPTOR, count, given));
        STATUS(status, cudnnBackendFinalize(graph));
        OK(cudnnBackendDestroyDescriptor(graph));
    }
    dnn all[] = {qt, kt, vt, bt, yt, shares};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    for (int i = 0; i < 8; i++)
        OK(cudnnBackendDestroyDescriptor(t[i]));
    for (int i = 0; i < 10; i++)
        OK(cudnnBackendDestroyDescriptor(ops[i]));
    struct test_tensor *tensors[] = {&q, &k, &v, &y, &bias, &row, &score};
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++)
        tensor_free(tensors[i]);
}

/* Heads with a stride along their width end the process. */
void test_unpacked_heads(void)
{
    attention(FP16, 8, false, true, 0);
}

/* A product has only one batch axis. */
static void product_of_rank_4(void)
{
    struct test_tensor a = tensor_new(FP16, NCHW, 4, (int[]){2, 3, 4, 8}), b = tensor_new(FP16, NCHW, 4, (int[]){2, 3, 8, 4});
    struct test_tensor c = tensor_new(FP16, NCHW, 4, (int[]){2, 3, 4, 4});
    dnn at = tensor(&a, 1, false), bt = tensor(&b, 2, false), ct = tensor(&c, 3, false), op = product_of(at, bt, ct);
    dnn graph = made(15);
    OK(cudnnBackendSetAttribute(graph, 800, HANDLE, 1, &handle));
    OK(cudnnBackendSetAttribute(graph, 801, DESCRIPTOR, 1, &op));
    STATUS(3001, cudnnBackendFinalize(graph));
    dnn all[] = {at, bt, ct, op, graph};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OK(cudnnBackendDestroyDescriptor(all[i]));
    tensor_free(&a);
    tensor_free(&b);
    tensor_free(&c);
}

void test_graph_api(void)
{
    attention(FP16, 8, true, true, 0);
    attention(FP16, 8, true, false, 3001);
    attention(FP16, 12, true, true, 3001);
    attention(FP16, 264, true, true, 3001);
    attention(FP32, 8, true, true, 3001);
    product_of_rank_4();
    matmul(FP32);
    matmul(FP16);
    convolution(NHWC);
    convolution(NCHW);
    reduction();
    softmax_alone();
    for (int type = FP32; type <= FP16; type += FP16 - FP32) {
        alone(type, NCHW, 2, (int[]){6, 4}, (int[]){6, 1}, type == FP32);
        alone(type, NCHW, 2, (int[]){6, 4}, (int[]){1, 4}, 0);
        alone(type, NCHW, 3, (int[]){2, 3, 4}, (int[]){2, 3, 1}, 0);
        alone(type, NHWC, 4, (int[]){2, 8, 3, 3}, (int[]){2, 1, 3, 3}, type == FP32);
        alone(type, NHWC, 4, (int[]){2, 8, 3, 3}, (int[]){1, 8, 1, 1}, type == FP32);
        alone(type, NHWC, 4, (int[]){2, 8, 3, 3}, (int[]){2, 8, 1, 1}, 0);
        alone(type, NCHW, 2, (int[]){6, 4}, (int[]){6, 4}, 0);
        alone(type, NCHW, 3, (int[]){2, 3, 4}, (int[]){2, 3, 4}, 1);
        alone(type, NHWC, 4, (int[]){2, 8, 3, 3}, (int[]){2, 8, 3, 3}, 1);
        alone(type, NCHW, 4, (int[]){2, 8, 3, 3}, (int[]){2, 8, 3, 3}, 0);
    }
    for (int type = FP32; type <= FP16; type += FP16 - FP32) {
        norm(type, 0, 0);
        norm(type, 1, 0);
        norm(type, 4, 0);
        norm(type, 2, 3000);
        norm(type, 3, 3000);
    }
}
