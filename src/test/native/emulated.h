/*
 * Shared by the three emulated libraries. libcuda.so.1 contains all of it; libcudnn.so.9 and
 * libnvidia-ml.so.1 link against libcuda.so.1 and reach the device only through these functions.
 */
#ifndef EMULATED_H
#define EMULATED_H

#include "cuda_abi.h"

#include <stdbool.h>

/* ---- Calls: every entry point starts with ENTER(), which counts the call and applies the fault switches. ---- */

struct emu_call {
    const char *name;
    long count;
    struct emu_call *next;
};

/* The error that a fault switch makes this call return, or 0. */
EXPORT int emu_enter(struct emu_call *call);
#define ENTER_WITH(FAIL) \
    do { \
        static struct emu_call call_ = {__func__, 0, NULL}; \
        int fault_ = emu_enter(&call_); \
        if (fault_ != 0) { \
            FAIL; \
        } \
    } while (0)
#define ENTER() ENTER_WITH(return fault_)

/* ---- Fault switches (faults.c) ---- */

/* A fault that fires at the n-th launch, allocation or call; `error` is the error that the driver then reports. */
enum emu_trigger { AT_LAUNCH, AT_ALLOC };

/* 0, the error to report, or EMU_HANG. Counts one event of the given kind on the device. */
#define EMU_HANG (-1)
EXPORT int emu_fault_at(enum emu_trigger trigger, int device);
/* Whether the switch is set (for this device, or device < 0); sets *value to its text after ':'. */
EXPORT bool emu_switch(const char *name, int device, const char **value);
/* The text of FLOPMETER_EMULATED_<name>, or the default. */
EXPORT const char *emu_setting(const char *name, const char *otherwise);
EXPORT long long emu_setting_number(const char *name, long long otherwise);
/* The extra run time of slow:N%, in percent. */
EXPORT double emu_slow_percent(void);
/* Sets one more item of FLOPMETER_EMULATED_FAULT, in place of the one set so before; "" for none. */
EXPORT void emu_inject(const char *item);

/* ---- Objects: handles returned to the caller. Never freed, so that a stale handle is recognised. ---- */

#define EMU_OBJECT_KINDS(X) \
    X(context) X(stream) X(event) X(graph) X(graph_exec) X(module) X(function) X(cudnn_handle) \
    X(tensor_descriptor) X(filter_descriptor) X(convolution_descriptor) X(pooling_descriptor) \
    X(activation_descriptor) X(lrn_descriptor) X(op_tensor_descriptor) X(reduce_tensor_descriptor) \
    X(tensor_transform_descriptor) X(dropout_descriptor) X(rnn_descriptor) X(rnn_data_descriptor) \
    X(backend_descriptor) X(nvml_event_set) X(gpm_sample)
#define EMU_KIND_CONSTANT(name) KIND_##name,
enum emu_kind { EMU_OBJECT_KINDS(EMU_KIND_CONSTANT) KIND_COUNT };
#undef EMU_KIND_CONSTANT

struct emu_object {
    uint32_t magic;
    int32_t kind; /* -1 once destroyed */
};

/* A zeroed object of the given size, whose first member is a struct emu_object. */
EXPORT void *emu_object_new(enum emu_kind kind, size_t size);
EXPORT bool emu_object_is(const void *object, enum emu_kind kind);
EXPORT void emu_object_destroy(void *object);
EXPORT long emu_live(enum emu_kind kind);

/* ---- Devices ---- */

struct emu_device {
    int index;
    char name[96];
    unsigned char uuid[16];
    int bus; /* PCI bus number; domain, device and function are 0 */
    int major, minor; /* compute capability */
    int sm_count;
    int clock_mhz, memory_clock_mhz;
    uint64_t memory_bytes;
    uint64_t used_bytes;
    CUresult sticky; /* once set, returned by every call on this device */
    bool hung; /* work that never ends was launched */
    bool lost; /* fell off the bus; NVML reports it too */
    double busy_seconds; /* time spent in launched work, for NVML's energy */
};

EXPORT int emu_device_count(void);
EXPORT struct emu_device *emu_device(int index); /* NULL if there is none */
/* The device of the calling thread's current context, making the primary one current if there is none
 * (as the CUDA runtime inside cuDNN does); NULL if that fails. */
EXPORT struct emu_device *emu_current_device_or_primary(void);
EXPORT double emu_seconds(void); /* monotonic */
EXPORT void emu_block_for_ever(void);
EXPORT void emu_lock(void);
EXPORT void emu_unlock(void);

/* ---- Memory ---- */

/* The host memory of [address, address + size), or NULL unless it is entirely inside one live allocation. */
EXPORT void *emu_host(uint64_t address, size_t size);
/* Bytes from address to the end of its live allocation, 0 if it is in none. */
EXPORT size_t emu_bytes_from(uint64_t address);
/* The live allocation that holds the address: its first address, size and host memory. */
EXPORT bool emu_allocation(uint64_t address, uint64_t *base, size_t *size, char **host);
EXPORT bool emu_is_device_address(uint64_t address);

/* ---- Work: executed by a stream or recorded by a capture. ---- */

/* Runs one piece of work; `parameters` is the copy made at submission. */
typedef CUresult (*emu_run)(void *parameters);
/* Runs the work at once, in stream order, or records it if the stream is capturing. As on a GPU, an error of the
 * work itself does not make the call fail; it breaks the device. */
EXPORT CUresult emu_submit(CUstream stream, int node_kind, emu_run run, const void *parameters, size_t size);
EXPORT CUresult emu_stream_check(CUstream stream); /* whether the handle is valid */
EXPORT bool emu_stream_is_capturing(CUstream stream);
/* CUDA_SUCCESS, unless a capture forbids unsafe calls (allocation, synchronisation) here; then invalidates the capture. */
EXPORT CUresult emu_unsafe_call(void);

/* ---- Report ---- */

/* Appends the JSON line with all live objects to FLOPMETER_EMULATED_REPORT; also called at process exit. */
EXPORT void emu_report(void);
/* The same line as a text that the caller frees. */
EXPORT char *emu_report_text(void);

#endif
