/*
 * How our kernels are written: once, in the common part of C and CUDA C++, for two targets.
 *   GPU: src/test/bin/make-kernels compiles them with clang to the PTX text in src/main/resources.
 *   CPU: src/test/native/Makefile compiles them with -DEMULATED_GPU into the emulated GPU.
 *
 * A kernel takes one struct by value, whose members the launcher packs in their natural alignment (pointers and long
 * are 8 bytes), and is written as
 *
 *     struct fill_arguments { void *to; long count; float value; int type; };
 *     KERNEL(fill, struct fill_arguments)
 *     {
 *         FOR_EACH_INDEX(i, arguments.count)
 *             store(arguments.to, arguments.type, i, arguments.value);
 *     }
 *
 * Rules: global memory only through load, store and similar functions (the emulation checks every access); array members of
 * the arguments only in loops with constant bounds under UNROLL (otherwise the GPU copies them to slow local memory);
 * no calls to libm (arithmetic.h has the available functions); no static data except SHARED.
 * Block-wide cooperation: KERNEL_WITH_BARRIER, SHARED arrays and barrier(); every thread of the block must reach the
 * same barriers. See reduce.c.
 *
 * Element types have cuDNN's numbers.
 */
#ifndef KERNEL_H
#define KERNEL_H

enum { FLOAT = 0, DOUBLE = 1, HALF = 2, INT8 = 3, INT32 = 4, UINT8 = 6, BFLOAT16 = 9, INT64 = 10, BOOLEAN = 11 };

#define MAX_RANK 8
#define CONCATENATE_(a, b) a##b
#define CONCATENATE(a, b) CONCATENATE_(a, b)

#ifdef EMULATED_GPU

#include "kernels.h"

#define DEVICE static inline
#define UNROLL

/* Index of the running thread, set by kernel_runtime.c. */
struct emu_thread {
    unsigned thread[3], block[3], block_size[3], grid_size[3];
};
extern __thread struct emu_thread emu_thread;
#define THREAD_X emu_thread.thread[0]
#define THREAD_Y emu_thread.thread[1]
#define BLOCK_X emu_thread.block[0]
#define BLOCK_Y emu_thread.block[1]
#define BLOCK_Z emu_thread.block[2]
#define BLOCK_SIZE_X emu_thread.block_size[0]
#define BLOCK_SIZE_Y emu_thread.block_size[1]
#define GRID_SIZE_X emu_thread.grid_size[0]

/* Blocks run one after the other on a host thread, so one copy of the block's shared memory is enough. */
#define SHARED(type, name, count) static __thread type name[count]
void emu_barrier(void);
#define barrier() emu_barrier()

/* The host memory of a device address; a bad address ends the kernel with the error that a GPU would raise. */
void *emu_pointer(const volatile void *address, unsigned long size);
#define AT(type, base, index) ((type *)emu_pointer((const char *)(base) + (long)(index) * (long)sizeof(type), sizeof(type)))

#define KERNEL_(name, arguments_type, barriers) \
    static void name(const arguments_type arguments); \
    static void CONCATENATE(run_, name)(const void *packed) \
    { \
        name(*(const arguments_type *)packed); \
    } \
    __attribute__((visibility("default"))) const struct emu_kernel CONCATENATE(emu_kernel_, name) = { \
        CONCATENATE(run_, name), sizeof(arguments_type), barriers}; \
    static void name(const arguments_type arguments)
#define KERNEL(name, arguments_type) KERNEL_(name, arguments_type, 0)
#define KERNEL_WITH_BARRIER(name, arguments_type) KERNEL_(name, arguments_type, 1)

#else /* the GPU */

#define DEVICE static inline __attribute__((device))
#define UNROLL _Pragma("unroll")
#define THREAD_X ((unsigned)__nvvm_read_ptx_sreg_tid_x())
#define THREAD_Y ((unsigned)__nvvm_read_ptx_sreg_tid_y())
#define BLOCK_X ((unsigned)__nvvm_read_ptx_sreg_ctaid_x())
#define BLOCK_Y ((unsigned)__nvvm_read_ptx_sreg_ctaid_y())
#define BLOCK_Z ((unsigned)__nvvm_read_ptx_sreg_ctaid_z())
#define BLOCK_SIZE_X ((unsigned)__nvvm_read_ptx_sreg_ntid_x())
#define BLOCK_SIZE_Y ((unsigned)__nvvm_read_ptx_sreg_ntid_y())
#define GRID_SIZE_X ((unsigned)__nvvm_read_ptx_sreg_nctaid_x())
#define SHARED(type, name, count) static __attribute__((shared)) type name[count]
#define barrier() __syncthreads()
#define AT(type, base, index) ((type *)(base) + (long)(index))
#define KERNEL(name, arguments_type) extern "C" __attribute__((global)) void name(const arguments_type arguments)
#define KERNEL_WITH_BARRIER(name, arguments_type) KERNEL(name, arguments_type)

#endif

/* A grid-stride loop: any grid covers any count. */
#define FOR_EACH_INDEX(i, count) \
    for (long i = (long)BLOCK_X * BLOCK_SIZE_X + THREAD_X; i < (count); i += (long)BLOCK_SIZE_X * GRID_SIZE_X)

/* ---- Storage types: conversions to and from fp32, rounding to nearest with ties to even. ---- */

DEVICE float float_of_bits(unsigned bits)
{
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

DEVICE unsigned bits_of_float(float value)
{
    unsigned bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

DEVICE float float_of_bfloat(unsigned short bits)
{
    return float_of_bits((unsigned)bits << 16);
}

DEVICE unsigned short bfloat_of_float(float value)
{
    unsigned bits = bits_of_float(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (unsigned short)(bits >> 16 | 0x40u);
    return (unsigned short)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

#ifdef EMULATED_GPU
DEVICE float float_of_half(unsigned short bits)
{
    unsigned magnitude = (bits & 0x7fffu) << 13, sign = (bits & 0x8000u) << 16;
    if ((bits & 0x7c00u) == 0x7c00u)
        return float_of_bits(sign | 0x7f800000u | magnitude);
    return float_of_bits(sign | bits_of_float(float_of_bits(magnitude) * 0x1p112f));
}

DEVICE unsigned short half_of_float(float value)
{
    unsigned bits = bits_of_float(value), magnitude = bits & 0x7fffffffu;
    unsigned short sign = (unsigned short)(bits >> 16 & 0x8000u);
    if (magnitude > 0x7f800000u)
        return (unsigned short)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u)
        return (unsigned short)(sign | 0x7c00u);
    if (magnitude < 0x38800000u) /* adding 0.5 rounds at the position of a subnormal's last bit */
        return (unsigned short)(sign | (bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000u));
    return (unsigned short)(sign | (magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u) >> 13);
}
#else
DEVICE float float_of_half(unsigned short bits)
{
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

DEVICE unsigned short half_of_float(float value)
{
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
#endif

/* The element as fp32. Integers beyond 2^24 lose digits. */
DEVICE float load(const void *base, int type, long index)
{
    switch (type) {
    case FLOAT: return *AT(const float, base, index);
    case HALF: return float_of_half(*AT(const unsigned short, base, index));
    case BFLOAT16: return float_of_bfloat(*AT(const unsigned short, base, index));
    case INT8: return (float)*AT(const signed char, base, index);
    case UINT8: return (float)*AT(const unsigned char, base, index);
    case BOOLEAN: return *AT(const unsigned char, base, index) != 0 ? 1.0f : 0.0f;
    case INT32: return (float)*AT(const int, base, index);
    default: return (float)*AT(const long, base, index);
    }
}

DEVICE void store(void *base, int type, long index, float value)
{
    switch (type) {
    case FLOAT: *AT(float, base, index) = value; break;
    case HALF: *AT(unsigned short, base, index) = half_of_float(value); break;
    case BFLOAT16: *AT(unsigned short, base, index) = bfloat_of_float(value); break;
    case INT8: *AT(signed char, base, index) = (signed char)value; break;
    case UINT8: *AT(unsigned char, base, index) = (unsigned char)value; break;
    case BOOLEAN: *AT(unsigned char, base, index) = value != 0.0f; break;
    case INT32: *AT(int, base, index) = (int)value; break;
    default: *AT(long, base, index) = (long)value; break;
    }
}

/*
 * The element as fp64: the only access to DOUBLE, and for INT64, which loses digits in fp32 (in fp64 beyond 2^53). A
 * separate function, so that kernels without doubles need no branch.
 */
DEVICE double load_wide(const void *base, int type, long index)
{
    switch (type) {
    case DOUBLE: return *AT(const double, base, index);
    case INT64: return (double)*AT(const long, base, index);
    default: return (double)load(base, type, index);
    }
}

DEVICE void store_wide(void *base, int type, long index, double value)
{
    switch (type) {
    case DOUBLE: *AT(double, base, index) = value; break;
    case INT64: *AT(long, base, index) = (long)value; break;
    default: store(base, type, index, (float)value); break;
    }
}

#endif
