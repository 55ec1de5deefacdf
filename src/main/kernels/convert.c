/* Copies between types and layouts. */
#include "narrow.h"

/*
 * to[index] = from[index] for every index within `size`; if an index exceeds `from_size` (a dimension padded
 * in the target, such as 3 channels stored as 8) the element is 0. Strides are in elements and cover NCHW, NHWC, slices
 * of a larger buffer and broadcasts (stride 0). Unused dimensions come first, with size 1.
 * The innermost dimension should be the one that is contiguous in the target.
 */
struct convert_arguments {
    const void *from;
    void *to;
    long count; /* product of size */
    int from_type, to_type;
    int size[MAX_RANK], from_size[MAX_RANK];
    long from_stride[MAX_RANK], to_stride[MAX_RANK];
};

KERNEL(convert, struct convert_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        unsigned rest = (unsigned)i;
        long from = 0, to = 0;
        int inside = 1;
        UNROLL
        for (int d = MAX_RANK - 1; d >= 0; d--) {
            if (arguments.size[d] == 1)
                continue;
            unsigned at = rest % (unsigned)arguments.size[d];
            rest /= (unsigned)arguments.size[d];
            inside &= at < (unsigned)arguments.from_size[d];
            from += (long)at * arguments.from_stride[d];
            to += (long)at * arguments.to_stride[d];
        }
        if (arguments.from_type == INT64 && arguments.to_type == INT64) /* going through fp32 would lose digits */
            *AT(long, arguments.to, to) = inside ? *AT(const long, arguments.from, from) : 0;
        else if (arguments.from_type == DOUBLE || arguments.to_type == DOUBLE)
            store_wide(arguments.to, arguments.to_type, to,
                       inside ? load_wide(arguments.from, arguments.from_type, from) : 0.0);
        else
            store_narrow(arguments.to, arguments.to_type, to,
                         inside ? load_narrow(arguments.from, arguments.from_type, from) : 0.0f);
    }
}

/* Rounds to a float type of few bits, ties to even. Values above `largest` become `beyond`. */
struct round_float_arguments {
    const void *x;
    void *y;
    long count;
    int x_type, y_type;
    int digits; /* mantissa bits after the point */
    int lowest; /* lowest exponent of normal numbers */
    float largest, beyond;
};

KERNEL(round_float, struct round_float_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        float x = load_narrow(arguments.x, arguments.x_type, i), magnitude = __builtin_fabsf(x);
        int exponent = (int)(bits_of_float(magnitude) >> 23) - 127;
        exponent = exponent < arguments.lowest ? arguments.lowest : exponent > 126 ? 126 : exponent;
        float step = float_of_bits((unsigned)(exponent - arguments.digits + 127) << 23);
        float rounded = __builtin_rintf(magnitude / step) * step;
        if (rounded > arguments.largest)
            rounded = arguments.beyond;
        store_narrow(arguments.y, arguments.y_type, i, __builtin_copysignf(rounded, x));
    }
}

/* Reinterprets the bits of elements as another type of the same width. Types are ONNX's; integers are stored as INT64. */
enum { ONNX_FLOAT = 1, ONNX_UINT8 = 2, ONNX_INT8 = 3, ONNX_UINT16 = 4, ONNX_INT16 = 5, ONNX_INT32 = 6, ONNX_INT64 = 7,
       ONNX_BOOL = 9, ONNX_HALF = 10, ONNX_DOUBLE = 11, ONNX_UINT32 = 12, ONNX_UINT64 = 13, ONNX_BFLOAT = 16 };

struct bit_cast_arguments {
    const void *x;
    void *y;
    long count;
    int x_type, y_type;
    int from, to;
};

KERNEL(bit_cast, struct bit_cast_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        unsigned long bits;
        switch (arguments.from) {
        case ONNX_FLOAT: bits = bits_of_float(load(arguments.x, arguments.x_type, i)); break;
        case ONNX_HALF: bits = half_of_float(load(arguments.x, arguments.x_type, i)); break;
        case ONNX_BFLOAT: bits = bfloat_of_float(load(arguments.x, arguments.x_type, i)); break;
        default: bits = *AT(const unsigned long, arguments.x, i); break; /* DOUBLE too */
        }
        switch (arguments.to) {
        case ONNX_FLOAT: store(arguments.y, arguments.y_type, i, float_of_bits((unsigned)bits)); break;
        case ONNX_HALF: store(arguments.y, arguments.y_type, i, float_of_half((unsigned short)bits)); break;
        case ONNX_BFLOAT: store(arguments.y, arguments.y_type, i, float_of_bfloat((unsigned short)bits)); break;
        case ONNX_UINT8:
        case ONNX_BOOL: *AT(unsigned long, arguments.y, i) = bits & 0xfful; break;
        case ONNX_INT8: *AT(long, arguments.y, i) = (signed char)bits; break;
        case ONNX_UINT16: *AT(unsigned long, arguments.y, i) = bits & 0xfffful; break;
        case ONNX_INT16: *AT(long, arguments.y, i) = (short)bits; break;
        case ONNX_UINT32: *AT(unsigned long, arguments.y, i) = bits & 0xfffffffful; break;
        case ONNX_INT32: *AT(long, arguments.y, i) = (int)bits; break;
        default: *AT(unsigned long, arguments.y, i) = bits; break;
        }
    }
}
