/*
 * Elementary functions in fp32, the same code on the GPU and on the CPU (PTX has no libm). Relative error about 1e-6 or
 * better unless a comment says otherwise; coefficients are the functions' own Taylor series or minimax fits of low
 * degree on the reduced range.
 */
#ifndef ARITHMETIC_H
#define ARITHMETIC_H

#include "kernel.h"

#define INFINITE __builtin_inff()
#define NOT_A_NUMBER __builtin_nanf("")

DEVICE float absolute(float x)
{
    return __builtin_fabsf(x);
}

DEVICE int is_nan(float x)
{
    return x != x;
}

/* NaN if either is NaN, like ONNX's Min and Max on the CPU. */
DEVICE float larger(float a, float b)
{
    return is_nan(a) ? a : is_nan(b) ? b : a > b ? a : b;
}

DEVICE float smaller(float a, float b)
{
    return is_nan(a) ? a : is_nan(b) ? b : a < b ? a : b;
}

/* 2^n for -126 <= n <= 127 */
DEVICE float power_of_two(int n)
{
    return float_of_bits((unsigned)(n + 127) << 23);
}

/* e^r - 1 for |r| <= 0.35 */
DEVICE float exponential_minus_one_near_zero(float r)
{
    float p = 1.0f / 5040.0f;
    p = __builtin_fmaf(p, r, 1.0f / 720.0f);
    p = __builtin_fmaf(p, r, 1.0f / 120.0f);
    p = __builtin_fmaf(p, r, 1.0f / 24.0f);
    p = __builtin_fmaf(p, r, 1.0f / 6.0f);
    p = __builtin_fmaf(p, r, 0.5f);
    return __builtin_fmaf(p, r * r, r);
}

DEVICE float exponential(float x)
{
    if (is_nan(x))
        return x;
    if (x > 88.8f)
        return INFINITE;
    if (x < -104.0f)
        return 0.0f;
    float n = __builtin_rintf(x * 1.44269504f);
    /* ln 2 in two parts, so that x - n ln 2 keeps its digits */
    float r = __builtin_fmaf(-n, 0.693145752f, x);
    r = __builtin_fmaf(-n, 1.42860677e-6f, r);
    int half = (int)n / 2; /* in two steps: 2^n itself may be out of range */
    return (1.0f + exponential_minus_one_near_zero(r)) * power_of_two(half) * power_of_two((int)n - half);
}

DEVICE float exponential_minus_one(float x)
{
    return absolute(x) < 0.34f ? exponential_minus_one_near_zero(x) : exponential(x) - 1.0f;
}

/* ln(1 + f) for 1 + f in [0.7, 1.42]: the series of 2 artanh(f / (2 + f)) */
DEVICE float logarithm_near_one(float f)
{
    float s = f / (2.0f + f), z = s * s;
    float p = 2.0f / 11.0f;
    p = __builtin_fmaf(p, z, 2.0f / 9.0f);
    p = __builtin_fmaf(p, z, 2.0f / 7.0f);
    p = __builtin_fmaf(p, z, 2.0f / 5.0f);
    p = __builtin_fmaf(p, z, 2.0f / 3.0f);
    return __builtin_fmaf(s * z, p, 2.0f * s);
}

DEVICE float logarithm(float x)
{
    if (is_nan(x) || x < 0.0f)
        return NOT_A_NUMBER;
    if (x == 0.0f)
        return -INFINITE;
    if (x == INFINITE)
        return x;
    int exponent = 0;
    if (x < 1.17549435e-38f) { /* subnormal */
        x *= 8388608.0f;
        exponent = -23;
    }
    unsigned bits = bits_of_float(x);
    exponent += (int)(bits >> 23) - 127;
    float mantissa = float_of_bits((bits & 0x7fffffu) | 0x3f800000u);
    if (mantissa > 1.41421356f) {
        mantissa *= 0.5f;
        exponent++;
    }
    float n = (float)exponent;
    return __builtin_fmaf(n, 0.693145752f, __builtin_fmaf(n, 1.42860677e-6f, logarithm_near_one(mantissa - 1.0f)));
}

DEVICE float logarithm_of_one_plus(float x)
{
    return absolute(x) < 0.29f ? logarithm_near_one(x) : logarithm(1.0f + x);
}

DEVICE float square_root(float x)
{
    return __builtin_sqrtf(x);
}

DEVICE float hyperbolic_tangent(float x)
{
    float a = absolute(x), z = x * x;
    if (a < 0.55f) {
        float p = 21844.0f / 6081075.0f;
        p = __builtin_fmaf(p, -z, 1382.0f / 155925.0f);
        p = __builtin_fmaf(p, -z, 62.0f / 2835.0f);
        p = __builtin_fmaf(p, -z, 17.0f / 315.0f);
        p = __builtin_fmaf(p, -z, 2.0f / 15.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 3.0f);
        return __builtin_fmaf(-x * z, p, x);
    }
    float t = 1.0f - 2.0f / (exponential(2.0f * a) + 1.0f);
    return __builtin_copysignf(t, x);
}

DEVICE float sigmoid(float x)
{
    return 1.0f / (1.0f + exponential(-x));
}

/* Below 1 the Maclaurin series; above, Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7). */
DEVICE float error_function(float x)
{
    float a = absolute(x), z = x * x;
    if (a < 1.0f) {
        float p = 1.0f / 76204800.0f;
        p = __builtin_fmaf(p, -z, 1.0f / 6894720.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 685440.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 75600.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 9360.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 1320.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 216.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 42.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 10.0f);
        p = __builtin_fmaf(p, -z, 1.0f / 3.0f);
        return 1.12837917f * __builtin_fmaf(-x * z, p, x);
    }
    float t = 1.0f / __builtin_fmaf(0.3275911f, a, 1.0f);
    float p = 1.061405429f;
    p = __builtin_fmaf(p, t, -1.453152027f);
    p = __builtin_fmaf(p, t, 1.421413741f);
    p = __builtin_fmaf(p, t, -0.284496736f);
    p = __builtin_fmaf(p, t, 0.254829592f);
    return __builtin_copysignf(1.0f - p * t * exponential(-z), x);
}

/* sin and cos on [-pi/4, pi/4] */
DEVICE float sine_near_zero(float r)
{
    float z = r * r, p = 1.0f / 362880.0f;
    p = __builtin_fmaf(p, z, -1.0f / 5040.0f);
    p = __builtin_fmaf(p, z, 1.0f / 120.0f);
    p = __builtin_fmaf(p, z, -1.0f / 6.0f);
    return __builtin_fmaf(r * z, p, r);
}

DEVICE float cosine_near_zero(float r)
{
    float z = r * r, p = -1.0f / 3628800.0f;
    p = __builtin_fmaf(p, z, 1.0f / 40320.0f);
    p = __builtin_fmaf(p, z, -1.0f / 720.0f);
    p = __builtin_fmaf(p, z, 1.0f / 24.0f);
    p = __builtin_fmaf(p, z, -0.5f);
    return __builtin_fmaf(p, z, 1.0f);
}

/* sin(x + quarter * pi / 2); the reduction is done in fp64 and holds to about |x| = 1e8 */
DEVICE float sine_with_quarters(float x, int quarter)
{
    if (is_nan(x) || absolute(x) == INFINITE)
        return NOT_A_NUMBER;
    double n = __builtin_rint((double)x * 0.63661977236758134);
    float r = (float)((double)x - n * 1.5707963267948966);
    int q = ((int)((long)n & 3) + quarter) & 3;
    float value = q & 1 ? cosine_near_zero(r) : sine_near_zero(r);
    return q & 2 ? -value : value;
}

DEVICE float sine(float x)
{
    return sine_with_quarters(x, 0);
}

DEVICE float cosine(float x)
{
    return sine_with_quarters(x, 1);
}

/* The Taylor series for |x| < tan(pi / 8); other arguments are reduced by differences of angles. */
DEVICE float arctangent(float x)
{
    if (is_nan(x))
        return x;
    float a = absolute(x), offset = 0.0f;
    if (a > 2.41421356f) {
        offset = 1.57079633f;
        a = -1.0f / a;
    } else if (a > 0.414213562f) {
        offset = 0.785398163f;
        a = (a - 1.0f) / (a + 1.0f);
    }
    float z = -a * a, p = 1.0f / 17.0f;
    p = __builtin_fmaf(p, z, 1.0f / 15.0f);
    p = __builtin_fmaf(p, z, 1.0f / 13.0f);
    p = __builtin_fmaf(p, z, 1.0f / 11.0f);
    p = __builtin_fmaf(p, z, 1.0f / 9.0f);
    p = __builtin_fmaf(p, z, 1.0f / 7.0f);
    p = __builtin_fmaf(p, z, 0.2f);
    p = __builtin_fmaf(p, z, 1.0f / 3.0f);
    return __builtin_copysignf(offset + __builtin_fmaf(a * z, p, a), x);
}

/* In two factors, because e^|x| may overflow fp32 when half of it does not. */
DEVICE float hyperbolic_cosine(float x)
{
    float half = exponential(0.5f * absolute(x));
    return 0.5f * half * half + 0.5f / half / half;
}

DEVICE float hyperbolic_sine(float x)
{
    float a = absolute(x), half = exponential(0.5f * a), t = exponential_minus_one(a);
    float value = a < 1.0f ? 0.5f * (t + t / (t + 1.0f)) : 0.5f * half * half - 0.5f / half / half;
    return __builtin_copysignf(value, x);
}

DEVICE float inverse_hyperbolic_sine(float x)
{
    float a = absolute(x);
    float value = a > 1.0e9f ? logarithm(a) + 0.693147181f
                             : logarithm_of_one_plus(a + a * a / (1.0f + square_root(a * a + 1.0f)));
    return __builtin_copysignf(value, x);
}

DEVICE float inverse_hyperbolic_cosine(float x)
{
    float t = x - 1.0f;
    return x > 1.0e9f ? logarithm(x) + 0.693147181f
         : x >= 1.0f  ? logarithm_of_one_plus(t + square_root(t * (x + 1.0f)))
                      : NOT_A_NUMBER;
}

/* |x|^y for finite positive x, in fp64: fp32 logarithms would lose as many digits as y has. */
DEVICE double power_of_positive(double x, double y)
{
    unsigned long bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffUL) | 0x3ff0000000000000UL;
    double mantissa;
    __builtin_memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.4142135623730951) {
        mantissa *= 0.5;
        exponent++;
    }
    double s = (mantissa - 1.0) / (mantissa + 1.0), z = s * s, p = 0.0;
    for (int i = 17; i >= 1; i -= 2)
        p = p * z + 2.0 / i;
    double log2 = exponent + s * p * 1.4426950408889634;
    double product = y * log2;
    if (product > 1100.0 || product < -1100.0)
        return product > 0 ? (double)INFINITE : 0.0;
    double n = __builtin_rint(product), r = (product - n) * 0.69314718055994531, sum = 1.0;
    for (int i = 12; i >= 1; i--)
        sum = 1.0 + sum * r / i;
    /* two factors, so that results near the ends of fp32's range stay in fp64's */
    unsigned long scale = (unsigned long)((long)n / 2 + 1023) << 52, rest = (unsigned long)((long)n - (long)n / 2 + 1023) << 52;
    double first, second;
    __builtin_memcpy(&first, &scale, sizeof first);
    __builtin_memcpy(&second, &rest, sizeof second);
    return sum * first * second;
}

DEVICE float power(float x, float y)
{
    if (y == 0.0f || x == 1.0f)
        return 1.0f;
    if (is_nan(x) || is_nan(y))
        return NOT_A_NUMBER;
    float a = absolute(x);
    int whole = __builtin_floorf(y) == y;
    int odd = whole && absolute(y) < 16777216.0f && ((long)y & 1) != 0;
    float result;
    if (absolute(y) == INFINITE)
        return a == 1.0f ? 1.0f : (a > 1.0f) == (y > 0.0f) ? INFINITE : 0.0f;
    if (a == 0.0f)
        result = y > 0.0f ? 0.0f : INFINITE;
    else if (a == INFINITE)
        result = y > 0.0f ? INFINITE : 0.0f;
    else if (x < 0.0f && !whole)
        return NOT_A_NUMBER;
    else
        result = (float)power_of_positive(a, y);
    return odd && (bits_of_float(x) >> 31) ? -result : result;
}

#endif
