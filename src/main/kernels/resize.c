/* Interpolation with taps and weights that the host computed for each position along each axis. */
#include "kernel.h"

/* y[outer][i][j][k] = sum of weight * x over the taps of i, j and k. */
struct resize_arguments {
    const void *x;
    void *y;
    const long *index[3]; /* [out][taps]; -1 outside, where `outside` is used */
    const float *weight[3];
    long count; /* elements of y */
    int in[3], out[3], taps[3];
    int type;
    float outside;
    int unused;
};

KERNEL(resize, struct resize_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long rest = i;
        int k = (int)(rest % arguments.out[2]);
        rest /= arguments.out[2];
        int j = (int)(rest % arguments.out[1]);
        rest /= arguments.out[1];
        int h = (int)(rest % arguments.out[0]);
        long base = rest / arguments.out[0] * arguments.in[0] * arguments.in[1] * arguments.in[2];
        float sum = 0.0f;
        int inside = 1;
        for (int a = 0; a < arguments.taps[0]; a++) {
            long z = *AT(const long, arguments.index[0], (long)h * arguments.taps[0] + a);
            float wz = *AT(const float, arguments.weight[0], (long)h * arguments.taps[0] + a);
            for (int b = 0; b < arguments.taps[1]; b++) {
                long y = *AT(const long, arguments.index[1], (long)j * arguments.taps[1] + b);
                float wy = wz * *AT(const float, arguments.weight[1], (long)j * arguments.taps[1] + b);
                for (int c = 0; c < arguments.taps[2]; c++) {
                    long x = *AT(const long, arguments.index[2], (long)k * arguments.taps[2] + c);
                    float w = wy * *AT(const float, arguments.weight[2], (long)k * arguments.taps[2] + c);
                    if (z < 0 || y < 0 || x < 0)
                        inside = 0;
                    else if (w != 0.0f)
                        sum += w * load(arguments.x, arguments.type,
                                        base + (z * arguments.in[1] + y) * arguments.in[2] + x);
                }
            }
        }
        store(arguments.y, arguments.type, i, inside ? sum : arguments.outside);
    }
}
