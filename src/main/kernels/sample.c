/* GridSample and RoiAlign: values between the pixels of an image, at positions from a second tensor. */
#include "arithmetic.h"

enum sample_mode { SAMPLE_LINEAR = 0, SAMPLE_NEAREST = 1, SAMPLE_CUBIC = 2 };
enum sample_padding { PAD_ZEROS = 0, PAD_BORDER = 1, PAD_REFLECTION = 2 };

/* y[image][channel][place]; up to three spatial axes, the unused leading ones with size 1. The grid lists the last axis first. */
struct grid_sample_arguments {
    const void *x, *grid;
    void *y;
    long count; /* elements of y */
    long places; /* of an image */
    int in[3];
    int channels, axes, mode, padding, align, type;
    int unused;
};

/* Reflects into [low / 2, high / 2] at both ends. */
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

/* The weight of a tap at `distance`, by cubic convolution with a = -0.75. */
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
            /* Cubic taps are padded one by one; a position far outside must still fit an int. */
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

/* y[box][channel][row][column]: the mean or the maximum of samples at even distances in each bin of a box. */
struct roi_align_arguments {
    const void *x, *boxes; /* boxes: left, top, right, bottom */
    const long *images; /* the image of each box */
    void *y;
    long count; /* elements of y */
    int channels, size[2], bins[2]; /* rows, columns */
    int samples; /* per bin and axis; 0: one per pixel */
    int maximum, shifted; /* shifted: coordinates refer to the corners of pixels, otherwise to their centres */
    int type;
    float scale; /* from box coordinates to pixels */
};

/* The two elements around a position, and the weight of the second. */
struct neighbours {
    long low, high;
    float weight;
};

DEVICE struct neighbours around(float at, int size)
{
    struct neighbours found;
    at = at < 0.0f ? 0.0f : at > (float)(size - 1) ? (float)(size - 1) : at;
    found.low = (long)at;
    found.high = found.low + 1 < size ? found.low + 1 : found.low;
    found.weight = at - (float)found.low;
    return found;
}

KERNEL(roi_align, struct roi_align_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        int type = arguments.type, rows = arguments.size[0], columns = arguments.size[1];
        long bins = (long)arguments.bins[0] * arguments.bins[1], box = i / bins / arguments.channels;
        long image = *AT(const long, arguments.images, box);
        long first = (image * arguments.channels + i / bins % arguments.channels) * rows * columns;
        float start[2], step[2];
        int samples[2];
        UNROLL
        for (int d = 0; d < 2; d++) { /* rows, columns: boxes list columns first */
            float shift = arguments.shifted ? 0.5f : 0.0f;
            float low = load(arguments.boxes, type, 4 * box + 1 - d) * arguments.scale - shift;
            float extent = load(arguments.boxes, type, 4 * box + 3 - d) * arguments.scale - shift - low;
            step[d] = (arguments.shifted || extent > 1.0f ? extent : 1.0f) / (float)arguments.bins[d];
            start[d] = low + (float)(d == 0 ? i / arguments.bins[1] % arguments.bins[0] : i % arguments.bins[1]) * step[d];
            samples[d] = arguments.samples > 0 ? arguments.samples : (int)__builtin_ceilf(step[d]);
        }
        float sum = 0.0f, largest = -INFINITE;
        for (int r = 0; r < samples[0]; r++) {
            float y = start[0] + ((float)r + 0.5f) * step[0] / (float)samples[0];
            for (int c = 0; c < samples[1]; c++) {
                float x = start[1] + ((float)c + 0.5f) * step[1] / (float)samples[1];
                int inside = y >= -1.0f && y <= (float)rows && x >= -1.0f && x <= (float)columns;
                struct neighbours row = around(y, rows), column = around(x, columns);
                UNROLL
                for (int corner = 0; corner < 4; corner++) {
                    long at = (corner < 2 ? row.low : row.high) * columns + (corner % 2 == 0 ? column.low : column.high);
                    float weight = (corner < 2 ? 1.0f - row.weight : row.weight)
                        * (corner % 2 == 0 ? 1.0f - column.weight : column.weight);
                    float value = inside ? weight * load(arguments.x, type, first + at) : 0.0f;
                    sum += value;
                    largest = larger(largest, value);
                }
            }
        }
        long taken = (long)samples[0] * samples[1];
        float value = taken < 1 ? 0.0f : arguments.maximum ? largest : sum / (float)taken;
        store(arguments.y, type, i, value);
    }
}
