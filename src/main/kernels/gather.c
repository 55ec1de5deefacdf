/* Reads and writes at computed positions. Values and indices are packed. */
#include "arithmetic.h"
#include "elements.h"

/* y[outer][i][inner] = x[outer][indices[i]][inner] */
struct gather_arguments {
    const void *x;
    const long *indices;
    void *y;
    long count; /* elements of y */
    long length, inner, index_count;
    int type, unused;
};

KERNEL(gather, struct gather_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long inner = i % arguments.inner, rest = i / arguments.inner;
        long at = *AT(const long, arguments.indices, rest % arguments.index_count);
        long outer = rest / arguments.index_count;
        move(arguments.y, i, arguments.x,
             (outer * arguments.length + wrapped(at, arguments.length)) * arguments.inner + inner, arguments.type);
    }
}

/* y[index] = x[index with indices[index] along one axis] */
struct gather_elements_arguments {
    const void *x;
    const long *indices;
    void *y;
    long count; /* product of size */
    long length, axis_stride; /* of x along that axis */
    int type, unused;
    int size[MAX_RANK]; /* of indices and y; unused dimensions come first, size 1 */
    long x_stride[MAX_RANK]; /* 0 along the axis */
};

KERNEL(gather_elements, struct gather_elements_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        unsigned rest = (unsigned)i;
        long x = 0;
        UNROLL
        for (int d = MAX_RANK - 1; d >= 0; d--) {
            if (arguments.size[d] == 1)
                continue;
            x += (long)(rest % (unsigned)arguments.size[d]) * arguments.x_stride[d];
            rest /= (unsigned)arguments.size[d];
        }
        long at = wrapped(*AT(const long, arguments.indices, i), arguments.length);
        move(arguments.y, i, arguments.x, x + at * arguments.axis_stride, arguments.type);
    }
}

/* Slices of x at tuples of indices. */
struct gather_nd_arguments {
    const void *x;
    const long *indices; /* [tuples][depth] */
    void *y; /* [tuples][slice] */
    long count; /* elements of y */
    long slice, depth;
    long tuples_per_batch, batch_stride;
    int type, unused;
    int size[MAX_RANK]; /* of the indexed axes of x, from the first */
    long x_stride[MAX_RANK];
};

KERNEL(gather_nd, struct gather_nd_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long tuple = i / arguments.slice;
        long x = tuple / arguments.tuples_per_batch * arguments.batch_stride + i % arguments.slice;
        UNROLL
        for (int d = 0; d < MAX_RANK; d++)
            if (d < arguments.depth)
                x += wrapped(*AT(const long, arguments.indices, tuple * arguments.depth + d), arguments.size[d])
                    * arguments.x_stride[d];
        move(arguments.y, i, arguments.x, x, arguments.type);
    }
}

enum scatter_operation { SCATTER_SET = 0, SCATTER_ADD = 1, SCATTER_MUL = 2, SCATTER_MAX = 3, SCATTER_MIN = 4 };

DEVICE void scatter(void *y, long y_index, const void *updates, long update, int type, int operation)
{
    if (operation == SCATTER_SET) {
        move(y, y_index, updates, update, type);
        return;
    }
    float old = load(y, type, y_index), value = load(updates, type, update);
    float result = operation == SCATTER_ADD ? old + value : operation == SCATTER_MUL ? old * value
        : operation == SCATTER_MAX ? larger(old, value) : smaller(old, value);
    store(y, type, y_index, result);
}

/* One thread per line along the axis, so that repeated positions are processed in order. */
struct scatter_elements_arguments {
    void *y;
    const long *indices;
    const void *updates;
    long lines; /* product of size */
    long index_count, index_stride; /* of indices and updates along the axis */
    long length, axis_stride; /* of y along the axis */
    int operation, type;
    int size[MAX_RANK]; /* of indices, 1 along the axis; unused dimensions come first */
    long y_stride[MAX_RANK], index_strides[MAX_RANK];
};

KERNEL(scatter_elements, struct scatter_elements_arguments)
{
    FOR_EACH_INDEX(line, arguments.lines)
    {
        unsigned rest = (unsigned)line;
        long y = 0, index = 0;
        UNROLL
        for (int d = MAX_RANK - 1; d >= 0; d--) {
            if (arguments.size[d] == 1)
                continue;
            unsigned at = rest % (unsigned)arguments.size[d];
            rest /= (unsigned)arguments.size[d];
            y += (long)at * arguments.y_stride[d];
            index += (long)at * arguments.index_strides[d];
        }
        for (long i = 0; i < arguments.index_count; i++) {
            long from = index + i * arguments.index_stride;
            long at = wrapped(*AT(const long, arguments.indices, from), arguments.length);
            scatter(arguments.y, y + at * arguments.axis_stride, arguments.updates, from, arguments.type,
                    arguments.operation);
        }
    }
}

/* One thread per element of a slice, so that repeated tuples are processed in order. */
struct scatter_nd_arguments {
    void *y;
    const long *indices; /* [tuples][depth] */
    const void *updates; /* [tuples][slice] */
    long slice, tuples, depth;
    int operation, type;
    int size[MAX_RANK]; /* of the indexed axes of y, from the first */
    long y_stride[MAX_RANK];
};

KERNEL(scatter_nd, struct scatter_nd_arguments)
{
    FOR_EACH_INDEX(i, arguments.slice)
    {
        for (long tuple = 0; tuple < arguments.tuples; tuple++) {
            long y = i;
            UNROLL
            for (int d = 0; d < MAX_RANK; d++)
                if (d < arguments.depth)
                    y += wrapped(*AT(const long, arguments.indices, tuple * arguments.depth + d), arguments.size[d])
                        * arguments.y_stride[d];
            scatter(arguments.y, y, arguments.updates, tuple * arguments.slice + i, arguments.type,
                    arguments.operation);
        }
    }
}

/* y[index] = x at the positions from a table per axis, or a fixed value if an entry is -1. */
struct remap_arguments {
    const void *x;
    const long *table; /* the tables of all axes, starting with the first */
    const void *value; /* of x's type; null means 0 */
    void *y;
    long count; /* product of size */
    int type, unused;
    int size[MAX_RANK]; /* of y; unused dimensions come first, size 1 (and a table of one 0) */
    long x_stride[MAX_RANK];
};

KERNEL(remap, struct remap_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        unsigned rest = (unsigned)i;
        long x = 0, table = 0;
        int inside = 1;
        UNROLL
        for (int d = 0; d < MAX_RANK; d++)
            table += arguments.size[d];
        UNROLL
        for (int d = MAX_RANK - 1; d >= 0; d--) {
            table -= arguments.size[d];
            long at = *AT(const long, arguments.table, table + rest % (unsigned)arguments.size[d]);
            rest /= (unsigned)arguments.size[d];
            inside &= at >= 0;
            x += at * arguments.x_stride[d];
        }
        if (inside)
            move(arguments.y, i, arguments.x, x, arguments.type);
        else if (arguments.value != 0)
            move(arguments.y, i, arguments.value, 0, arguments.type);
        else
            store(arguments.y, arguments.type, i, 0.0f);
    }
}
