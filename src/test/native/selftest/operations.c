/* Pooling, activations, softmax, normalisation and tensor operations against plain loops. */
#include "api.h"

#include <math.h>
#include <stdlib.h>

static double tolerance(int type)
{
    return type == FP32 ? 2e-6 : type == FP16 ? 6e-4 : 5e-3;
}

/* Compares the device's tensor with the expected values (rounded here), and frees the latter. */
static void expect(const struct test_tensor *t, float *expected)
{
    float *actual = tensor_read(t);
    for (int64_t i = 0; i < t->count; i++)
        expected[i] = rounded(t->type, expected[i]);
    CHECK(difference(actual, expected, t->count) < tolerance(t->type));
    free(actual);
    free(expected);
}

static float *floats(int64_t count)
{
    return malloc((size_t)count * sizeof(float));
}

static void pooling(int type, int format, int mode)
{
    int n = 2, c = 5, size[2] = {9 + (int)random_below(4), 7 + (int)random_below(4)};
    int window[2] = {2 + (int)random_below(3), 2 + (int)random_below(2)};
    int pad[2] = {(int)random_below((unsigned)window[0]), (int)random_below((unsigned)window[1])};
    int stride[2] = {1 + (int)random_below(3), 1 + (int)random_below(3)}, out[4];
    struct test_tensor x = tensor_new(type, format, 4, (int[]){n, c, size[0], size[1]});
    dnn pool;
    OK(cudnnCreatePoolingDescriptor(&pool));
    OK(cudnnSetPoolingNdDescriptor(pool, mode, 0, 2, window, pad, stride));
    OK(cudnnGetPoolingNdForwardOutputDim(pool, x.descriptor, 4, out));
    struct test_tensor y = tensor_new(type, format, 4, out);
    OK(cudnnPoolingForward(handle, pool, &one, x.descriptor, x.memory, &zero, y.descriptor, y.memory));
    float *expected = floats(y.count);
    for (int64_t i = 0; i < y.count; i++) {
        int ow = (int)(i % out[3]), oh = (int)(i / out[3] % out[2]), inside = 0, padded = 0;
        const float *plane = x.values + i / out[3] / out[2] * size[0] * size[1];
        double sum = 0, largest = -INFINITY;
        for (int a = 0; a < window[0]; a++)
            for (int b = 0; b < window[1]; b++) {
                int h = oh * stride[0] - pad[0] + a, w = ow * stride[1] - pad[1] + b;
                padded += h < size[0] + pad[0] && w < size[1] + pad[1];
                if (h < 0 || w < 0 || h >= size[0] || w >= size[1])
                    continue;
                inside++;
                sum += plane[h * size[1] + w];
                largest = fmax(largest, plane[h * size[1] + w]);
            }
        expected[i] = (float)(mode == 1 ? sum / padded : mode == 2 ? sum / inside : largest);
    }
    expect(&y, expected);
    STATUS(BAD_PARAM, cudnnPoolingForward(handle, pool, &one, x.descriptor, x.memory, &zero, x.descriptor, y.memory));
    STATUS(BAD_PARAM, cudnnPoolingForward(handle, pool, &one, x.descriptor, x.memory, &zero, y.descriptor, x.memory));
    OK(cudnnDestroyPoolingDescriptor(pool));
    tensor_free(&x);
    tensor_free(&y);
}

static void activations(int type, int format)
{
    struct test_tensor x = tensor_new(type, format, 4, (int[]){2, 3, 5, 7}), y = tensor_new(type, format, 4, x.dim);
    dnn activation;
    OK(cudnnCreateActivationDescriptor(&activation));
    for (int mode = 0; mode <= 6; mode++) {
        double coefficient = mode == 3 ? 0.5 : 1.5;
        OK(cudnnSetActivationDescriptor(activation, mode, 0, coefficient));
        int status = cudnnActivationForward(handle, activation, &one, x.descriptor, x.memory, &zero, y.descriptor, y.memory);
        CHECK(status == (mode == 5 ? BAD_PARAM : 0));
        if (mode == 5)
            continue;
        float *expected = floats(y.count);
        for (int64_t i = 0; i < y.count; i++) {
            double v = x.values[i];
            double results[] = {1 / (1 + exp(-v)), fmax(v, 0), tanh(v), fmin(fmax(v, 0), coefficient),
                                v > 0 ? v : coefficient * expm1(v), 0, v / (1 + exp(-v))};
            expected[i] = (float)results[mode];
        }
        expect(&y, expected);
    }
    /* in place, with beta */
    float half = 0.5f;
    OK(cudnnSetActivationDescriptor(activation, 1, 0, 0));
    OK(cudnnActivationForward(handle, activation, &one, x.descriptor, x.memory, &half, x.descriptor, x.memory));
    float *expected = floats(x.count);
    for (int64_t i = 0; i < x.count; i++)
        expected[i] = fmaxf(x.values[i], 0) + half * x.values[i];
    expect(&x, expected);
    STATUS(BAD_PARAM, cudnnActivationForward(handle, activation, &one, x.descriptor, x.memory, &zero, y.descriptor,
                                             x.memory + 64)); /* overlapping but not the same */
    OK(cudnnDestroyActivationDescriptor(activation));
    tensor_free(&x);
    tensor_free(&y);
}

static void softmax(int type, int format)
{
    int n = 3, c = 6, plane = 20;
    struct test_tensor x = tensor_new(type, format, 4, (int[]){n, c, 4, 5}), y = tensor_new(type, format, 4, x.dim);
    for (int algorithm = 0; algorithm <= 2; algorithm++)
        for (int mode = 0; mode <= 1; mode++) {
            OK(cudnnSoftmaxForward(handle, algorithm, mode, &one, x.descriptor, x.memory, &zero, y.descriptor, y.memory));
            float *expected = floats(y.count);
            for (int64_t i = 0; i < y.count; i++) {
                int64_t image = i / (c * plane);
                double sum = 0;
                for (int k = 0; k < c * plane; k++)
                    if (mode == 0 || k % plane == i % plane)
                        sum += exp(x.values[image * c * plane + k]);
                expected[i] = (float)(algorithm == 2 ? x.values[i] - log(sum) : exp(x.values[i]) / sum);
            }
            expect(&y, expected);
        }
    tensor_free(&x);
    tensor_free(&y);
}

static void normalization(int type, int format)
{
    int n = 2, c = 9, plane = 6;
    struct test_tensor x = tensor_new(type, format, 4, (int[]){n, c, 2, 3}), y = tensor_new(type, format, 4, x.dim);
    dnn lrn;
    OK(cudnnCreateLRNDescriptor(&lrn));
    STATUS(BAD_PARAM, cudnnSetLRNDescriptor(lrn, 17, 1, 0.75, 1));
    STATUS(BAD_PARAM, cudnnSetLRNDescriptor(lrn, 5, 1, 0.75, 0.9e-5));
    STATUS(BAD_PARAM, cudnnSetLRNDescriptor(lrn, 5, 1, 0.009, 1));
    OK(cudnnSetLRNDescriptor(lrn, 5, 0.3, 0.75, 2));
    OK(cudnnLRNCrossChannelForward(handle, lrn, 0, &one, x.descriptor, x.memory, &zero, y.descriptor, y.memory));
    float *expected = floats(y.count);
    for (int64_t i = 0; i < y.count; i++) {
        int64_t channel = i / plane % c;
        double sum = 0;
        for (int64_t k = channel - 2; k <= channel + 2; k++)
            if (k >= 0 && k < c)
                sum += pow(x.values[i + (k - channel) * plane], 2);
        expected[i] = (float)(x.values[i] / pow(2 + 0.3 / 5 * sum, 0.75));
    }
    expect(&y, expected);
    OK(cudnnDestroyLRNDescriptor(lrn));

    struct test_tensor parameters[4];
    dnn derived;
    for (int i = 0; i < 4; i++)
        parameters[i] = tensor_new(FP32, NCHW, 4, (int[]){1, c, 1, 1});
    float *variance = tensor_read(&parameters[3]);
    for (int i = 0; i < c; i++)
        variance[i] = parameters[3].values[i] = fabsf(variance[i]) + 0.1f;
    OK(cuMemcpyHtoD_v2(parameters[3].memory, variance, parameters[3].bytes));
    free(variance);
    OK(cudnnCreateTensorDescriptor(&derived));
    OK(cudnnDeriveBNTensorDescriptor(derived, x.descriptor, 1));
    OK(cudnnBatchNormalizationForwardInference(handle, 1, &one, &zero, x.descriptor, x.memory, y.descriptor, y.memory,
                                               derived, parameters[0].memory, parameters[1].memory,
                                               parameters[2].memory, parameters[3].memory, 1e-5));
    expected = floats(y.count);
    for (int64_t i = 0; i < y.count; i++) {
        int64_t k = i / plane % c;
        expected[i] = (float)(parameters[0].values[k] * (x.values[i] - (double)parameters[2].values[k])
                                  / sqrt(parameters[3].values[k] + 1e-5)
                              + parameters[1].values[k]);
    }
    expect(&y, expected);
    STATUS(BAD_PARAM, cudnnBatchNormalizationForwardInference(handle, 1, &one, &zero, x.descriptor, x.memory,
                                                              y.descriptor, y.memory, x.descriptor,
                                                              parameters[0].memory, parameters[1].memory,
                                                              parameters[2].memory, parameters[3].memory, 1e-5));
    OK(cudnnDestroyTensorDescriptor(derived));
    for (int i = 0; i < 4; i++)
        tensor_free(&parameters[i]);
    tensor_free(&x);
    tensor_free(&y);
}

static void tensor_operations(int type, int format)
{
    int d[4] = {2, 4, 3, 5}, plane = 15;
    struct test_tensor a = tensor_new(type, format, 4, d), c = tensor_new(type, format, 4, d);
    struct test_tensor bias = tensor_new(type, NCHW, 4, (int[]){1, 4, 1, 1}), half = tensor_new(FP16, NCHW, 4, d);
    float alpha = 0.5f, beta = 2;
    OK(cudnnAddTensor(handle, &alpha, bias.descriptor, bias.memory, &beta, c.descriptor, c.memory));
    float *expected = floats(c.count);
    for (int64_t i = 0; i < c.count; i++)
        expected[i] = alpha * bias.values[i / plane % 4] + beta * c.values[i];
    expect(&c, expected);
    STATUS(BAD_PARAM, cudnnAddTensor(handle, &one, c.descriptor, c.memory, &one, bias.descriptor, bias.memory));

    dnn op;
    OK(cudnnCreateOpTensorDescriptor(&op));
    for (int kind = 0; kind <= 3; kind++) {
        OK(cudnnSetOpTensorDescriptor(op, kind, FP32, 0));
        OK(cudnnOpTensor(handle, op, &one, a.descriptor, a.memory, &alpha, bias.descriptor, bias.memory, &zero,
                         c.descriptor, c.memory));
        expected = floats(c.count);
        for (int64_t i = 0; i < c.count; i++) {
            float l = a.values[i], r = alpha * bias.values[i / plane % 4];
            expected[i] = kind == 0 ? l + r : kind == 1 ? l * r : kind == 2 ? fminf(l, r) : fmaxf(l, r);
        }
        expect(&c, expected);
    }
    STATUS(BAD_PARAM, cudnnOpTensor(handle, op, &one, bias.descriptor, bias.memory, &one, a.descriptor, a.memory, &zero,
                                    c.descriptor, c.memory));
    OK(cudnnDestroyOpTensorDescriptor(op));

    /* layout change */
    struct test_tensor other = tensor_new(type, 1 - format, 4, d);
    OK(cudnnTransformTensor(handle, &one, a.descriptor, a.memory, &zero, other.descriptor, other.memory));
    expected = floats(a.count);
    for (int64_t i = 0; i < a.count; i++)
        expected[i] = a.values[i];
    expect(&other, expected);
    tensor_free(&other);

    /* reduction over the spatial dimensions */
    struct test_tensor pooled = tensor_new(type, NCHW, 4, (int[]){2, 4, 1, 1});
    dnn reduce;
    size_t size;
    OK(cudnnCreateReduceTensorDescriptor(&reduce));
    for (int kind = 0; kind <= 8; kind++) {
        OK(cudnnSetReduceTensorDescriptor(reduce, kind, FP32, 0, 0, 0));
        OK(cudnnGetReductionWorkspaceSize(handle, reduce, a.descriptor, pooled.descriptor, &size));
        address workspace = device_memory(size);
        OK(cudnnReduceTensor(handle, reduce, 0, 0, workspace, size, &one, a.descriptor, a.memory, &zero,
                             pooled.descriptor, pooled.memory));
        STATUS(2006, cudnnReduceTensor(handle, reduce, 0, 0, workspace, 0, &one, a.descriptor, a.memory, &zero,
                                       pooled.descriptor, pooled.memory));
        expected = floats(pooled.count);
        for (int64_t i = 0; i < pooled.count; i++) {
            double sum = 0, product = 1, low = INFINITY, high = -INFINITY, absolute = 0, norm1 = 0, norm2 = 0;
            for (int k = 0; k < plane; k++) {
                double v = a.values[i * plane + k];
                sum += v;
                product *= v;
                low = fmin(low, v);
                high = fmax(high, v);
                absolute = fmax(absolute, fabs(v));
                norm1 += fabs(v);
                norm2 += v * v;
            }
            double results[] = {sum, product, low, high, absolute, sum / plane, norm1, sqrt(norm2), product};
            expected[i] = (float)results[kind];
        }
        if ((kind == 1 || kind == 8) && type != FP32) { /* products may be below the narrow types' range */
            free(expected);
        } else {
            expect(&pooled, expected);
        }
        OK(cuMemFree_v2(workspace));
    }
    OK(cudnnDestroyReduceTensorDescriptor(reduce));

    uint16_t half_three = 0x4200;
    OK(cudnnSetTensor(handle, half.descriptor, half.memory, &half_three));
    OK(cudnnScaleTensor(handle, half.descriptor, half.memory, &alpha));
    float *values = tensor_read(&half);
    CHECK(values[0] == 1.5f && values[half.count - 1] == 1.5f);
    free(values);
    tensor_free(&pooled);
    tensor_free(&half);
    tensor_free(&bias);
    tensor_free(&a);
    tensor_free(&c);
}

int cudnnCreateTensorTransformDescriptor(dnn *);
int cudnnDestroyTensorTransformDescriptor(dnn);
int cudnnSetTensorTransformDescriptor(dnn, unsigned, int, const int *, const int *, const unsigned *, int);
int cudnnTransformTensorEx(dnn, dnn, const float *, dnn, address, const float *, dnn, address);

/* NCHW with 3 channels to NHWC with 8. */
static void padded_transform(void)
{
    struct test_tensor x = tensor_new(FP16, NCHW, 4, (int[]){2, 3, 4, 5}), y = tensor_new(FP16, NHWC, 4, (int[]){2, 8, 4, 5});
    dnn transform;
    OK(cudnnCreateTensorTransformDescriptor(&transform));
    OK(cudnnSetTensorTransformDescriptor(transform, 4, NHWC, NULL, (int[]){0, 5, 0, 0}, NULL, 0));
    OK(cudnnTransformTensorEx(handle, transform, &one, x.descriptor, x.memory, &zero, y.descriptor, y.memory));
    float *expected = calloc((size_t)y.count, sizeof(float));
    for (int i = 0; i < x.count; i++)
        expected[i / 60 * 160 + i % 60] = x.values[i];
    expect(&y, expected);
    OK(cudnnDestroyTensorTransformDescriptor(transform));
    tensor_free(&x);
    tensor_free(&y);
}

/* Two slices of one buffer, as in a concatenation: they interleave in memory but can be used together. */
static void slices(void)
{
    address memory = device_memory(2 * 8 * 4 * 4);
    dnn left, right, activation;
    OK(cuMemsetD8_v2(memory, 0, 2 * 8 * 4 * 4));
    OK(cudnnCreateTensorDescriptor(&left));
    OK(cudnnCreateTensorDescriptor(&right));
    OK(cudnnCreateActivationDescriptor(&activation));
    OK(cudnnSetActivationDescriptor(activation, 0, 0, 0));
    OK(cudnnSetTensor4dDescriptorEx(left, FP32, 2, 4, 2, 2, 32, 4, 2, 1));
    OK(cudnnSetTensor4dDescriptorEx(right, FP32, 2, 4, 2, 2, 32, 4, 2, 1));
    OK(cudnnActivationForward(handle, activation, &one, left, memory, &zero, right, memory + 4 * 4 * 4));
    STATUS(BAD_PARAM, cudnnActivationForward(handle, activation, &one, left, memory, &zero, right, memory + 3 * 4 * 4));
    float values[64];
    OK(cuMemcpyDtoH_v2(values, memory, sizeof values));
    CHECK(values[0] == 0 && values[16] == 0.5f && values[32] == 0 && values[48] == 0.5f);
    /* NHWC: channels 0..3 and 4..7 of each position */
    OK(cudnnSetTensor4dDescriptorEx(left, FP32, 2, 4, 2, 2, 32, 1, 16, 8));
    OK(cudnnSetTensor4dDescriptorEx(right, FP32, 2, 4, 2, 2, 32, 1, 16, 8));
    OK(cudnnActivationForward(handle, activation, &one, left, memory, &zero, right, memory + 4 * 4));
    STATUS(BAD_PARAM, cudnnActivationForward(handle, activation, &one, left, memory, &zero, right, memory + 3 * 4));
    OK(cudnnDestroyActivationDescriptor(activation));
    OK(cudnnDestroyTensorDescriptor(left));
    OK(cudnnDestroyTensorDescriptor(right));
    OK(cuMemFree_v2(memory));
}

void test_operations(void)
{
    static const int types[] = {FP32, FP16, BF16};
    for (int i = 0; i < 6; i++) {
        for (int mode = 0; mode <= 3; mode++)
            pooling(types[i % 3], i / 3, mode);
        activations(types[i % 3], i / 3);
        softmax(types[i % 3], i / 3);
        normalization(types[i % 3], i / 3);
        tensor_operations(types[i % 3], i / 3);
    }
    slices();
    padded_transform();
}
