/* The self-test of the emulated GPU: compares every part with plain loops, and misuse with the expected status. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int failures, checks;
dnn handle;
CUstream stream;
const float one = 1, zero = 0;

static uint64_t state = 0x2545f4914f6cdd1d;

unsigned random_below(unsigned limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % limit;
}

float random_value(void)
{
    return (float)random_below(1u << 20) / (1u << 19) - 1;
}

/* Rounds in another way than the library: scales to integers of the type's precision and uses rint. */
float rounded(int type, float value)
{
    if (type == FP32 || value == 0 || !isfinite(value))
        return value;
    int exponent;
    frexpf(value, &exponent);
    int digits = type == FP16 ? 11 : 8, lowest = type == FP16 ? -24 : -133;
    int unit = exponent - digits < lowest ? lowest : exponent - digits;
    double result = rint(ldexp(value, -unit)) * ldexp(1, unit);
    return type == FP16 && fabs(result) > 65504 ? copysignf(INFINITY, value) : (float)result;
}

static void encode(int type, float value, char *to)
{
    if (type == FP32) {
        memcpy(to, &value, 4);
    } else if (type == BF16) {
        uint32_t bits;
        memcpy(&bits, &value, 4);
        memcpy(to, (char *)&bits + 2, 2);
    } else {
        _Float16 half = (_Float16)value;
        memcpy(to, &half, 2);
    }
}

static float decode(int type, const char *from)
{
    float value = 0;
    if (type == FP32) {
        memcpy(&value, from, 4);
    } else if (type == BF16) {
        memcpy((char *)&value + 2, from, 2);
    } else {
        _Float16 half;
        memcpy(&half, from, 2);
        value = (float)half;
    }
    return value;
}

address device_memory(size_t bytes)
{
    CUdeviceptr pointer = 0;
    OK(cuMemAlloc_v2(&pointer, bytes));
    return pointer;
}

static size_t offset_of(const struct test_tensor *t, int64_t element)
{
    size_t offset = 0;
    for (int i = t->rank - 1; i >= 0; i--) {
        offset += (size_t)(element % t->dim[i]) * (size_t)t->stride[i];
        element /= t->dim[i];
    }
    return offset * (t->type == FP32 ? 4 : 2);
}

struct test_tensor tensor_new(int type, int format, int rank, const int *dim)
{
    struct test_tensor t = {.type = type, .rank = rank, .count = 1};
    int step = format == NHWC ? dim[1] : 1;
    t.stride[1] = 1;
    for (int i = rank - 1; i >= 0; i--) {
        t.dim[i] = dim[i];
        t.count *= dim[i];
        if (format == NHWC && i == 1)
            continue;
        t.stride[i] = step;
        step *= dim[i];
    }
    t.bytes = (size_t)t.count * (type == FP32 ? 4 : 2);
    t.values = malloc((size_t)t.count * sizeof(float));
    char *host = malloc(t.bytes);
    for (int64_t i = 0; i < t.count; i++) {
        t.values[i] = rounded(type, random_value());
        encode(type, t.values[i], host + offset_of(&t, i));
    }
    t.memory = device_memory(t.bytes);
    OK(cuMemcpyHtoD_v2(t.memory, host, t.bytes));
    free(host);
    OK(cudnnCreateTensorDescriptor(&t.descriptor));
    OK(cudnnSetTensorNdDescriptor(t.descriptor, type, rank, t.dim, t.stride));
    return t;
}

float *tensor_read(const struct test_tensor *t)
{
    char *host = malloc(t->bytes);
    float *values = malloc((size_t)t->count * sizeof(float));
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(host, t->memory, t->bytes));
    for (int64_t i = 0; i < t->count; i++)
        values[i] = decode(t->type, host + offset_of(t, i));
    free(host);
    return values;
}

void tensor_free(struct test_tensor *t)
{
    OK(cudnnDestroyTensorDescriptor(t->descriptor));
    OK(cuMemFree_v2(t->memory));
    free(t->values);
}

double difference(const float *actual, const float *expected, int64_t count)
{
    double worst = 0, largest = 1e-30;
    for (int64_t i = 0; i < count; i++) {
        double d = fabs((double)actual[i] - expected[i]);
        if (isnan(d))
            return 1e30;
        worst = d > worst ? d : worst;
        largest = fabs(expected[i]) > largest ? fabs(expected[i]) : largest;
    }
    return worst / largest;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return run_fault_case(argv[1]);
    CUcontext context;
    STATUS(CUDA_ERROR_NOT_INITIALIZED, cuMemGetInfo_v2(&(size_t){0}, &(size_t){0}));
    OK(cuInit(0));
    STATUS(CUDA_ERROR_INVALID_CONTEXT, cuStreamCreate(&stream, 0));
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxSetCurrent(context));
    OK(cuStreamCreate(&stream, 1));
    OK(cudnnCreate(&handle));
    OK(cudnnSetStream(handle, stream));
    test_driver();
    test_capture();
    test_convolution();
    test_operations();
    test_graph_api();
    test_kernels();
    test_rnn();
    test_faults(argv[0]);
    OK(cudnnDestroy(handle));
    STATUS(BAD_PARAM, cudnnSetStream(handle, stream));
    OK(cuStreamDestroy_v2(stream));
    OK(cuDevicePrimaryCtxRelease_v2(0));
    printf("%d checks, %d failures\n", checks, failures);
    return failures != 0;
}
