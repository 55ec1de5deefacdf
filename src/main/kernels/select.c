/* Element-wise choice between two tensors, with broadcasting over up to eight dimensions. */
#include "elements.h"

/* y = condition ? a : b. Strides in elements, 0 where a dimension is broadcast; unused dimensions come first, size 1. */
struct select_arguments {
    const void *condition, *a, *b;
    void *y;
    long count; /* product of size */
    int condition_type, a_type, b_type, y_type;
    int size[MAX_RANK];
    long condition_stride[MAX_RANK], a_stride[MAX_RANK], b_stride[MAX_RANK], y_stride[MAX_RANK];
};

KERNEL(select, struct select_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        unsigned rest = (unsigned)i;
        long condition = 0, a = 0, b = 0, y = 0;
        UNROLL
        for (int d = MAX_RANK - 1; d >= 0; d--) {
            if (arguments.size[d] == 1)
                continue;
            unsigned at = rest % (unsigned)arguments.size[d];
            rest /= (unsigned)arguments.size[d];
            condition += (long)at * arguments.condition_stride[d];
            a += (long)at * arguments.a_stride[d];
            b += (long)at * arguments.b_stride[d];
            y += (long)at * arguments.y_stride[d];
        }
        int first = load(arguments.condition, arguments.condition_type, condition) != 0.0f;
        int type = first ? arguments.a_type : arguments.b_type;
        if (type == arguments.y_type)
            move(arguments.y, y, first ? arguments.a : arguments.b, first ? a : b, type);
        else
            store(arguments.y, arguments.y_type, y, load(first ? arguments.a : arguments.b, type, first ? a : b));
    }
}
