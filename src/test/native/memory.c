/*
 * Device and pinned host memory. A device address is never a host address: addresses come from a range
 * that the processor rejects (not canonical), are never reused, and have gaps between them. So NULL, a freed pointer,
 * an overrun into the next buffer and a use by the host are all detected. Fresh memory holds NaN in every
 * floating-point type (all bits one).
 */
#define _GNU_SOURCE
#include "driver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_ADDRESS 0x00d0000000000000ull
#define ALIGNMENT 512u
#define GAP 65536u /* unused addresses between two allocations */
#define POISON 0xff

struct allocation {
    uint64_t address;
    size_t size;
    char *host;
    struct emu_device *device;
};

static struct allocation *allocations; /* ascending by address; freed ones are removed */
static size_t live_count, capacity;
static uint64_t next_address = FIRST_ADDRESS;

struct host_allocation {
    void *pointer;
    struct host_allocation *next;
};
static struct host_allocation *host_allocations;

static struct allocation *find(uint64_t address)
{
    size_t low = 0, high = live_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (allocations[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    struct allocation *found = &allocations[low - 1];
    return address - found->address < found->size ? found : NULL;
}

EXPORT void *emu_host(uint64_t address, size_t size)
{
    emu_lock();
    struct allocation *found = find(address);
    void *host = NULL;
    if (found != NULL && size <= found->size - (address - found->address))
        host = found->host + (address - found->address);
    emu_unlock();
    return host;
}

EXPORT size_t emu_bytes_from(uint64_t address)
{
    emu_lock();
    struct allocation *found = find(address);
    size_t bytes = found == NULL ? 0 : found->size - (address - found->address);
    emu_unlock();
    return bytes;
}

EXPORT bool emu_allocation(uint64_t address, uint64_t *base, size_t *size, char **host)
{
    emu_lock();
    struct allocation *found = find(address);
    if (found != NULL) {
        *base = found->address;
        *size = found->size;
        *host = found->host;
    }
    emu_unlock();
    return found != NULL;
}

EXPORT bool emu_is_device_address(uint64_t address)
{
    return address >= FIRST_ADDRESS && address < next_address;
}

long emu_live_allocations(uint64_t *bytes)
{
    *bytes = 0;
    for (size_t i = 0; i < live_count; i++)
        *bytes += allocations[i].size;
    return (long)live_count;
}

long emu_live_host_allocations(void)
{
    long live = 0;
    for (struct host_allocation *a = host_allocations; a != NULL; a = a->next)
        live++;
    return live;
}

static CUresult allocate(struct emu_device *device, size_t size, uint64_t *address)
{
    size_t padded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (padded > device->memory_bytes - device->used_bytes)
        return CUDA_ERROR_OUT_OF_MEMORY;
    char *host = mmap(NULL, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (host == MAP_FAILED)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memset(host, POISON, padded);
    if (live_count == capacity) {
        capacity = capacity == 0 ? 64 : capacity * 2;
        allocations = realloc(allocations, capacity * sizeof *allocations);
        if (allocations == NULL)
            abort();
    }
    /* The exact size, not the padded one, so that an overrun by one element is detected. */
    allocations[live_count++] = (struct allocation){next_address, size, host, device};
    *address = next_address;
    next_address += padded + GAP;
    device->used_bytes += padded;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t size)
{
    ENTER();
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (pointer == NULL || size == 0)
        return CUDA_ERROR_INVALID_VALUE;
    if ((status = emu_unsafe_call()) != CUDA_SUCCESS)
        return status;
    int fault = emu_fault_at(AT_ALLOC, context->device->index);
    if (fault == EMU_HANG)
        emu_block_for_ever();
    if (fault != 0) {
        if (fault != CUDA_ERROR_OUT_OF_MEMORY)
            context->device->sticky = fault;
        return fault;
    }
    emu_lock();
    status = allocate(context->device, size, pointer);
    emu_unlock();
    return status;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr pointer)
{
    ENTER();
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (pointer == 0)
        return CUDA_SUCCESS;
    if ((status = emu_unsafe_call()) != CUDA_SUCCESS)
        return status;
    /* cuMemFree waits for the device. */
    if ((status = emu_wait(context->device)) != CUDA_SUCCESS)
        return status;
    emu_lock();
    struct allocation *found = find(pointer);
    if (found == NULL || found->address != pointer) {
        status = CUDA_ERROR_INVALID_VALUE;
    } else {
        size_t padded = (found->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        found->device->used_bytes -= padded;
        munmap(found->host, padded);
        memmove(found, found + 1, (size_t)(allocations + --live_count - found) * sizeof *found);
    }
    emu_unlock();
    return status;
}

EXPORT CUresult cuMemGetInfo_v2(size_t *available, size_t *total)
{
    ENTER();
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (available == NULL || total == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *total = context->device->memory_bytes;
    *available = context->device->memory_bytes - context->device->used_bytes;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr pointer)
{
    ENTER();
    emu_lock();
    struct allocation *found = find(pointer);
    if (found != NULL && base != NULL)
        *base = found->address;
    if (found != NULL && size != NULL)
        *size = found->size;
    emu_unlock();
    return found == NULL ? CUDA_ERROR_NOT_FOUND : CUDA_SUCCESS;
}

/* ---- Pinned host memory ---- */

static CUresult host_allocate(void **pointer, size_t size)
{
    CUresult status;
    if (emu_require_context(&status) == NULL)
        return status;
    if (pointer == NULL || size == 0)
        return CUDA_ERROR_INVALID_VALUE;
    if ((status = emu_unsafe_call()) != CUDA_SUCCESS)
        return status;
    struct host_allocation *entry = malloc(sizeof *entry);
    if (entry == NULL || posix_memalign(&entry->pointer, 4096, size) != 0) {
        free(entry);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memset(entry->pointer, POISON, size);
    emu_lock();
    entry->next = host_allocations;
    host_allocations = entry;
    emu_unlock();
    *pointer = entry->pointer;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAllocHost_v2(void **pointer, size_t size)
{
    ENTER();
    return host_allocate(pointer, size);
}

EXPORT CUresult cuMemHostAlloc(void **pointer, size_t size, unsigned flags)
{
    ENTER();
    return flags > 7 ? CUDA_ERROR_INVALID_VALUE : host_allocate(pointer, size);
}

EXPORT CUresult cuMemFreeHost(void *pointer)
{
    ENTER();
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if ((status = emu_unsafe_call()) != CUDA_SUCCESS || (status = emu_wait(context->device)) != CUDA_SUCCESS)
        return status;
    status = CUDA_ERROR_INVALID_VALUE;
    emu_lock();
    for (struct host_allocation **link = &host_allocations; *link != NULL; link = &(*link)->next) {
        struct host_allocation *entry = *link;
        if (entry->pointer == pointer) {
            *link = entry->next;
            free(entry->pointer);
            free(entry);
            status = CUDA_SUCCESS;
            break;
        }
    }
    emu_unlock();
    return status;
}

/* ---- Copies and fills ---- */

struct copy {
    uint64_t to, from;
    size_t size;
};

/* Either side may be host or device memory; the address shows which. */
static void *resolve(uint64_t address, size_t size)
{
    return emu_is_device_address(address) ? emu_host(address, size) : (void *)(uintptr_t)address;
}

static CUresult run_copy(void *parameters)
{
    const struct copy *copy = parameters;
    void *to = resolve(copy->to, copy->size);
    const void *from = resolve(copy->from, copy->size);
    if (to == NULL || from == NULL)
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    memmove(to, from, copy->size);
    return CUDA_SUCCESS;
}

/* The driver may read pageable memory later than the call that copies from it. Here that happens as late as allowed: when the
 * stream gets its next work or is waited for. */
static struct {
    CUstream stream;
    struct copy copy;
} late;

void emu_finish_copy(CUstream stream)
{
    if (late.stream == NULL || (stream != NULL && stream != late.stream))
        return;
    late.stream = NULL;
    void *to = resolve(late.copy.to, late.copy.size);
    if (to != NULL)
        memmove(to, (void *)(uintptr_t)late.copy.from, late.copy.size);
}

static bool is_pageable(const void *pointer)
{
    bool found = false;
    emu_lock();
    for (const struct host_allocation *entry = host_allocations; entry != NULL && !found; entry = entry->next)
        found = entry->pointer == pointer;
    emu_unlock();
    return !found;
}

/* Like the driver, rejects at the call a device side that is not entirely in one live allocation. */
static CUresult check_device_side(uint64_t address, size_t size)
{
    return emu_host(address, size) == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

enum side { HOST, DEVICE };

static CUresult copy(uint64_t to, enum side to_side, uint64_t from, enum side from_side, size_t size, CUstream stream,
                     bool wait)
{
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (wait && ((status = emu_unsafe_call()) != CUDA_SUCCESS || (status = emu_wait(context->device)) != CUDA_SUCCESS))
        return status;
    if (size == 0)
        return CUDA_SUCCESS;
    if (to_side == DEVICE && (status = check_device_side(to, size)) != CUDA_SUCCESS)
        return status;
    if (from_side == DEVICE && (status = check_device_side(from, size)) != CUDA_SUCCESS)
        return status;
    if ((to_side == HOST && (to == 0 || emu_is_device_address(to)))
        || (from_side == HOST && (from == 0 || emu_is_device_address(from))))
        return CUDA_ERROR_INVALID_VALUE;
    struct copy parameters = {to, from, size};
    status = emu_submit(stream, NODE_MEMCPY, run_copy, &parameters, sizeof parameters);
    return status == CUDA_SUCCESS && wait ? emu_wait(context->device) : status;
}

EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t size)
{
    ENTER();
    return copy(to, DEVICE, (uintptr_t)from, HOST, size, NULL, true);
}

EXPORT CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t size)
{
    ENTER();
    return copy((uintptr_t)to, HOST, from, DEVICE, size, NULL, true);
}

EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t size)
{
    ENTER();
    return copy(to, DEVICE, from, DEVICE, size, NULL, false);
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t size, CUstream stream)
{
    ENTER();
    CUresult status = copy(to, DEVICE, (uintptr_t)from, HOST, size, stream, false);
    if (status == CUDA_SUCCESS && size > 0 && emu_object_is(stream, KIND_stream) && stream->capture == NULL
        && is_pageable(from)) {
        emu_finish_copy(NULL);
        late.stream = stream;
        late.copy = (struct copy){to, (uintptr_t)from, size};
        memset(resolve(to, size), POISON, size);
    }
    return status;
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t size, CUstream stream)
{
    ENTER();
    return copy((uintptr_t)to, HOST, from, DEVICE, size, stream, false);
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream)
{
    ENTER();
    return copy(to, DEVICE, from, DEVICE, size, stream, false);
}

/* The address shows which side is the device. */
static enum side side_of(uint64_t address)
{
    return emu_is_device_address(address) ? DEVICE : HOST;
}

EXPORT CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t size)
{
    ENTER();
    return copy(to, side_of(to), from, side_of(from), size, NULL, true);
}

EXPORT CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream)
{
    ENTER();
    return copy(to, side_of(to), from, side_of(from), size, stream, false);
}

struct fill {
    uint64_t to;
    size_t count;
    uint32_t value;
    uint32_t width; /* bytes per element: 1, 2 or 4 */
};

static CUresult run_fill(void *parameters)
{
    const struct fill *fill = parameters;
    char *to = emu_host(fill->to, fill->count * fill->width);
    if (to == NULL)
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    if (fill->width == 1)
        memset(to, (int)fill->value, fill->count);
    else
        for (size_t i = 0; i < fill->count; i++)
            memcpy(to + i * fill->width, &fill->value, fill->width); /* little endian: the low bytes */
    return CUDA_SUCCESS;
}

static CUresult fill(uint64_t to, uint32_t value, uint32_t width, size_t count, CUstream stream)
{
    CUresult status;
    if (emu_require_context(&status) == NULL)
        return status;
    if (count == 0)
        return CUDA_SUCCESS;
    if (to % width != 0 || (status = check_device_side(to, count * width)) != CUDA_SUCCESS)
        return CUDA_ERROR_INVALID_VALUE;
    struct fill parameters = {to, count, value, width};
    return emu_submit(stream, NODE_MEMSET, run_fill, &parameters, sizeof parameters);
}

EXPORT CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count)
{
    ENTER();
    return fill(to, value, 1, count, NULL);
}

EXPORT CUresult cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count)
{
    ENTER();
    return fill(to, value, 2, count, NULL);
}

EXPORT CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count)
{
    ENTER();
    return fill(to, value, 4, count, NULL);
}

EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream)
{
    ENTER();
    return fill(to, value, 1, count, stream);
}

EXPORT CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream)
{
    ENTER();
    return fill(to, value, 2, count, stream);
}

EXPORT CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream)
{
    ENTER();
    return fill(to, value, 4, count, stream);
}
