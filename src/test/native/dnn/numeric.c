/*
 * Storage types. Every operation reads its tensors as dense fp32, computes in fp32 and rounds once when it
 * writes (to nearest, ties to even), like tensor cores with fp32 accumulation.
 */
#define _GNU_SOURCE
#include "dnn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    if ((half & 0x7c00) == 0x7c00)
        return from_bits(sign | 0x7f800000 | magnitude);
    /* Moves the exponent's bias from 15 to 127; exact, for subnormals too. */
    float value = from_bits(magnitude) * 0x1p112f;
    return from_bits(sign | to_bits(value));
}

static uint16_t float_to_half(float value)
{
    uint32_t bits = to_bits(value);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return sign | 0x7e00;
    if (magnitude >= 0x477ff000) /* 65520 and more round to infinity */
        return sign | 0x7c00;
    if (magnitude < 0x38800000) { /* below 2^-14: adding 0.5 makes the FPU round at the position of a subnormal */
        float shifted = from_bits(magnitude) + 0.5f;
        return sign | (uint16_t)(to_bits(shifted) - 0x3f000000);
    }
    uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000;
    return sign | (uint16_t)(rounded >> 13);
}

static float bfloat_to_float(uint16_t bfloat)
{
    return from_bits((uint32_t)bfloat << 16);
}

static uint16_t float_to_bfloat(float value)
{
    uint32_t bits = to_bits(value);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* TF32 keeps 10 mantissa bits; the hardware's conversion rounds to nearest, ties away from zero. */
float dnn_round_tf32(float value)
{
    uint32_t bits = to_bits(value);
    if ((bits & 0x7f800000) == 0x7f800000)
        return value;
    return from_bits((bits + 0x1000) & 0xffffe000);
}

void dnn_round_inputs(float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = dnn_round_tf32(values[i]);
}

float dnn_round_to(int type, float value)
{
    switch (type) {
    case TYPE_HALF: return half_to_float(float_to_half(value));
    case TYPE_BFLOAT16: return bfloat_to_float(float_to_bfloat(value));
    default: return value;
    }
}

/* E4M3 by its definition: 4 bits of exponent with bias 7, 3 of mantissa, no infinity. */
static float fp8_to_float(uint8_t fp8)
{
    int exponent = fp8 >> 3 & 15, mantissa = fp8 & 7;
    if ((fp8 & 0x7f) == 0x7f)
        return NAN;
    float size = exponent == 0 ? ldexpf((float)mantissa, -9) : ldexpf((float)(8 + mantissa), exponent - 10);
    return fp8 & 0x80 ? -size : size;
}

/* To nearest, ties to even; values above 448 saturate. */
static uint8_t float_to_fp8(float value)
{
    if (isnan(value))
        return 0x7f;
    float size = fabsf(value);
    uint8_t sign = signbit(value) ? 0x80 : 0;
    if (size >= 448)
        return sign | 0x7e;
    int exponent = size < 0x1p-6f ? -6 : ilogbf(size);
    int eighths = (int)rintf(ldexpf(size, 3 - exponent)); /* 8 to 16, or less below 2^-6 */
    return sign | (uint8_t)(eighths + (exponent + 6) * 8);
}

float *dnn_floats(int64_t count)
{
    void *memory;
    if (posix_memalign(&memory, 64, ((size_t)count + 16) * sizeof(float)) != 0)
        abort();
    return memory;
}

static void load_row(int type, const char *from, int64_t stride, int64_t count, float *to)
{
    switch (type) {
    case TYPE_FLOAT:
        for (int64_t i = 0; i < count; i++)
            to[i] = ((const float *)from)[i * stride];
        break;
    case TYPE_HALF:
        for (int64_t i = 0; i < count; i++)
            to[i] = half_to_float(((const uint16_t *)from)[i * stride]);
        break;
    case TYPE_BFLOAT16:
        for (int64_t i = 0; i < count; i++)
            to[i] = bfloat_to_float(((const uint16_t *)from)[i * stride]);
        break;
    case TYPE_INT8:
        for (int64_t i = 0; i < count; i++)
            to[i] = (float)((const int8_t *)from)[i * stride];
        break;
    case TYPE_FP8_E4M3:
        for (int64_t i = 0; i < count; i++)
            to[i] = fp8_to_float(((const uint8_t *)from)[i * stride]);
        break;
    case TYPE_UINT8:
    case TYPE_BOOLEAN:
        for (int64_t i = 0; i < count; i++)
            to[i] = (float)((const uint8_t *)from)[i * stride];
        break;
    case TYPE_INT32:
        for (int64_t i = 0; i < count; i++)
            to[i] = (float)((const int32_t *)from)[i * stride];
        break;
    case TYPE_INT64:
        for (int64_t i = 0; i < count; i++)
            to[i] = (float)((const int64_t *)from)[i * stride];
        break;
    default:
        for (int64_t i = 0; i < count; i++)
            to[i] = NAN;
    }
}

float dnn_scalar(int type, const void *host)
{
    float value;
    load_row(type, host, 1, 1, &value);
    return value;
}

static long saturate(float value, long low, long high)
{
    float rounded = rintf(value);
    return rounded <= (float)low ? low : rounded >= (float)high ? high : (long)rounded;
}

static void store_row(int type, char *to, int64_t stride, int64_t count, const float *from)
{
    switch (type) {
    case TYPE_FLOAT:
        for (int64_t i = 0; i < count; i++)
            ((float *)to)[i * stride] = from[i];
        break;
    case TYPE_HALF:
        for (int64_t i = 0; i < count; i++)
            ((uint16_t *)to)[i * stride] = float_to_half(from[i]);
        break;
    case TYPE_BFLOAT16:
        for (int64_t i = 0; i < count; i++)
            ((uint16_t *)to)[i * stride] = float_to_bfloat(from[i]);
        break;
    case TYPE_INT8:
        for (int64_t i = 0; i < count; i++)
            ((int8_t *)to)[i * stride] = (int8_t)saturate(from[i], -128, 127);
        break;
    case TYPE_FP8_E4M3:
        for (int64_t i = 0; i < count; i++)
            ((uint8_t *)to)[i * stride] = float_to_fp8(from[i]);
        break;
    case TYPE_UINT8:
        for (int64_t i = 0; i < count; i++)
            ((uint8_t *)to)[i * stride] = (uint8_t)saturate(from[i], 0, 255);
        break;
    case TYPE_BOOLEAN:
        for (int64_t i = 0; i < count; i++)
            ((uint8_t *)to)[i * stride] = from[i] != 0;
        break;
    case TYPE_INT32:
        for (int64_t i = 0; i < count; i++)
            ((int32_t *)to)[i * stride] = (int32_t)saturate(from[i], -2147483648L, 2147483647L);
        break;
    case TYPE_INT64:
        for (int64_t i = 0; i < count; i++)
            ((int64_t *)to)[i * stride] = (int64_t)from[i];
        break;
    default:
        break;
    }
}

/* Walks the rows (innermost dimension) of a tensor. */
struct rows {
    int64_t count, length;
};

static struct rows rows_of(const struct tensor *tensor)
{
    int64_t length = tensor->dim[tensor->rank - 1];
    return (struct rows){dnn_elements(tensor) / length, length};
}

static int64_t row_offset(const struct tensor *tensor, int64_t row)
{
    int64_t offset = 0;
    for (int i = tensor->rank - 2; i >= 0; i--) {
        offset += row % tensor->dim[i] * tensor->stride[i];
        row /= tensor->dim[i];
    }
    return offset;
}

/* The host memory of a tensor, or the error of a kernel that accesses it. */
static CUresult resolve(const struct tensor *tensor, uint64_t address, char **host)
{
    *host = emu_host(address, dnn_span_bytes(tensor));
    if (*host == NULL)
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    return address % dnn_element_size(tensor->type) == 0 ? CUDA_SUCCESS : CUDA_ERROR_MISALIGNED_ADDRESS;
}

struct dense dnn_read(const struct tensor *tensor, uint64_t address)
{
    char *host;
    struct dense dense = {NULL, false, resolve(tensor, address, &host)};
    if (dense.error != CUDA_SUCCESS)
        return dense;
    if (tensor->type == TYPE_FLOAT && dnn_is_packed(tensor, FORMAT_NCHW)) {
        dense.data = (float *)host;
        return dense;
    }
    struct rows rows = rows_of(tensor);
    size_t size = dnn_element_size(tensor->type);
    dense.data = dnn_floats(rows.count * rows.length);
    dense.owned = true;
    if (dnn_is_packed(tensor, FORMAT_NCHW)) {
        load_row(tensor->type, host, 1, rows.count * rows.length, dense.data);
        return dense;
    }
    for (int64_t row = 0; row < rows.count; row++)
        load_row(tensor->type, host + (size_t)row_offset(tensor, row) * size, tensor->stride[tensor->rank - 1],
                 rows.length, dense.data + row * rows.length);
    return dense;
}

void dnn_release(struct dense *dense)
{
    if (dense->owned)
        free(dense->data);
    dense->data = NULL;
}

CUresult dnn_write(const struct tensor *tensor, uint64_t address, const float *values, float alpha, float beta)
{
    char *host;
    CUresult error = resolve(tensor, address, &host);
    if (error != CUDA_SUCCESS)
        return error;
    struct rows rows = rows_of(tensor);
    int64_t stride = tensor->stride[tensor->rank - 1];
    size_t size = dnn_element_size(tensor->type);
    float *row_values = dnn_floats(rows.length), *before = dnn_floats(rows.length);
    for (int64_t row = 0; row < rows.count; row++) {
        char *to = host + (size_t)row_offset(tensor, row) * size;
        const float *from = values + row * rows.length;
        if (alpha != 1 || beta != 0) {
            if (beta != 0)
                load_row(tensor->type, to, stride, rows.length, before);
            for (int64_t i = 0; i < rows.length; i++)
                row_values[i] = alpha * from[i] + (beta != 0 ? beta * before[i] : 0);
            from = row_values;
        }
        store_row(tensor->type, to, stride, rows.length, from);
    }
    free(row_values);
    free(before);
    return CUDA_SUCCESS;
}
