/*
 * The interface between libcuda.so.1 and libflopmeter-kernels.so, our own kernels compiled for the CPU. The latter
 * exports one `const struct emu_kernel emu_kernel_NAME` per kernel and the function emu_run_kernel.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include <stddef.h>

struct emu_kernel {
    void (*function)(const void *arguments); /* runs one thread */
    size_t arguments_size;
    int uses_barrier; /* the threads of a block wait for each other and run as fibers */
};

/* Runs a whole grid; returns 0, or the CUDA error of the first bad access. */
typedef int (*emu_kernel_runner)(const struct emu_kernel *kernel, const unsigned grid[3], const unsigned block[3],
                                 const void *arguments);

#endif
