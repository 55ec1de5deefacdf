/* Initialisation, devices and contexts. */
#define _GNU_SOURCE
#include "driver.h"
#include "gpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEVICES 16
#define MAX_CONTEXT_STACK 32

static struct emu_device devices[MAX_DEVICES];
static int device_count;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static bool initialized;

static struct {
    struct emu_context *context;
    int references;
    unsigned flags;
} primary[MAX_DEVICES];

/* The stack of cuCtxPushCurrent; the top is the current context. */
static __thread struct emu_context *stack[MAX_CONTEXT_STACK];
static __thread int depth;

static void prepare(void)
{
    device_count = (int)emu_setting_number("DEVICES", 1);
    if (device_count > MAX_DEVICES)
        device_count = MAX_DEVICES;
    const struct gpu *like = gpu_of(emu_setting("GPU", getenv("FLOPMETER_REAL_CUDNN") == NULL ? NULL : "H100"));
    char own[16] = "8.0";
    if (like != NULL)
        snprintf(own, sizeof own, "%d.%d", like->capability / 10, like->capability % 10);
    const char *capability = emu_setting("COMPUTE_CAPABILITY", own);
    for (int i = 0; i < device_count; i++) {
        struct emu_device *device = &devices[i];
        device->index = i;
        snprintf(device->name, sizeof device->name, "%s", emu_setting("NAME", "Emulated GPU"));
        const unsigned char uuid[16] = {0xe0, 0x1a, 0x7e, 0xd0, 0x00, 0x00, 0x40, 0x00,
                                        0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, (unsigned char)i};
        memcpy(device->uuid, uuid, sizeof uuid);
        device->bus = 0x0a + i;
        device->major = atoi(capability);
        device->minor = strchr(capability, '.') == NULL ? 0 : atoi(strchr(capability, '.') + 1);
        device->sm_count = (int)emu_setting_number("SM_COUNT", like == NULL ? 8 : like->multiprocessors);
        device->clock_mhz = (int)emu_setting_number("CLOCK_MHZ", like == NULL ? 1410 : like->clock_mhz);
        device->memory_clock_mhz = (int)emu_setting_number("MEMORY_CLOCK_MHZ", like == NULL ? 1215 : like->memory_clock_mhz);
        device->memory_bytes = (uint64_t)emu_setting_number("MEMORY_BYTES", 8LL << 30);
        if (emu_switch("device-lost", i, NULL)) {
            device->lost = true;
            device->sticky = CUDA_ERROR_UNKNOWN;
        }
    }
}

EXPORT int emu_device_count(void)
{
    pthread_once(&prepared, prepare);
    return emu_switch("no-device", -1, NULL) ? 0 : device_count;
}

EXPORT struct emu_device *emu_device(int index)
{
    pthread_once(&prepared, prepare);
    return index < 0 || index >= device_count ? NULL : &devices[index];
}

EXPORT bool emu_is_initialized(void)
{
    return initialized;
}

static struct emu_context *current(void)
{
    return depth == 0 ? NULL : stack[depth - 1];
}

struct emu_context *emu_require_context(CUresult *status)
{
    struct emu_context *context = current();
    if (!initialized)
        *status = CUDA_ERROR_NOT_INITIALIZED;
    else if (context == NULL)
        *status = CUDA_ERROR_INVALID_CONTEXT;
    else if (!emu_object_is(context, KIND_context))
        *status = CUDA_ERROR_CONTEXT_IS_DESTROYED;
    else if ((*status = context->device->sticky) == CUDA_SUCCESS)
        return context;
    return NULL;
}

void emu_break_current_device(CUresult error, bool lost)
{
    struct emu_context *context = current();
    struct emu_device *device = emu_object_is(context, KIND_context) ? context->device : emu_device(0);
    if (device != NULL) {
        device->sticky = error;
        device->lost |= lost;
    }
}

EXPORT CUresult cuInit(unsigned flags)
{
    ENTER();
    if (flags != 0)
        return CUDA_ERROR_INVALID_VALUE;
    if (emu_device_count() == 0)
        return CUDA_ERROR_NO_DEVICE;
    initialized = true;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDriverGetVersion(int *version)
{
    ENTER();
    if (version == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *version = emu_switch("old-driver", -1, NULL) ? 11000 : (int)emu_setting_number("DRIVER_VERSION", 12060);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetCount(int *count)
{
    ENTER();
    if (!initialized)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (count == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *count = emu_device_count();
    return CUDA_SUCCESS;
}

static CUresult check_device(CUdevice device, const void *result)
{
    if (!initialized)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (device < 0 || device >= emu_device_count())
        return CUDA_ERROR_INVALID_DEVICE;
    return result == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    ENTER();
    CUresult status = check_device(ordinal, device);
    if (status == CUDA_SUCCESS)
        *device = ordinal;
    return status;
}

EXPORT CUresult cuDeviceGetName(char *name, int length, CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, name);
    if (status == CUDA_SUCCESS && length < 1)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        snprintf(name, (size_t)length, "%s", devices[device].name);
    return status;
}

static CUresult get_uuid(CUuuid *uuid, CUdevice device)
{
    CUresult status = check_device(device, uuid);
    if (status == CUDA_SUCCESS)
        memcpy(uuid->bytes, devices[device].uuid, sizeof uuid->bytes);
    return status;
}

EXPORT CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device)
{
    ENTER();
    return get_uuid(uuid, device);
}

EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
    ENTER();
    return get_uuid(uuid, device);
}

EXPORT CUresult cuDeviceGetPCIBusId(char *id, int length, CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, id);
    if (status == CUDA_SUCCESS && length < 13)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        snprintf(id, (size_t)length, "0000:%02X:00.0", devices[device].bus);
    return status;
}

EXPORT CUresult cuDeviceGetByPCIBusId(CUdevice *device, const char *id)
{
    ENTER();
    if (!initialized)
        return CUDA_ERROR_NOT_INITIALIZED;
    unsigned domain, bus;
    if (device == NULL || id == NULL || sscanf(id, "%x:%x", &domain, &bus) != 2)
        return CUDA_ERROR_INVALID_VALUE;
    for (int i = 0; i < emu_device_count(); i++) {
        if (devices[i].bus == (int)bus) {
            *device = i;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_DEVICE;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, bytes);
    if (status == CUDA_SUCCESS)
        *bytes = devices[device].memory_bytes;
    return status;
}

EXPORT CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, major == NULL ? NULL : minor);
    if (status == CUDA_SUCCESS) {
        *major = devices[device].major;
        *minor = devices[device].minor;
    }
    return status;
}

EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, value);
    if (status != CUDA_SUCCESS)
        return status;
    if (attribute < 1 || attribute > 145)
        return CUDA_ERROR_INVALID_VALUE;
    const struct emu_device *d = &devices[device];
    switch (attribute) { /* numbers of CUdevice_attribute */
    case 1: case 2: case 3: *value = 1024; break; /* threads per block, block x, y */
    case 4: *value = 64; break; /* block z */
    case 5: *value = 2147483647; break; /* grid x */
    case 6: case 7: *value = 65535; break; /* grid y, z */
    case 8: *value = 49152; break; /* shared memory per block */
    case 9: *value = 65536; break; /* constant memory */
    case 10: *value = 32; break; /* warp */
    case 11: *value = 2147483647; break; /* pitch */
    case 12: *value = 65536; break; /* registers per block */
    case 13: *value = d->clock_mhz * 1000; break;
    case 14: case 51: *value = 512; break; /* texture alignment */
    case 16: *value = d->sm_count; break;
    case 19: case 31: case 41: case 78: case 83: *value = 1; break; /* mapped host memory, concurrency, one address space */
    case 33: *value = d->bus; break;
    case 36: *value = d->memory_clock_mhz * 1000; break;
    case 37: *value = 5120; break; /* memory bus width in bits */
    case 38: *value = 4 << 20; break; /* L2 */
    case 39: *value = 2048; break; /* threads per multiprocessor */
    case 40: *value = 2; break; /* copy engines */
    case 75: *value = d->major; break;
    case 76: *value = d->minor; break;
    case 81: *value = 167936; break; /* shared memory per multiprocessor */
    case 82: *value = 65536; break;
    case 97: *value = 166912; break; /* shared memory per block, opt in */
    case 106: *value = 32; break; /* blocks per multiprocessor */
    default: *value = 0;
    }
    return CUDA_SUCCESS;
}

/* ---- Contexts ---- */

static struct emu_context *new_context(int device, bool is_primary, unsigned flags)
{
    struct emu_context *context = emu_object_new(KIND_context, sizeof *context);
    context->device = &devices[device];
    context->primary = is_primary;
    context->flags = flags;
    return context;
}

static CUresult set_current(struct emu_context *context)
{
    if (depth == 0 && context != NULL)
        depth = 1;
    if (context == NULL)
        depth = depth > 0 ? depth - 1 : 0;
    else
        stack[depth - 1] = context;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, context);
    if (status == CUDA_SUCCESS)
        status = devices[device].sticky;
    if (status != CUDA_SUCCESS)
        return status;
    emu_lock();
    if (primary[device].references++ == 0)
        primary[device].context = new_context(device, true, primary[device].flags);
    *context = primary[device].context;
    emu_unlock();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, "");
    if (status != CUDA_SUCCESS)
        return status;
    emu_lock();
    if (primary[device].references == 0) {
        status = CUDA_ERROR_INVALID_CONTEXT;
    } else if (--primary[device].references == 0) {
        emu_object_destroy(primary[device].context);
        primary[device].context = NULL;
    }
    emu_unlock();
    return status;
}

EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags)
{
    ENTER();
    CUresult status = check_device(device, "");
    if (status == CUDA_SUCCESS)
        primary[device].flags = flags;
    return status;
}

EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active)
{
    ENTER();
    CUresult status = check_device(device, flags == NULL ? NULL : active);
    if (status == CUDA_SUCCESS) {
        *flags = primary[device].flags;
        *active = primary[device].references > 0;
    }
    return status;
}

EXPORT CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device)
{
    ENTER();
    CUresult status = check_device(device, context);
    if (status == CUDA_SUCCESS)
        status = devices[device].sticky;
    if (status != CUDA_SUCCESS)
        return status;
    if (depth == MAX_CONTEXT_STACK)
        return CUDA_ERROR_INVALID_VALUE;
    *context = new_context(device, false, flags);
    stack[depth++] = *context;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxDestroy_v2(CUcontext context)
{
    ENTER();
    if (!emu_object_is(context, KIND_context) || context->primary)
        return CUDA_ERROR_INVALID_CONTEXT;
    CUresult status = context->device->sticky;
    emu_object_destroy(context);
    if (current() == context)
        depth--;
    return status;
}

EXPORT CUresult cuCtxSetCurrent(CUcontext context)
{
    ENTER();
    if (!initialized)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (context != NULL && !emu_object_is(context, KIND_context))
        return CUDA_ERROR_INVALID_CONTEXT;
    return set_current(context);
}

EXPORT CUresult cuCtxGetCurrent(CUcontext *context)
{
    ENTER();
    if (!initialized)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (context == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *context = current();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context)
{
    ENTER();
    if (!emu_object_is(context, KIND_context))
        return CUDA_ERROR_INVALID_CONTEXT;
    if (depth == MAX_CONTEXT_STACK)
        return CUDA_ERROR_INVALID_VALUE;
    stack[depth++] = context;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
    ENTER();
    if (depth == 0)
        return CUDA_ERROR_INVALID_CONTEXT;
    depth--;
    if (context != NULL)
        *context = stack[depth];
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxGetDevice(CUdevice *device)
{
    ENTER();
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (device == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *device = context->device->index;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxSynchronize(void)
{
    ENTER();
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    status = emu_unsafe_call();
    emu_finish_copy(NULL);
    return status == CUDA_SUCCESS ? emu_wait(context->device) : status;
}

EXPORT CUresult cuCtxGetApiVersion(CUcontext context, unsigned *version)
{
    ENTER();
    if (version == NULL || (context != NULL && !emu_object_is(context, KIND_context)))
        return CUDA_ERROR_INVALID_VALUE;
    *version = 3020;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    ENTER();
    if (least != NULL)
        *least = 0;
    if (greatest != NULL)
        *greatest = -5;
    return CUDA_SUCCESS;
}

EXPORT struct emu_device *emu_current_device_or_primary(void)
{
    if (!initialized) {
        if (emu_device_count() == 0)
            return NULL;
        initialized = true;
    }
    if (current() == NULL) {
        emu_lock();
        if (primary[0].context == NULL)
            primary[0].context = new_context(0, true, 0);
        primary[0].references++;
        set_current(primary[0].context);
        emu_unlock();
    }
    return emu_object_is(current(), KIND_context) ? current()->device : NULL;
}
