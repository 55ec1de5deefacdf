/* Convolution against plain loops, over random shapes, types and layouts; and its argument checks. */
#include "api.h"

#include <math.h>
#include <stdlib.h>

struct problem {
    int rank, groups;
    int n, c, k, in[3], window[3], pad[3], stride[3], dilation[3], out[3];
};

/* The element of x or w at a three-dimensional spatial position; missing dimensions are 1. */
static int64_t at(const int *size, int64_t outer, int d, int h, int w)
{
    return ((outer * size[0] + d) * size[1] + h) * size[2] + w;
}

/* y += conv(x, w), or with `back` x += transposed conv(y, w) */
static void plain(const struct problem *p, const float *x, const float *w, const float *y, double *sum, bool back)
{
    int cg = p->c / p->groups, kg = p->k / p->groups;
    for (int n = 0; n < p->n; n++)
        for (int k = 0; k < p->k; k++)
            for (int c = 0; c < cg; c++)
                for (int od = 0; od < p->out[0]; od++)
                    for (int oh = 0; oh < p->out[1]; oh++)
                        for (int ow = 0; ow < p->out[2]; ow++)
                            for (int fd = 0; fd < p->window[0]; fd++)
                                for (int fh = 0; fh < p->window[1]; fh++)
                                    for (int fw = 0; fw < p->window[2]; fw++) {
                                        int d = od * p->stride[0] - p->pad[0] + fd * p->dilation[0];
                                        int h = oh * p->stride[1] - p->pad[1] + fh * p->dilation[1];
                                        int v = ow * p->stride[2] - p->pad[2] + fw * p->dilation[2];
                                        if (d < 0 || h < 0 || v < 0 || d >= p->in[0] || h >= p->in[1] || v >= p->in[2])
                                            continue;
                                        int64_t xi = at(p->in, (int64_t)n * p->c + k / kg * cg + c, d, h, v);
                                        int64_t wi = at(p->window, (int64_t)k * cg + c, fd, fh, fw);
                                        int64_t yi = at(p->out, (int64_t)n * p->k + k, od, oh, ow);
                                        if (back)
                                            sum[xi] += (double)w[wi] * y[yi];
                                        else
                                            sum[yi] += (double)w[wi] * x[xi];
                                    }
}

static struct problem random_problem(void)
{
    static const int group_choices[] = {1, 1, 1, 2, 4};
    struct problem p = {.rank = 2 + (random_below(4) == 0), .n = 1 + (int)random_below(3)};
    p.groups = group_choices[random_below(5)];
    p.c = p.groups * (1 + (int)random_below(9));
    p.k = p.groups * (1 + (int)random_below(13));
    if (random_below(5) == 0) { /* depthwise */
        p.c = p.groups = p.k = 1 + (int)random_below(12);
    }
    for (int i = 0; i < 3; i++) {
        p.in[i] = p.window[i] = p.stride[i] = p.dilation[i] = p.out[i] = 1;
        if (i < 3 - p.rank)
            continue;
        p.window[i] = 1 + (int)random_below(4);
        p.pad[i] = (int)random_below(3);
        p.stride[i] = 1 + (int)random_below(3);
        p.dilation[i] = 1 + (int)random_below(2);
        int extent = (p.window[i] - 1) * p.dilation[i] + 1;
        p.in[i] = extent + (int)random_below(p.rank == 3 ? 4 : 9);
        p.out[i] = (p.in[i] + 2 * p.pad[i] - extent) / p.stride[i] + 1;
    }
    return p;
}

struct setup {
    struct problem p;
    struct test_tensor x, w, y;
    dnn filter, conv;
};

static struct setup set_up(struct problem p, int type, int format)
{
    int missing = 3 - p.rank, rank = p.rank + 2;
    int xd[5] = {p.n, p.c}, wd[5] = {p.k, p.c / p.groups}, yd[5] = {p.n, p.k}, computed[5];
    for (int i = 0; i < p.rank; i++) {
        xd[i + 2] = p.in[i + missing];
        wd[i + 2] = p.window[i + missing];
        yd[i + 2] = p.out[i + missing];
    }
    struct setup s = {.p = p, .x = tensor_new(type, format, rank, xd), .w = tensor_new(type, format, rank, wd),
                      .y = tensor_new(type, format, rank, yd)};
    OK(cudnnCreateFilterDescriptor(&s.filter));
    OK(cudnnSetFilterNdDescriptor(s.filter, type, format, rank, wd));
    OK(cudnnCreateConvolutionDescriptor(&s.conv));
    OK(cudnnSetConvolutionNdDescriptor(s.conv, p.rank, p.pad + missing, p.stride + missing, p.dilation + missing, 1, FP32));
    OK(cudnnSetConvolutionGroupCount(s.conv, p.groups));
    OK(cudnnSetConvolutionMathType(s.conv, 3));
    OK(cudnnGetConvolutionNdForwardOutputDim(s.conv, s.x.descriptor, s.filter, rank, computed));
    for (int i = 0; i < rank; i++)
        CHECK(computed[i] == yd[i]);
    return s;
}

static void tear_down(struct setup *s)
{
    OK(cudnnDestroyConvolutionDescriptor(s->conv));
    OK(cudnnDestroyFilterDescriptor(s->filter));
    tensor_free(&s->x);
    tensor_free(&s->w);
    tensor_free(&s->y);
}

static double tolerance(int type)
{
    return type == FP32 ? 1e-6 : type == FP16 ? 6e-4 : 5e-3;
}

static void compare(const struct test_tensor *t, const double *sum, float alpha, float beta, const float *before)
{
    float *actual = tensor_read(t), *expected = malloc((size_t)t->count * sizeof(float));
    for (int64_t i = 0; i < t->count; i++)
        expected[i] = rounded(t->type, (float)(alpha * sum[i] + (beta != 0 ? beta * before[i] : 0)));
    CHECK(difference(actual, expected, t->count) < tolerance(t->type));
    free(actual);
    free(expected);
}

static void forward(struct problem p, int type, int format, int algorithm)
{
    struct setup s = set_up(p, type, format);
    float alpha = random_below(2) ? 1 : 0.5f, beta = random_below(2) ? 0 : -0.25f;
    size_t size = 0;
    OK(cudnnGetConvolutionForwardWorkspaceSize(handle, s.x.descriptor, s.filter, s.conv, s.y.descriptor, algorithm, &size));
    address workspace = device_memory(size + 16);
    OK(cudnnConvolutionForward(handle, &alpha, s.x.descriptor, s.x.memory, s.filter, s.w.memory, s.conv, algorithm,
                               workspace, size, &beta, s.y.descriptor, s.y.memory));
    double *sum = calloc((size_t)s.y.count, sizeof(double));
    plain(&p, s.x.values, s.w.values, NULL, sum, false);
    compare(&s.y, sum, alpha, beta, s.y.values);
    free(sum);
    OK(cuMemFree_v2(workspace));
    tear_down(&s);
}

static void backward(struct problem p, int type, int format)
{
    struct setup s = set_up(p, type, format);
    size_t size = 0;
    OK(cudnnGetConvolutionBackwardDataWorkspaceSize(handle, s.filter, s.y.descriptor, s.conv, s.x.descriptor, 1, &size));
    address workspace = device_memory(size + 16);
    OK(cudnnConvolutionBackwardData(handle, &one, s.filter, s.w.memory, s.y.descriptor, s.y.memory, s.conv, 1, workspace,
                                    size, &zero, s.x.descriptor, s.x.memory));
    double *sum = calloc((size_t)s.x.count, sizeof(double));
    plain(&p, NULL, s.w.values, s.y.values, sum, true);
    compare(&s.x, sum, 1, 0, NULL);
    free(sum);
    OK(cuMemFree_v2(workspace));
    tear_down(&s);
}

/* The fused call, with the residual in a separate buffer or in the output. */
static void fused(struct problem p, int type, int format, bool relu, bool in_place)
{
    struct setup s = set_up(p, type, format);
    struct test_tensor bias = tensor_new(type, NCHW, s.y.rank, (int[]){1, p.k, 1, 1, 1});
    struct test_tensor z = tensor_new(type, format, s.y.rank, s.y.dim);
    const struct test_tensor *residual = in_place ? &s.y : &z;
    dnn activation;
    size_t size = 0;
    OK(cudnnCreateActivationDescriptor(&activation));
    OK(cudnnSetActivationDescriptor(activation, relu ? 1 : 5, 0, 0));
    OK(cudnnGetConvolutionForwardWorkspaceSize(handle, s.x.descriptor, s.filter, s.conv, s.y.descriptor, 1, &size));
    address workspace = device_memory(size + 16);
    OK(cudnnConvolutionBiasActivationForward(handle, &one, s.x.descriptor, s.x.memory, s.filter, s.w.memory, s.conv, 1,
                                             workspace, size, &one, residual->descriptor, residual->memory,
                                             bias.descriptor, bias.memory, activation, s.y.descriptor, s.y.memory));
    double *sum = calloc((size_t)s.y.count, sizeof(double));
    plain(&p, s.x.values, s.w.values, NULL, sum, false);
    int64_t plane = s.y.count / p.n / p.k;
    for (int64_t i = 0; i < s.y.count; i++) {
        sum[i] += residual->values[i] + bias.values[i / plane % p.k];
        if (relu && sum[i] < 0)
            sum[i] = 0;
    }
    compare(&s.y, sum, 1, 0, NULL);
    free(sum);
    OK(cuMemFree_v2(workspace));
    OK(cudnnDestroyActivationDescriptor(activation));
    tensor_free(&bias);
    tensor_free(&z);
    tear_down(&s);
}

/* TF32 keeps 10 bits of each input: 1 + 2^-12 becomes 1, and CUDNN_FMA_MATH keeps it. */
static void tf32(void)
{
    struct problem p = {2, 1, 1, 4, 4, {1, 1, 1}, {1, 1, 1}, {0}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}};
    struct setup s = set_up(p, FP32, NCHW);
    float xs[4] = {1 + 0x1p-12f, 0, 0, 0}, ws[16] = {1};
    OK(cuMemcpyHtoD_v2(s.x.memory, xs, sizeof xs));
    OK(cuMemcpyHtoD_v2(s.w.memory, ws, sizeof ws));
    for (int math = 0; math <= 3; math++) {
        OK(cudnnSetConvolutionMathType(s.conv, math));
        OK(cudnnConvolutionForward(handle, &one, s.x.descriptor, s.x.memory, s.filter, s.w.memory, s.conv, 0, 0, 0, &zero,
                                   s.y.descriptor, s.y.memory));
        float *y = tensor_read(&s.y);
        CHECK(y[0] == (math == 3 ? 1 + 0x1p-12f : 1));
        free(y);
    }
    tear_down(&s);
}

static void misuse(void)
{
    struct problem p = {2, 1, 2, 8, 16, {1, 10, 10}, {1, 3, 3}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 10, 10}};
    struct setup s = set_up(p, FP32, NCHW);
    struct test_tensor bias = tensor_new(FP32, NCHW, 4, (int[]){1, 16, 1, 1});
    dnn x = s.x.descriptor, y = s.y.descriptor, wrong, activation;
    address xm = s.x.memory, wm = s.w.memory, ym = s.y.memory;
    size_t size = 0;
    OK(cudnnGetConvolutionForwardWorkspaceSize(handle, x, s.filter, s.conv, y, 1, &size));
    CHECK(size > 0);
    address workspace = device_memory(size);
#define FORWARD(handle, x, xm, filter, conv, algorithm, workspace, size, y, ym) \
    cudnnConvolutionForward(handle, &one, x, xm, filter, wm, conv, algorithm, workspace, size, &zero, y, ym)
    OK(FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size, y, ym));
    STATUS(BAD_PARAM, FORWARD(NULL, x, xm, s.filter, s.conv, 1, workspace, size, y, ym));
    STATUS(BAD_PARAM, FORWARD(handle, NULL, xm, s.filter, s.conv, 1, workspace, size, y, ym));
    STATUS(BAD_PARAM, FORWARD(handle, s.filter, xm, s.filter, s.conv, 1, workspace, size, y, ym));
    STATUS(BAD_PARAM, FORWARD(handle, x, 0, s.filter, s.conv, 1, workspace, size, y, ym));
    STATUS(BAD_PARAM, FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size, x, ym));
    STATUS(BAD_PARAM, FORWARD(handle, x, ym, s.filter, s.conv, 1, workspace, size, y, ym)); /* x is y */
    STATUS(2006, FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size - 1, y, ym));
    STATUS(BAD_PARAM, FORWARD(handle, x, xm, s.filter, s.conv, 1, 0, size, y, ym));
    STATUS(BAD_PARAM, FORWARD(handle, x, xm, s.filter, s.conv, 1, ym, size, y, ym)); /* workspace is y */
    STATUS(NOT_SUPPORTED, FORWARD(handle, x, xm, s.filter, s.conv, 3, workspace, size, y, ym)); /* direct */
    OK(cudnnCreateTensorDescriptor(&wrong));
    STATUS(BAD_PARAM, FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size, wrong, ym)); /* never set */
    OK(cudnnSetTensor4dDescriptor(wrong, NCHW, FP16, 2, 16, 10, 10));
    STATUS(BAD_PARAM, FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size, wrong, ym)); /* types differ */
    OK(cudnnSetTensor4dDescriptor(wrong, NCHW, FP32, 2, 16, 9, 10));
    STATUS(BAD_PARAM, FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size, wrong, ym)); /* shape */
    OK(cudnnSetTensor4dDescriptor(wrong, NHWC, FP32, 2, 16, 10, 10));
    OK(cudnnSetFilterNdDescriptor(s.filter, FP32, NHWC, 4, s.w.dim));
    STATUS(NOT_SUPPORTED, FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size, wrong, ym)); /* NHWC filter, x NCHW */
    OK(cudnnSetFilterNdDescriptor(s.filter, FP32, NCHW, 4, s.w.dim));
    OK(cudnnDestroyTensorDescriptor(wrong));
    STATUS(BAD_PARAM, FORWARD(handle, x, xm, s.filter, s.conv, 1, workspace, size, wrong, ym)); /* destroyed */
    STATUS(BAD_PARAM, cudnnDestroyTensorDescriptor(wrong));
#undef FORWARD
    OK(cudnnCreateActivationDescriptor(&activation));
#define FUSED(algorithm, z, bias_descriptor, y_memory) \
    cudnnConvolutionBiasActivationForward(handle, &one, x, xm, s.filter, wm, s.conv, algorithm, workspace, size, &one, y, \
                                          z, bias_descriptor, bias.memory, activation, y, y_memory)
    STATUS(BAD_PARAM, FUSED(1, ym, bias.descriptor, ym)); /* activation never set */
    OK(cudnnSetActivationDescriptor(activation, 0, 0, 0));
    STATUS(NOT_SUPPORTED, FUSED(1, ym, bias.descriptor, ym)); /* sigmoid */
    OK(cudnnSetActivationDescriptor(activation, 5, 0, 0));
    OK(FUSED(1, ym, bias.descriptor, ym));
    STATUS(NOT_SUPPORTED, FUSED(0, ym, bias.descriptor, ym)); /* identity requires IMPLICIT_PRECOMP_GEMM */
    OK(cudnnSetActivationDescriptor(activation, 1, 0, 0));
    OK(FUSED(0, ym, bias.descriptor, ym));
    STATUS(BAD_PARAM, FUSED(1, ym, y, ym)); /* bias is not 1 x K x 1 x 1 */
    STATUS(BAD_PARAM, FUSED(1, ym, bias.descriptor, xm)); /* y is x */
    STATUS(BAD_PARAM, FUSED(1, 0, bias.descriptor, ym));
    STATUS(BAD_PARAM, FUSED(1, ym + 4, bias.descriptor, ym)); /* residual overlaps half of the output */
#undef FUSED
    struct performance found[16];
    int count = 0;
    OK(cudnnFindConvolutionForwardAlgorithm(handle, x, s.filter, s.conv, y, 16, &count, found));
    CHECK(count == 8 && found[0].status == 0 && found[0].milliseconds > 0 && found[count - 1].status == NOT_SUPPORTED);
    OK(cudnnSetConvolutionNdDescriptor(s.conv, 2, (int[]){1, 1}, (int[]){2, 2}, (int[]){1, 1}, 1, FP32));
    OK(cudnnSetTensor4dDescriptor(y, NCHW, FP32, 2, 16, 5, 5));
    STATUS(NOT_SUPPORTED, cudnnGetConvolutionForwardWorkspaceSize(handle, x, s.filter, s.conv, y, 6, &size)); /* stride */
    OK(cudnnDestroyActivationDescriptor(activation));
    OK(cuMemFree_v2(workspace));
    tensor_free(&bias);
    tear_down(&s);
}

void test_convolution(void)
{
    static const int types[] = {FP32, FP16, BF16};
    for (int i = 0; i < 90; i++) {
        int type = types[i % 3], format = i / 3 % 2;
        forward(random_problem(), type, format, (int)random_below(2));
        backward(random_problem(), type, format);
        fused(random_problem(), type, format, i % 2, i / 2 % 2);
    }
    /* large enough for several blocks of the product and for two threads */
    struct problem large = {2, 1, 1, 70, 250, {1, 30, 31}, {1, 3, 3}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 30, 31}};
    forward(large, FP32, NCHW, 2);
    forward(large, FP32, NCHW, 6);
    struct problem pointwise = {2, 1, 1, 700, 250, {1, 9, 9}, {1, 1, 1}, {0}, {1, 1, 1}, {1, 1, 1}, {1, 9, 9}};
    forward(pointwise, FP16, NHWC, 1);
    tf32();
    misuse();
}
