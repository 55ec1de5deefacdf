/* The library handle, versions and statuses. */
#define _GNU_SOURCE
#include "dnn.h"

#include "real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread char last_error[1024];

cudnnStatus_t dnn_status_of(CUresult error)
{
    switch (error) {
    case CUDA_SUCCESS:
        return CUDNN_STATUS_SUCCESS;
    case CUDA_ERROR_OUT_OF_MEMORY:
        return CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
    case CUDA_ERROR_NO_DEVICE:
    case CUDA_ERROR_NOT_INITIALIZED:
        return CUDNN_STATUS_NOT_INITIALIZED;
    default:
        return CUDNN_STATUS_EXECUTION_FAILED_CUDART;
    }
}

cudnnStatus_t dnn_fail(cudnnStatus_t status, const char *function, const char *reason)
{
    snprintf(last_error, sizeof last_error, "%s: not true: %s", function, reason);
    if (emu_setting("VERBOSE", NULL) != NULL)
        fprintf(stderr, "emulated GPU: %d from %s\n", status, last_error);
    return status;
}

bool dnn_is_handle(cudnnHandle_t handle)
{
    return emu_object_is(handle, KIND_cudnn_handle);
}

bool dnn_is_set(const void *descriptor, enum emu_kind kind)
{
    return emu_object_is(descriptor, kind) && ((const struct dnn_tensor_descriptor *)descriptor)->set;
}

cudnnStatus_t dnn_submit(cudnnHandle_t handle, emu_run run, const void *parameters, size_t size)
{
    return dnn_status_of(emu_submit(handle->stream, NODE_KERNEL, run, parameters, size));
}

size_t dnn_version(void)
{
    const char *given = NULL;
    if (emu_switch("cudnn-version", -1, &given) && atol(given) > 0)
        return (size_t)atol(given);
    return real_is_on() ? real_version() : (size_t)emu_setting_number("CUDNN_VERSION", 90501);
}

EXPORT size_t cudnnGetVersion(void)
{
    ENTER_WITH((void)0);
    return dnn_version();
}

EXPORT size_t cudnnGetCudartVersion(void)
{
    ENTER_WITH((void)0);
    return (size_t)emu_setting_number("CUDART_VERSION", 12060);
}

EXPORT size_t cudnnGetMaxDeviceVersion(void)
{
    ENTER_WITH((void)0);
    return 900;
}

EXPORT cudnnStatus_t cudnnGetProperty(int type, int *value)
{
    DNN_ENTER();
    REQUIRE(value != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(type >= 0 && type <= 2, CUDNN_STATUS_BAD_PARAM);
    size_t v = dnn_version();
    size_t major = v >= 90000 ? v / 10000 : v / 1000;
    size_t minor = v >= 90000 ? v / 100 % 100 : v / 100 % 10;
    *value = (int)(type == 0 ? major : type == 1 ? minor : v % 100);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT const char *cudnnGetErrorString(cudnnStatus_t status)
{
    ENTER_WITH((void)0);
#define DNN_STATUS_CASE(name, number) \
    case number: \
        return #name;
    switch (status) {
        DNN_STATUSES(DNN_STATUS_CASE)
    default:
        return "CUDNN_UNKNOWN_STATUS";
    }
#undef DNN_STATUS_CASE
}

EXPORT void cudnnGetLastErrorString(char *message, size_t size)
{
    ENTER_WITH((void)0);
    if (message != NULL && size > 0)
        snprintf(message, size, "%s", last_error);
    last_error[0] = '\0';
}

/* 9.5 supports devices from compute capability 5.0 on. */
EXPORT cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    DNN_ENTER();
    REQUIRE(handle != NULL, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    struct emu_device *device = emu_current_device_or_primary();
    REQUIRE(device != NULL, CUDNN_STATUS_NOT_INITIALIZED);
    REQUIRE(device->major >= 5, CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH);
    PROPAGATE(dnn_status_of(device->sticky));
    PROPAGATE(dnn_status_of(emu_unsafe_call()));
    *handle = emu_object_new(KIND_cudnn_handle, sizeof **handle);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(handle);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, CUstream stream)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    CUresult error = emu_stream_check(stream);
    REQUIRE(error != CUDA_ERROR_INVALID_HANDLE, CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(dnn_status_of(error));
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, CUstream *stream)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && stream != NULL, CUDNN_STATUS_BAD_PARAM);
    *stream = handle->stream;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnQueryRuntimeError(cudnnHandle_t handle, cudnnStatus_t *status, int mode, void *tag)
{
    DNN_ENTER();
    (void)mode;
    (void)tag;
    REQUIRE(dnn_is_handle(handle) && status != NULL, CUDNN_STATUS_BAD_PARAM);
    *status = dnn_status_of(emu_stream_check(handle->stream));
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnOpsVersionCheck(void)
{
    DNN_ENTER();
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnCnnVersionCheck(void)
{
    DNN_ENTER();
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnAdvVersionCheck(void)
{
    DNN_ENTER();
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGraphVersionCheck(void)
{
    DNN_ENTER();
    return CUDNN_STATUS_SUCCESS;
}
