/* GPUs by name, with the properties their drivers report: cuDNN plans for them, and the emulated device reports them. */
#ifndef GPUS_H
#define GPUS_H

#include <stddef.h>
#include <string.h>

struct gpu {
    const char *name, *device_name;
    int capability; /* major * 10 + minor */
    int multiprocessors;
    int threads, blocks, shared_bytes; /* maximum threads and blocks per multiprocessor, shared memory per block */
    int l2_bytes;
    int clock_mhz, memory_clock_mhz, bus_bits;
    double memory_bytes;
};

static const struct gpu gpus[] = {
    {"T4", "Tesla T4", 75, 40, 1024, 16, 65536, 4194304, 1590, 5001, 256, 15.6e9},
    {"A100", "NVIDIA A100-SXM4-80GB", 80, 108, 2048, 32, 166912, 41943040, 1410, 1593, 5120, 85.0e9},
    {"L4", "NVIDIA L4", 89, 58, 1536, 24, 101376, 50331648, 2040, 6251, 192, 23.6e9},
    {"H100", "NVIDIA H100 80GB HBM3", 90, 132, 2048, 32, 232448, 52428800, 1980, 2619, 5120, 85.0e9},
    {"H200", "NVIDIA H200", 90, 132, 2048, 32, 232448, 62914560, 1980, 3201, 6144, 150.7e9},
    {"B200", "NVIDIA B200", 100, 148, 2048, 32, 232448, 132644864, 1965, 3996, 7680, 191.5e9},
};

static inline const struct gpu *gpu_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof gpus / sizeof gpus[0]; i++)
        if (strcmp(gpus[i].name, name) == 0)
            return &gpus[i];
    return NULL;
}

#endif
