/* Our own kernels, launched through the application's PTX, compared with libm and plain loops. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef PTX_FILE
#error "PTX_FILE names the kernels' PTX text"
#endif

static CUmodule module;

static CUfunction function(const char *name)
{
    CUfunction f = NULL;
    OK(cuModuleGetFunction(&f, module, name));
    return f;
}

static int launch(const char *name, unsigned grid, unsigned block, void *arguments)
{
    return cuLaunchKernel(function(name), grid, 1, 1, block, 1, 1, 0, stream, (void *[]){arguments}, NULL);
}

struct unary {
    address x, y;
    long count;
    int operation, x_type, y_type;
    float a, b;
};

static double softplus(double x)
{
    return x > 30 ? x : log1p(exp(x));
}

static double unary_reference(int operation, double x, double a, double b)
{
    switch (operation) {
    case 0: return fmax(x, 0);
    case 1: return x >= 0 ? x : a * x;
    case 2: return 1 / (1 + exp(-x));
    case 3: return tanh(x);
    case 4: return erf(x);
    case 5: return 0.5 * x * (1 + erf(x / sqrt(2)));
    case 6: return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case 7: return exp(x);
    case 8: return log(x);
    case 9: return sqrt(x);
    case 10: return fabs(x);
    case 11: return -x;
    case 12: return ceil(x);
    case 13: return floor(x);
    case 14: return fmin(fmax(x, a), b);
    case 15: return fmin(fmax(a * x + b, 0), 1);
    case 16: return x * fmin(fmax(x / 6 + 0.5, 0), 1);
    case 17: return x * tanh(softplus(x));
    case 18: return softplus(x);
    case 19: return x / (1 + fabs(x));
    case 20: return x > 0 ? x : a * expm1(x);
    case 21: return b * (x > 0 ? x : a * expm1(x));
    case 22: return x / (1 + exp(-a * x));
    case 23: return 1 / x;
    case 24: return (x > 0) - (x < 0);
    case 25: return rint(x);
    case 26: return x == 0;
    case 27: return sin(x);
    case 28: return cos(x);
    case 29: return tan(x);
    case 31: return a * x + b;
    case 32: return x > 0 ? x : a * expm1(x / a);
    case 33: return x > a ? x : 0;
    case 34: return -softplus(-x);
    case 35: return 1 / sqrt(x);
    case 36: return isnan(x);
    case 37: return x * x;
    default: return x;
    }
}

static void unary(void)
{
    enum { COUNT = 4000 };
    float x[COUNT], y[COUNT];
    for (int i = 0; i < COUNT; i++)
        x[i] = random_value() * (i % 4 == 0 ? 20 : i % 4 == 1 ? 3 : i % 4 == 2 ? 0.1f : 1e-4f);
    x[0] = 0;
    address in = device_memory(sizeof x), out = device_memory(sizeof y);
    OK(cuMemcpyHtoD_v2(in, x, sizeof x));
    double worst = 0;
    int worst_operation = -1;
    for (int operation = 0; operation <= 37; operation++) {
        struct unary arguments = {in, out, COUNT, operation, FP32, FP32, 0.3f, 0.7f};
        OK(launch("unary", 7, 128, &arguments));
        OK(cuStreamSynchronize(stream));
        OK(cuMemcpyDtoH_v2(y, out, sizeof y));
        for (int i = 0; i < COUNT; i++) {
            double expected = unary_reference(operation, x[i], 0.3f, 0.7f);
            double error = fabs(y[i] - expected) / fmax(1, fabs(expected));
            if (isnan(expected) || isinf(expected))
                error = (isnan(expected) ? isnan(y[i]) : y[i] == expected) ? 0 : 1;
            if (operation == 29 && fabs(cos(x[i])) < 0.01) /* tan is too inaccurate near its poles */
                continue;
            if (error > worst) {
                worst = error;
                worst_operation = operation;
            }
        }
    }
    CHECK(worst < 2e-6);
    if (worst >= 2e-6)
        printf("unary operation %d: error %g\n", worst_operation, worst);
    OK(cuMemFree_v2(in));
    OK(cuMemFree_v2(out));
}

struct binary {
    address a, b, y;
    long count;
    int operation, a_type, b_type, y_type, size[8];
    long a_stride[8], b_stride[8], y_stride[8];
};

static double binary_reference(int operation, double a, double b)
{
    switch (operation) {
    case 0: return a + b;
    case 1: return a - b;
    case 2: return a * b;
    case 3: return a / b;
    case 4: return pow(a, b);
    case 5: return fmin(a, b);
    case 6: return fmax(a, b);
    case 7: return a == b;
    case 8: return a < b;
    case 9: return a <= b;
    case 10: return a > b;
    case 11: return a >= b;
    case 12: return a != 0 && b != 0;
    case 13: return a != 0 || b != 0;
    case 14: return (a != 0) != (b != 0);
    case 15: return a >= 0 ? a : a * b;
    case 16: return a - floor(a / b) * b;
    case 17: return fmod(a, b);
    case 18: return (a + b) / 2;
    default: return fmax(a + b, 0);
    }
}

/* a is 2 x 3 x 1 x 5, b is 1 x 3 x 4 x 5 with its dimensions permuted in memory */
static void binary(void)
{
    struct test_tensor a = tensor_new(FP16, NCHW, 4, (int[]){2, 3, 1, 5}), b = tensor_new(FP32, NHWC, 4, (int[]){1, 3, 4, 5});
    address out = device_memory(120 * 4);
    for (int operation = 0; operation <= 19; operation++) {
        struct binary arguments = {.a = a.memory, .b = b.memory, .y = out, .count = 120, .operation = operation,
                                   .a_type = FP16, .b_type = FP32, .y_type = FP32, .size = {1, 1, 1, 1, 2, 3, 4, 5},
                                   .a_stride = {0, 0, 0, 0, 15, 5, 0, 1}, .b_stride = {0, 0, 0, 0, 0, 1, 15, 3},
                                   .y_stride = {0, 0, 0, 0, 60, 20, 5, 1}};
        OK(launch("binary", 1, 64, &arguments));
        OK(cuStreamSynchronize(stream));
        float y[120];
        OK(cuMemcpyDtoH_v2(y, out, sizeof y));
        for (int i = 0; i < 120; i++) {
            double left = a.values[i / 60 * 15 + i / 20 % 3 * 5 + i % 5], right = b.values[i / 20 % 3 * 20 + i % 20];
            double expected = binary_reference(operation, left, right);
            if (isnan(expected))
                CHECK(isnan(y[i]));
            else
                CHECK(fabs(y[i] - expected) <= 1e-6 * fmax(1, fabs(expected)));
        }
    }
    OK(cuMemFree_v2(out));
    tensor_free(&a);
    tensor_free(&b);
}

struct convert {
    address from, to;
    long count;
    int from_type, to_type, size[8], from_size[8];
    long from_stride[8], to_stride[8];
};

/* fp32 NCHW with 3 channels to fp16 NHWC with 8, the rest zero */
static void convert(void)
{
    struct test_tensor x = tensor_new(FP32, NCHW, 4, (int[]){2, 3, 4, 5});
    struct test_tensor y = tensor_new(FP16, NHWC, 4, (int[]){2, 8, 4, 5});
    struct convert arguments = {.from = x.memory, .to = y.memory, .count = y.count, .from_type = FP32, .to_type = FP16,
                                .size = {1, 1, 1, 1, 2, 4, 5, 8}, .from_size = {1, 1, 1, 1, 2, 4, 5, 3},
                                .from_stride = {0, 0, 0, 0, 60, 5, 1, 20}, .to_stride = {0, 0, 0, 0, 160, 40, 8, 1}};
    OK(launch("convert", 3, 32, &arguments));
    float *values = tensor_read(&y);
    for (int i = 0; i < y.count; i++) {
        int n = i / 160, c = i / 20 % 8;
        CHECK(values[i] == (c < 3 ? rounded(FP16, x.values[(n * 3 + c) * 20 + i % 20]) : 0));
    }
    free(values);
    tensor_free(&x);
    tensor_free(&y);
}

/* Every fp16 and bf16 number survives a round trip to fp32; rounding agrees with the reference. */
static void rounding(void)
{
    enum { COUNT = 65536 };
    static float x[COUNT];
    static uint16_t bits[COUNT], back[COUNT];
    address wide = device_memory(COUNT * 4), narrow = device_memory(COUNT * 2);
    for (int type = FP16; type <= BF16; type += BF16 - FP16) {
        for (int i = 0; i < COUNT; i++)
            bits[i] = (uint16_t)i;
        OK(cuMemcpyHtoD_v2(narrow, bits, sizeof bits));
        struct unary there = {narrow, wide, COUNT, 30, type, FP32, 0, 0}, again = {wide, narrow, COUNT, 30, FP32, type, 0, 0};
        OK(launch("unary", 4, 256, &there));
        OK(launch("unary", 4, 256, &again));
        OK(cuMemcpyDtoH_v2(back, narrow, sizeof back));
        OK(cuMemcpyDtoH_v2(x, wide, sizeof x));
        int wrong = 0;
        for (int i = 0; i < COUNT; i++)
            wrong += back[i] != bits[i] && !isnan(x[i]);
        CHECK(wrong == 0);
        for (int i = 0; i < COUNT; i++)
            x[i] = ldexpf(random_value(), (int)random_below(60) - 40);
        OK(cuMemcpyHtoD_v2(wide, x, sizeof x));
        OK(launch("unary", 4, 256, &again));
        OK(launch("unary", 4, 256, &there));
        static float y[COUNT];
        OK(cuMemcpyDtoH_v2(y, wide, sizeof y));
        wrong = 0;
        for (int i = 0; i < COUNT; i++)
            wrong += y[i] != rounded(type, x[i]);
        CHECK(wrong == 0);
    }
    OK(cuMemFree_v2(wide));
    OK(cuMemFree_v2(narrow));
}

struct reduce {
    address x, y;
    long rows, length, row_stride, stride;
    int operation, x_type, y_type, unused;
};

static void reduce(void)
{
    struct test_tensor x = tensor_new(FP32, NCHW, 3, (int[]){5, 1, 300}), y = tensor_new(FP32, NCHW, 3, (int[]){5, 1, 1});
    for (unsigned block = 1; block <= 256; block = block * 3 + 1) {
        struct reduce arguments = {x.memory, y.memory, 5, 300, 300, 1, 6, FP32, FP32, 0};
        OK(launch("reduce_rows", 2, block, &arguments));
        float *values = tensor_read(&y);
        for (int r = 0; r < 5; r++) {
            double sum = 0;
            for (int i = 0; i < 300; i++)
                sum += (double)x.values[r * 300 + i] * x.values[r * 300 + i];
            CHECK(fabs(values[r] - sqrt(sum)) < 1e-5);
        }
        free(values);
    }
    tensor_free(&x);
    tensor_free(&y);
}

static void misuse(void)
{
    CUmodule other;
    STATUS(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&other, "no PTX at all"));
    STATUS(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, cuModuleLoadData(&other, ".version 8.1\n.target sm_70\n"));
    STATUS(CUDA_ERROR_NO_BINARY_FOR_GPU, cuModuleLoadData(&other, ".version 8.0\n.target sm_90\n"));
    STATUS(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&(CUfunction){0}, module, "no_such_kernel"));
    CUfunction fill = function("fill");
    STATUS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(fill, 1, 1, 1, 2048, 1, 1, 0, stream, (void *[]){&fill}, NULL));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(fill, 0, 1, 1, 32, 1, 1, 0, stream, (void *[]){&fill}, NULL));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(fill, 1, 1, 1, 32, 1, 1, 0, stream, NULL, NULL));
}

void test_kernels(void)
{
    static char text[1 << 20];
    FILE *file = fopen(PTX_FILE, "r");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    OK(cuModuleLoadData(&module, text));
    unary();
    binary();
    convert();
    rounding();
    reduce();
    misuse();
    CUfunction fill = function("fill");
    OK(cuModuleUnload(module));
    STATUS(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(fill, 1, 1, 1, 32, 1, 1, 0, stream, (void *[]){&fill}, NULL));
}
