/* Unpacks weights of a few bits to floats: (code - zero point) * scale, both per block of a row, or a value from a table. */
#include "elements.h"
#include "narrow.h"

struct unpack_arguments {
    const void *codes; /* rows of row_codes, the low bits of a byte first */
    const void *scales; /* rows of row_blocks */
    const void *zeros; /* rows of row_zeros codes if zero_bits is set, else like scales; null: all are `middle` */
    const void *groups; /* the block of each position in a row; null: consecutive blocks */
    const float *table; /* the value of each code; null: the code */
    const long *indices; /* the selected positions along one axis; null: all */
    void *y;
    long count; /* elements of y */
    long length, block; /* of a row, and of a block in it */
    long row_codes, row_blocks, row_zeros;
    long picked_length, picked_inner, index_count; /* the axis, elements behind it, indices */
    int bits, is_signed, zero_bits, zero_signed;
    float middle;
    int scale_type, zero_type, group_type, y_type;
};

KERNEL(unpack, struct unpack_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long from = i;
        if (arguments.indices != 0) {
            long rest = i / arguments.picked_inner;
            long at = *AT(const long, arguments.indices, rest % arguments.index_count);
            from = (rest / arguments.index_count * arguments.picked_length + wrapped(at, arguments.picked_length))
                    * arguments.picked_inner
                + i % arguments.picked_inner;
        }
        long row = (unsigned)from / (unsigned)arguments.length;
        unsigned place = (unsigned)from % (unsigned)arguments.length;
        long block = arguments.groups == 0 ? (long)(place / (unsigned)arguments.block)
                                           : (long)load(arguments.groups, arguments.group_type, place);
        int code = code_at(arguments.codes, arguments.bits, arguments.is_signed, row * arguments.row_codes + place);
        long zero_at = row * arguments.row_zeros + block;
        float zero = arguments.zeros == 0 ? arguments.middle
            : arguments.zero_bits == 0 ? load(arguments.zeros, arguments.zero_type, zero_at)
            : (float)code_at(arguments.zeros, arguments.zero_bits, arguments.zero_signed, zero_at);
        float value = arguments.table == 0 ? (float)code - zero : *AT(const float, arguments.table, code);
        store(arguments.y, arguments.y_type, i,
              value * load(arguments.scales, arguments.scale_type, row * arguments.row_blocks + block));
    }
}
