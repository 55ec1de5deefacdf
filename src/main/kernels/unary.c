/* Element-wise functions of one contiguous tensor, any layout. */
#include "arithmetic.h"

enum unary_operation {
    RELU = 0,
    LEAKY_RELU = 1, /* a: slope below zero */
    SIGMOID = 2,
    TANH = 3,
    ERF = 4,
    GELU = 5, /* exact, by erf */
    GELU_TANH = 6, /* the tanh approximation */
    EXP = 7,
    LOG = 8,
    SQRT = 9,
    ABS = 10,
    NEG = 11,
    CEIL = 12,
    FLOOR = 13,
    CLIP = 14, /* to [a, b] */
    HARD_SIGMOID = 15, /* clip(a x + b, 0, 1) */
    HARD_SWISH = 16,
    MISH = 17,
    SOFTPLUS = 18,
    SOFTSIGN = 19,
    ELU = 20, /* a: alpha */
    SELU = 21, /* a: alpha, b: gamma */
    SWISH = 22, /* x sigmoid(a x) */
    RECIPROCAL = 23,
    SIGN = 24,
    ROUND = 25, /* half to even */
    NOT = 26,
    SIN = 27,
    COS = 28,
    TAN = 29,
    IDENTITY = 30,
    AFFINE = 31, /* a x + b */
    CELU = 32, /* a: alpha */
    THRESHOLDED_RELU = 33, /* x where x > a, else 0 */
    LOG_SIGMOID = 34,
    RSQRT = 35,
    IS_NAN = 36,
    SQUARE = 37,
    SHRINK = 38, /* x moved by b towards 0 if |x| > a, else 0 */
    SINH = 39,
    COSH = 40,
    ASIN = 41,
    ACOS = 42,
    ATAN = 43,
    ASINH = 44,
    ACOSH = 45,
    ATANH = 46
};

struct unary_arguments {
    const void *x;
    void *y; /* may be x if the element sizes agree */
    long count;
    int operation;
    int x_type, y_type;
    float a, b;
};

DEVICE float clip(float x, float low, float high)
{
    return is_nan(x) ? x : x < low ? low : x > high ? high : x;
}

DEVICE float softplus(float x)
{
    /* ln(1 + e^x) without overflow */
    return (x > 0.0f ? x : 0.0f) + logarithm_of_one_plus(exponential(-absolute(x)));
}

DEVICE float unary_value(int operation, float x, float a, float b)
{
    switch (operation) {
    case RELU: return is_nan(x) ? x : x > 0.0f ? x : 0.0f;
    case LEAKY_RELU: return x >= 0.0f ? x : a * x;
    case SIGMOID: return sigmoid(x);
    case TANH: return hyperbolic_tangent(x);
    case ERF: return error_function(x);
    case GELU: return 0.5f * x * (1.0f + error_function(x * 0.707106781f));
    case GELU_TANH: return 0.5f * x * (1.0f + hyperbolic_tangent(0.797884561f * (x + 0.044715f * x * x * x)));
    case EXP: return exponential(x);
    case LOG: return logarithm(x);
    case SQRT: return square_root(x);
    case ABS: return absolute(x);
    case NEG: return -x;
    case CEIL: return __builtin_ceilf(x);
    case FLOOR: return __builtin_floorf(x);
    case CLIP: return clip(x, a, b);
    case HARD_SIGMOID: return clip(a * x + b, 0.0f, 1.0f);
    case HARD_SWISH: return x * clip(x * (1.0f / 6.0f) + 0.5f, 0.0f, 1.0f);
    case MISH: return x * hyperbolic_tangent(softplus(x));
    case SOFTPLUS: return softplus(x);
    case SOFTSIGN: return x / (1.0f + absolute(x));
    case ELU: return x > 0.0f ? x : a * exponential_minus_one(x);
    case SELU: return b * (x > 0.0f ? x : a * exponential_minus_one(x));
    case SWISH: return x * sigmoid(a * x);
    case RECIPROCAL: return 1.0f / x;
    case SIGN: return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    case ROUND: return __builtin_rintf(x);
    case NOT: return x == 0.0f ? 1.0f : 0.0f;
    case SIN: return sine(x);
    case COS: return cosine(x);
    case TAN: return sine(x) / cosine(x);
    case AFFINE: return a * x + b;
    case CELU: return x > 0.0f ? x : a * exponential_minus_one(x / a);
    case THRESHOLDED_RELU: return x > a ? x : 0.0f;
    case LOG_SIGMOID: return -softplus(-x);
    case RSQRT: return 1.0f / square_root(x);
    case IS_NAN: return is_nan(x) ? 1.0f : 0.0f;
    case SQUARE: return x * x;
    case SINH: return hyperbolic_sine(x);
    case COSH: return hyperbolic_cosine(x);
    case ASIN: return arctangent(x / square_root((1.0f - x) * (1.0f + x)));
    case ACOS: return 2.0f * arctangent(square_root((1.0f - x) / (1.0f + x)));
    case ATAN: return arctangent(x);
    case ASINH: return inverse_hyperbolic_sine(x);
    case ACOSH: return inverse_hyperbolic_cosine(x);
    case ATANH: return __builtin_copysignf(0.5f * logarithm_of_one_plus(2.0f * absolute(x) / (1.0f - absolute(x))), x);
    case SHRINK: return x < -a ? x + b : x > a ? x - b : 0.0f;
    default: return x;
    }
}

/* In fp64 for operations that are simple in it, otherwise in fp32. */
DEVICE double wide_value(int operation, double x, float a, float b)
{
    switch (operation) {
    case RELU: return x != x ? x : x > 0.0 ? x : 0.0;
    case ABS: return __builtin_fabs(x);
    case NEG: return -x;
    case CEIL: return __builtin_ceil(x);
    case FLOOR: return __builtin_floor(x);
    case CLIP: return x < (double)a ? (double)a : x > (double)b ? (double)b : x;
    case RECIPROCAL: return 1.0 / x;
    case SIGN: return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
    case ROUND: return __builtin_rint(x);
    case IDENTITY: return x;
    default: return (double)unary_value(operation, (float)x, a, b);
    }
}

KERNEL(unary, struct unary_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        float x = load(arguments.x, arguments.x_type, i);
        store(arguments.y, arguments.y_type, i, unary_value(arguments.operation, x, arguments.a, arguments.b));
    }
}

KERNEL(unary_wide, struct unary_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        double x = load_wide(arguments.x, arguments.x_type, i);
        store_wide(arguments.y, arguments.y_type, i, wide_value(arguments.operation, x, arguments.a, arguments.b));
    }
}
