/* Codes of a few bits, and elements that may be 8-bit floats (E4M3): a sign, 4 bits of exponent with bias 7, 3 of mantissa, no infinity. */
#ifndef NARROW_H
#define NARROW_H

#include "kernel.h"

/* One code of 2, 4 or 8 bits. */
DEVICE int code_at(const void *codes, int bits, int is_signed, long index)
{
    int per_byte = bits == 8 ? 0 : bits == 4 ? 1 : 2; /* as a power of 2 */
    int shift = (int)(index & ((1 << per_byte) - 1)) * bits;
    int code = *AT(const unsigned char, codes, index >> per_byte) >> shift & ((1 << bits) - 1);
    return is_signed && code >> (bits - 1) ? code - (1 << bits) : code;
}

enum { FP8 = 12 };

DEVICE float float_of_fp8(unsigned char bits)
{
    unsigned magnitude = bits & 0x7fu, sign = (bits & 0x80u) << 24;
    if (magnitude == 0x7fu)
        return float_of_bits(0x7fc00000u);
    if (magnitude < 8u) /* subnormal: multiples of 2^-9 */
        return float_of_bits(sign | bits_of_float((float)magnitude * 0x1p-9f));
    return float_of_bits(sign | ((magnitude << 20) + (120u << 23)));
}

/* The nearest value, ties to even; saturates at the largest. */
DEVICE unsigned char fp8_of_float(float value)
{
    unsigned bits = bits_of_float(value), magnitude = bits & 0x7fffffffu;
    unsigned char sign = (unsigned char)(bits >> 24 & 0x80u);
    if (magnitude > 0x7f800000u)
        return (unsigned char)(sign | 0x7fu);
    if (magnitude >= 0x43e00000u) /* 448 */
        return (unsigned char)(sign | 0x7eu);
    if (magnitude < 0x3c800000u) /* below 2^-6 */
        return (unsigned char)(sign | (unsigned)__builtin_rintf(float_of_bits(magnitude) * 0x1p9f));
    return (unsigned char)(sign | (magnitude + 0x7ffffu + (magnitude >> 20 & 1u) - (120u << 23)) >> 20);
}

DEVICE float load_narrow(const void *base, int type, long index)
{
    return type == FP8 ? float_of_fp8(*AT(const unsigned char, base, index)) : load(base, type, index);
}

DEVICE void store_narrow(void *base, int type, long index, float value)
{
    if (type == FP8)
        *AT(unsigned char, base, index) = fp8_of_float(value);
    else
        store(base, type, index, value);
}

#endif
