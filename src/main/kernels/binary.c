/* Element-wise functions of two tensors, with broadcasting over up to eight dimensions. */
#include "arithmetic.h"

enum binary_operation {
    ADD = 0,
    SUB = 1,
    MUL = 2,
    DIV = 3,
    POW = 4,
    MIN = 5,
    MAX = 6,
    EQUAL = 7,
    LESS = 8,
    LESS_OR_EQUAL = 9,
    GREATER = 10,
    GREATER_OR_EQUAL = 11,
    AND = 12,
    OR = 13,
    XOR = 14,
    PRELU = 15, /* a where a >= 0, else a b */
    MOD = 16, /* the sign of b */
    FMOD = 17, /* the sign of a */
    MEAN = 18, /* (a + b) / 2 */
    ADD_RELU = 19,
    BITWISE_AND = 20, /* from here on for integers */
    BITWISE_OR = 21,
    BITWISE_XOR = 22,
    SHIFT_LEFT = 23,
    SHIFT_RIGHT = 24, /* of unsigned numbers */
    SHIFT_RIGHT_SIGNED = 25
};

/* Strides in elements, 0 where a dimension is broadcast. Unused dimensions come first, with size 1. */
struct binary_arguments {
    const void *a, *b;
    void *y; /* may be a or b if layout and element size agree */
    long count; /* product of size */
    int operation;
    int a_type, b_type, y_type;
    int size[MAX_RANK];
    long a_stride[MAX_RANK], b_stride[MAX_RANK], y_stride[MAX_RANK];
    int bits, unused; /* of whole numbers beyond which they wrap around; below 0 of unsigned ones; 0 for 64, signed */
};

DEVICE float remainder_toward_zero(float a, float b)
{
    if (absolute(b) == INFINITE && absolute(a) < INFINITE)
        return a;
    double quotient = (double)a / (double)b;
    return (float)((double)a - __builtin_trunc(quotient) * (double)b);
}

DEVICE float binary_value(int operation, float a, float b)
{
    switch (operation) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case POW: return power(a, b);
    case MIN: return smaller(a, b);
    case MAX: return larger(a, b);
    case EQUAL: return a == b ? 1.0f : 0.0f;
    case LESS: return a < b ? 1.0f : 0.0f;
    case LESS_OR_EQUAL: return a <= b ? 1.0f : 0.0f;
    case GREATER: return a > b ? 1.0f : 0.0f;
    case GREATER_OR_EQUAL: return a >= b ? 1.0f : 0.0f;
    case AND: return a != 0.0f && b != 0.0f ? 1.0f : 0.0f;
    case OR: return a != 0.0f || b != 0.0f ? 1.0f : 0.0f;
    case XOR: return (a != 0.0f) != (b != 0.0f) ? 1.0f : 0.0f;
    case PRELU: return a >= 0.0f ? a : a * b;
    case MOD: {
        float r = remainder_toward_zero(a, b);
        return r != 0.0f && (r < 0.0f) != (b < 0.0f) ? r + b : r;
    }
    case FMOD: return remainder_toward_zero(a, b);
    case MEAN: return 0.5f * (a + b);
    case ADD_RELU: return larger(a + b, 0.0f);
    default: return NOT_A_NUMBER;
    }
}

/* In fp64; powers in fp32. */
DEVICE double wide_value(int operation, double a, double b)
{
    switch (operation) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case MIN: return a != a ? a : b != b ? b : a < b ? a : b;
    case MAX: return a != a ? a : b != b ? b : a > b ? a : b;
    case EQUAL: return a == b ? 1.0 : 0.0;
    case LESS: return a < b ? 1.0 : 0.0;
    case LESS_OR_EQUAL: return a <= b ? 1.0 : 0.0;
    case GREATER: return a > b ? 1.0 : 0.0;
    case GREATER_OR_EQUAL: return a >= b ? 1.0 : 0.0;
    case PRELU: return a >= 0.0 ? a : a * b;
    default: return (double)binary_value(operation, (float)a, (float)b);
    }
}

/* In integers that wrap around, as on the CPU. A division by 0 gives 0. */
DEVICE long whole_value(int operation, long a, long b)
{
    switch (operation) {
    case ADD: return (long)((unsigned long)a + (unsigned long)b);
    case SUB: return (long)((unsigned long)a - (unsigned long)b);
    case MUL: return (long)((unsigned long)a * (unsigned long)b);
    case DIV: return b == 0 ? 0 : b == -1 ? (long)(0ul - (unsigned long)a) : a / b;
    case POW: {
        unsigned long power = 1, factor = (unsigned long)a;
        if (b < 0)
            return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
        for (long n = b; n > 0; n >>= 1) {
            power = n & 1 ? power * factor : power;
            factor *= factor;
        }
        return (long)power;
    }
    case MIN: return a < b ? a : b;
    case MAX: return a > b ? a : b;
    case EQUAL: return a == b;
    case LESS: return a < b;
    case LESS_OR_EQUAL: return a <= b;
    case GREATER: return a > b;
    case GREATER_OR_EQUAL: return a >= b;
    case MOD: {
        long r = b == 0 || b == -1 ? 0 : a % b;
        return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }
    case FMOD: return b == 0 || b == -1 ? 0 : a % b;
    case BITWISE_AND: return a & b;
    case BITWISE_OR: return a | b;
    case BITWISE_XOR: return a ^ b;
    case SHIFT_LEFT: return (unsigned long)b < 64 ? (long)((unsigned long)a << b) : 0;
    case SHIFT_RIGHT: return (unsigned long)b < 64 ? (long)((unsigned long)a >> b) : 0;
    case SHIFT_RIGHT_SIGNED: return (unsigned long)b < 64 ? a >> b : a < 0 ? -1 : 0;
    default: return (long)binary_value(operation, (float)a, (float)b);
    }
}

/* What differs for unsigned numbers of 64 bits. */
DEVICE long unsigned_value(int operation, unsigned long a, unsigned long b)
{
    switch (operation) {
    case DIV: return b == 0 ? 0 : (long)(a / b);
    case MOD:
    case FMOD: return b == 0 ? 0 : (long)(a % b);
    case MIN: return (long)(a < b ? a : b);
    case MAX: return (long)(a > b ? a : b);
    case LESS: return a < b;
    case LESS_OR_EQUAL: return a <= b;
    case GREATER: return a > b;
    case GREATER_OR_EQUAL: return a >= b;
    default: return whole_value(operation, (long)a, (long)b);
    }
}

DEVICE long wrapped_around(long value, int bits)
{
    int beyond = 64 - (bits < 0 ? -bits : bits);
    return bits == 0 ? value
        : bits < 0 ? (long)((unsigned long)value << beyond >> beyond) : (long)((unsigned long)value << beyond) >> beyond;
}

DEVICE long whole_or_unsigned(int operation, int bits, long a, long b)
{
    return bits == -64 ? unsigned_value(operation, (unsigned long)a, (unsigned long)b)
                       : wrapped_around(whole_value(operation, a, b), bits);
}

/* A kernel that computes element y of the result from elements a and b; apart, as the wider types need more registers. */
#define BINARY(name, compute) \
    KERNEL(name, struct binary_arguments) \
    { \
        FOR_EACH_INDEX(i, arguments.count) \
        { \
            unsigned rest = (unsigned)i; \
            long a = 0, b = 0, y = 0; \
            UNROLL \
            for (int d = MAX_RANK - 1; d >= 0; d--) { \
                if (arguments.size[d] == 1) \
                    continue; \
                unsigned at = rest % (unsigned)arguments.size[d]; \
                rest /= (unsigned)arguments.size[d]; \
                a += (long)at * arguments.a_stride[d]; \
                b += (long)at * arguments.b_stride[d]; \
                y += (long)at * arguments.y_stride[d]; \
            } \
            compute; \
        } \
    }

BINARY(binary, store(arguments.y, arguments.y_type, y,
                     binary_value(arguments.operation, load(arguments.a, arguments.a_type, a),
                                  load(arguments.b, arguments.b_type, b))))

BINARY(binary_wide, store_wide(arguments.y, arguments.y_type, y,
                               wide_value(arguments.operation, load_wide(arguments.a, arguments.a_type, a),
                                          load_wide(arguments.b, arguments.b_type, b))))

/* All three are INT64. */
BINARY(binary_whole, *AT(long, arguments.y, y) = whole_or_unsigned(arguments.operation, arguments.bits,
                                                                   *AT(const long, arguments.a, a),
                                                                   *AT(const long, arguments.b, b)))
