/* GridSample: values between the elements of an image, at places that a second tensor names. */
#include "arithmetic.h"

enum sample_mode { SAMPLE_LINEAR = 0, SAMPLE_NEAREST = 1, SAMPLE_CUBIC = 2 };
enum sample_padding { PAD_ZEROS = 0, PAD_BORDER = 1, PAD_REFLECTION = 2 };

/* y[image][channel][place]; up to three spatial axes, those in front with size 1. The grid names the last axis first. */
struct grid_sample_arguments {
    const void *x, *grid;
    void *y;
    long count; /* elements of y */
    long places; /* of an image */
    int in[3];
    int channels, axes, mode, padding, align, type;
    int unused;
};

/* Into [low / 2, high / 2], mirrored at both ends. */
DEVICE float reflected(float at, int low, int high)
{
    if (low == high)
        return 0.0f;
    float least = (float)low * 0.5f, span = (float)(high - low) * 0.5f;
    float distance = absolute(at - least), flips = __builtin_floorf(distance / span);
    float rest = distance - flips * span;
    return (long)flips % 2 == 0 ? rest + least : span - rest + least;
}

DEVICE float padded(float at, int size, int padding, int align)
{
    if (padding == PAD_ZEROS)
        return at;
    if (padding == PAD_REFLECTION)
        at = align ? reflected(at, 0, 2 * (size - 1)) : reflected(at, -1, 2 * size - 1);
    return at < 0.0f ? 0.0f : at > (float)(size - 1) ? (float)(size - 1) : at;
}

/* Weight of the tap that is `distance` away, by cubic convolution with a = -0.75. */
DEVICE float cubic(float distance)
{
    float d = absolute(distance), a = -0.75f;
    return d <= 1.0f ? ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f
         : d < 2.0f ? ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a : 0.0f;
}

KERNEL(grid_sample, struct grid_sample_arguments)
{
    int mode = arguments.mode, taps = mode == SAMPLE_LINEAR ? 2 : mode == SAMPLE_NEAREST ? 1 : 4;
    FOR_EACH_INDEX(i, arguments.count)
    {
        long place = i % arguments.places, plane = i / arguments.places, image = plane / arguments.channels;
        float at[3];
        int first[3], count[3];
        UNROLL
        for (int d = 0; d < 3; d++) {
            int size = arguments.in[d], given = d >= 3 - arguments.axes;
            float g = given ? load(arguments.grid, arguments.type,
                                   (image * arguments.places + place) * arguments.axes + 2 - d) : 0.0f;
            float where = arguments.align ? (g + 1.0f) * 0.5f * (float)(size - 1) : ((g + 1.0f) * (float)size - 1.0f) * 0.5f;
            /* Cubic taps are padded one by one; a number far outside must still be an int. */
            where = mode == SAMPLE_CUBIC ? where : padded(where, size, arguments.padding, arguments.align);
            where = where > -1e9f && where < 1e9f ? where : -100.0f;
            where = mode == SAMPLE_NEAREST ? __builtin_rintf(where) : where;
            at[d] = given ? where : 0.0f;
            first[d] = (int)__builtin_floorf(at[d]) - (mode == SAMPLE_CUBIC && given);
            count[d] = given ? taps : 1;
        }
        long base = plane * arguments.in[0] * arguments.in[1] * arguments.in[2];
        float sum = 0.0f;
        for (int a = 0; a < count[0]; a++)
            for (int b = 0; b < count[1]; b++)
                for (int c = 0; c < count[2]; c++) {
                    int tap[3] = {first[0] + a, first[1] + b, first[2] + c}, inside = 1;
                    float weight = 1.0f;
                    long offset = 0;
                    UNROLL
                    for (int d = 0; d < 3; d++) {
                        float distance = absolute(at[d] - (float)tap[d]);
                        weight *= count[d] == 1 ? 1.0f : mode == SAMPLE_CUBIC ? cubic(distance) : 1.0f - distance;
                        int index = mode == SAMPLE_CUBIC
                            ? (int)padded((float)tap[d], arguments.in[d], arguments.padding, arguments.align) : tap[d];
                        inside &= index >= 0 && index < arguments.in[d];
                        offset = offset * arguments.in[d] + index;
                    }
                    if (inside && weight != 0.0f)
                        sum += weight * load(arguments.x, arguments.type, base + offset);
                }
        store(arguments.y, arguments.type, i, sum);
    }
}
