/* Sets every element of a contiguous buffer. */
#include "narrow.h"

struct fill_arguments {
    void *to;
    long count;
    float value;
    int type;
};

KERNEL(fill, struct fill_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    store_narrow(arguments.to, arguments.type, i, arguments.value);
}
