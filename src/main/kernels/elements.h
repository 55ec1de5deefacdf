/* Moves elements of any type bit by bit, without computing with them. */
#ifndef ELEMENTS_H
#define ELEMENTS_H

#include "kernel.h"

DEVICE void move(void *to, long to_index, const void *from, long from_index, int type)
{
    switch (type) {
    case FLOAT: *AT(unsigned, to, to_index) = *AT(const unsigned, from, from_index); break;
    case HALF:
    case BFLOAT16: *AT(unsigned short, to, to_index) = *AT(const unsigned short, from, from_index); break;
    default: *AT(long, to, to_index) = *AT(const long, from, from_index); break;
    }
}

/* An ONNX index: negative ones count from the end. */
DEVICE long wrapped(long index, long length)
{
    return index < 0 ? index + length : index;
}

#endif
