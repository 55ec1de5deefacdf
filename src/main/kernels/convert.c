/* Copies between types and layouts. */
#include "narrow.h"

/*
 * to[index] = from[index] for every index within `size`; where an index reaches beyond `from_size` (a dimension padded
 * in the target, such as 3 channels stored as 8) the element is 0. Strides are in elements, so that NCHW, NHWC, slices
 * of a larger buffer and broadcasts (stride 0) are all the same to it. Unused dimensions come first, with size 1.
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
        if (arguments.from_type == INT64 && arguments.to_type == INT64) /* fp32 between would lose digits */
            *AT(long, arguments.to, to) = inside ? *AT(const long, arguments.from, from) : 0;
        else if (arguments.from_type == DOUBLE || arguments.to_type == DOUBLE)
            store_wide(arguments.to, arguments.to_type, to,
                       inside ? load_wide(arguments.from, arguments.from_type, from) : 0.0);
        else
            store_narrow(arguments.to, arguments.to_type, to,
                         inside ? load_narrow(arguments.from, arguments.from_type, from) : 0.0f);
    }
}
