/* Operations along one axis of packed values, viewed as [outer][length][inner]: one thread per line. In fp64,
 * which holds integers up to 2^53. */
#include "arithmetic.h"
#include "elements.h"

/* The index of the largest (smallest) element. */
struct arg_reduce_arguments {
    const void *x;
    long *y; /* [outer][inner] */
    long lines, length, inner;
    int smallest, last; /* last: of equal elements, the last */
    int type, unused;
};

KERNEL(arg_reduce, struct arg_reduce_arguments)
{
    FOR_EACH_INDEX(line, arguments.lines)
    {
        long base = line / arguments.inner * arguments.length * arguments.inner + line % arguments.inner;
        long best = 0;
        double extreme = load_wide(arguments.x, arguments.type, base);
        for (long i = 1; i < arguments.length; i++) {
            double value = load_wide(arguments.x, arguments.type, base + i * arguments.inner);
            int better = arguments.smallest ? value < extreme : value > extreme;
            if (better || (arguments.last && value == extreme)) {
                best = i;
                extreme = value;
            }
        }
        *AT(long, arguments.y, line) = best;
    }
}

/* The k largest (smallest) elements in order; equal elements in the order of their positions. */
struct top_k_arguments {
    const void *x;
    void *values; /* [outer][k][inner] */
    long *indices;
    long lines, length, inner, k;
    int smallest, type;
};

KERNEL(top_k, struct top_k_arguments)
{
    FOR_EACH_INDEX(line, arguments.lines)
    {
        long outer = line / arguments.inner, inner = line % arguments.inner;
        long base = outer * arguments.length * arguments.inner + inner;
        long last = -1;
        double previous = 0.0;
        for (long rank = 0; rank < arguments.k; rank++) {
            long best = -1;
            double extreme = 0.0;
            for (long i = 0; i < arguments.length; i++) {
                double value = load_wide(arguments.x, arguments.type, base + i * arguments.inner);
                /* Only elements after the one taken last, by value and then by position. */
                int after = last < 0 || (arguments.smallest ? value > previous : value < previous)
                    || (value == previous && i > last);
                if (after && (best < 0 || (arguments.smallest ? value < extreme : value > extreme))) {
                    best = i;
                    extreme = value;
                }
            }
            if (best < 0)
                best = 0;
            long to = (outer * arguments.k + rank) * arguments.inner + inner;
            move(arguments.values, to, arguments.x, base + best * arguments.inner, arguments.type);
            *AT(long, arguments.indices, to) = best;
            last = best;
            previous = extreme;
        }
    }
}

struct cumulate_arguments {
    const void *x;
    void *y;
    long lines, length, inner;
    int exclusive, reverse, product, type;
};

KERNEL(cumulate, struct cumulate_arguments)
{
    FOR_EACH_INDEX(line, arguments.lines)
    {
        long base = line / arguments.inner * arguments.length * arguments.inner + line % arguments.inner;
        double total = arguments.product ? 1.0 : 0.0;
        for (long step = 0; step < arguments.length; step++) {
            long at = base + (arguments.reverse ? arguments.length - 1 - step : step) * arguments.inner;
            double value = load_wide(arguments.x, arguments.type, at);
            double next = arguments.product ? total * value : total + value;
            store_wide(arguments.y, arguments.type, at, arguments.exclusive ? total : next);
            total = next;
        }
    }
}
