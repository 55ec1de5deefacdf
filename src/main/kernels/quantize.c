/* Converts between floats and integers or 8-bit floats with a scale and a zero point, one pair per tensor, slice or block. */
#include "arithmetic.h"
#include "narrow.h"

struct quantize_arguments {
    const void *x;
    const void *scale;
    const void *zero; /* may be null */
    void *y;
    long count; /* product of size */
    int x_type, scale_type, zero_type, y_type;
    float low, high; /* the target's range */
    float shift; /* subtracted from stored integers */
    int back; /* to floats */
    int floats; /* 0: from floats to integers, 1: to 8-bit floats, 2: rounded by a later kernel */
    int bits, is_signed; /* of x if it holds packed codes; else 0 */
    int size[MAX_RANK]; /* unused dimensions come first, size 1 */
    int block[MAX_RANK]; /* neighbours that share a scale */
    long scale_stride[MAX_RANK];
};

/* NaN becomes the lowest value, as in ONNX Runtime. */
DEVICE float within(float value, float low, float high)
{
    return smaller(value > low ? value : low, high);
}

KERNEL(quantize, struct quantize_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        unsigned rest = (unsigned)i;
        long at = 0;
        UNROLL
        for (int d = MAX_RANK - 1; d >= 0; d--) {
            if (arguments.size[d] == 1)
                continue;
            at += (long)(rest % (unsigned)arguments.size[d] / (unsigned)arguments.block[d]) * arguments.scale_stride[d];
            rest /= (unsigned)arguments.size[d];
        }
        float scale = load(arguments.scale, arguments.scale_type, at);
        float zero = arguments.zero == 0 ? 0.0f : load(arguments.zero, arguments.zero_type, at);
        float x = arguments.bits == 0 ? load_narrow(arguments.x, arguments.x_type, i)
                                      : (float)code_at(arguments.x, arguments.bits, arguments.is_signed, i);
        float y = arguments.back ? (x + arguments.shift - zero) * scale
            : arguments.floats == 2 ? x / scale
            : arguments.floats ? float_of_fp8(fp8_of_float(x / scale))
            : within(__builtin_rintf(x / scale) + zero, arguments.low, arguments.high) - arguments.shift;
        store_narrow(arguments.y, arguments.y_type, i, y);
    }
}
