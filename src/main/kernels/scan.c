/* Work along one axis of packed values, seen as [outer][length][inner]: one thread per line. In fp64,
 * which holds integers to 2^53. */
#include "arithmetic.h"
#include "elements.h"

/* The index of the largest (smallest) element. */
struct arg_reduce_arguments {
    const void *x;
    long *y; /* [outer][inner] */
    long lines, length, inner;
    int smallest, last; /* which of equals */
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

/* 1 at the first largest element, 0 elsewhere. */
struct hardmax_arguments {
    const void *x;
    void *y;
    long lines, length, inner;
    int type, unused;
};

KERNEL(hardmax, struct hardmax_arguments)
{
    FOR_EACH_INDEX(line, arguments.lines)
    {
        long base = line / arguments.inner * arguments.length * arguments.inner + line % arguments.inner;
        long best = 0;
        float extreme = load(arguments.x, arguments.type, base);
        for (long i = 1; i < arguments.length; i++) {
            float value = load(arguments.x, arguments.type, base + i * arguments.inner);
            if (value > extreme) {
                best = i;
                extreme = value;
            }
        }
        for (long i = 0; i < arguments.length; i++)
            store(arguments.y, arguments.type, base + i * arguments.inner, i == best ? 1.0f : 0.0f);
    }
}

/* The k largest (smallest) elements in order; of equals the first comes first. */
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
                /* Only what comes after the one taken last, by value and then by place. */
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

/* The upper or lower triangle of matrices, zero elsewhere. */
struct triangle_arguments {
    const void *x;
    void *y;
    long count, rows, columns;
    long diagonal;
    int upper, type;
};

KERNEL(triangle, struct triangle_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long column = i % arguments.columns, row = i / arguments.columns % arguments.rows;
        int kept = arguments.upper ? column >= row + arguments.diagonal : column <= row + arguments.diagonal;
        if (kept)
            move(arguments.y, i, arguments.x, i, arguments.type);
        else
            store(arguments.y, arguments.type, i, 0.0f);
    }
}

/* y[outer][depth][inner] = values[1] where the index of the line is that depth, else values[0]. */
struct one_hot_arguments {
    const void *indices, *values;
    void *y;
    long count, depth, inner;
    int index_type, value_type, y_type, unused;
};

KERNEL(one_hot, struct one_hot_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long inner = i % arguments.inner, depth = i / arguments.inner % arguments.depth;
        long outer = i / arguments.inner / arguments.depth;
        long index = (long)load(arguments.indices, arguments.index_type, outer * arguments.inner + inner);
        float value = load(arguments.values, arguments.value_type, wrapped(index, arguments.depth) == depth ? 1 : 0);
        store(arguments.y, arguments.y_type, i, value);
    }
}
