/*
 * Streams and events. Work runs on the caller's thread as soon as it is enqueued, which preserves every order that
 * CUDA guarantees. Only errors are asynchronous: work that fails breaks the device, and the next call reports it.
 */
#define _GNU_SOURCE
#include "driver.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_default(CUstream stream)
{
    return stream == NULL || stream == CU_STREAM_LEGACY || stream == CU_STREAM_PER_THREAD;
}

EXPORT CUresult emu_stream_check(CUstream stream)
{
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (is_default(stream))
        return CUDA_SUCCESS;
    if (!emu_object_is(stream, KIND_stream))
        return CUDA_ERROR_INVALID_HANDLE;
    return stream->context->device->sticky;
}

EXPORT bool emu_stream_is_capturing(CUstream stream)
{
    return !is_default(stream) && emu_object_is(stream, KIND_stream) && stream->capture != NULL;
}

struct emu_device *emu_stream_device(CUstream stream)
{
    CUresult status;
    if (!is_default(stream))
        return stream->context->device;
    struct emu_context *context = emu_require_context(&status);
    return context == NULL ? NULL : context->device;
}

CUresult emu_wait(struct emu_device *device)
{
    if (device->hung)
        emu_block_for_ever();
    return device->sticky;
}

static void linger(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&pause, NULL);
}

void emu_execute(struct emu_device *device, int node_kind, emu_run run, void *parameters)
{
    if (device->sticky != CUDA_SUCCESS || device->hung)
        return;
    if (node_kind == NODE_KERNEL) {
        int fault = emu_fault_at(AT_LAUNCH, device->index);
        if (fault == EMU_HANG) {
            device->hung = true;
            return;
        }
        if (fault != 0) {
            device->sticky = fault;
            return;
        }
    }
    double start = emu_seconds();
    CUresult status = run(parameters);
    double taken = emu_seconds() - start;
    if (node_kind == NODE_KERNEL) {
        if (emu_slow_percent() > 0)
            linger(taken * emu_slow_percent() / 100);
        device->busy_seconds += taken;
    }
    if (status != CUDA_SUCCESS)
        device->sticky = status;
}

EXPORT CUresult emu_submit(CUstream stream, int node_kind, emu_run run, const void *parameters, size_t size)
{
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (is_default(stream) && stream != CU_STREAM_PER_THREAD && emu_any_capture_of_blocking_stream()) {
        emu_invalidate_captures_of_blocking_streams();
        return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    if (emu_stream_is_capturing(stream))
        return emu_record(stream, node_kind, run, parameters, size);
    if (!is_default(stream))
        emu_finish_copy(stream);
    if (node_kind == NODE_KERNEL && strcmp(emu_setting("COMPUTE", "on"), "off") == 0)
        return CUDA_SUCCESS;
    void *copy = malloc(size);
    if (copy == NULL)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(copy, parameters, size);
    emu_execute(emu_stream_device(stream), node_kind, run, copy);
    free(copy);
    return CUDA_SUCCESS;
}

/* ---- Streams ---- */

static CUresult create_stream(CUstream *stream, unsigned flags, int priority)
{
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (stream == NULL || flags > CU_STREAM_NON_BLOCKING)
        return CUDA_ERROR_INVALID_VALUE;
    *stream = emu_object_new(KIND_stream, sizeof **stream);
    (*stream)->context = context;
    (*stream)->flags = flags;
    (*stream)->priority = priority;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamCreate(CUstream *stream, unsigned flags)
{
    ENTER();
    return create_stream(stream, flags, 0);
}

EXPORT CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority)
{
    ENTER();
    return create_stream(stream, flags, priority);
}

EXPORT CUresult cuStreamDestroy_v2(CUstream stream)
{
    ENTER();
    if (!emu_object_is(stream, KIND_stream))
        return CUDA_ERROR_INVALID_HANDLE;
    CUresult status = stream->context->device->sticky;
    if (stream->capture != NULL)
        emu_capture_invalidate(stream->capture);
    emu_object_destroy(stream);
    return status;
}

EXPORT CUresult cuStreamGetFlags(CUstream stream, unsigned *flags)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status == CUDA_SUCCESS && flags != NULL)
        *flags = is_default(stream) ? 0 : stream->flags;
    return flags == NULL ? CUDA_ERROR_INVALID_VALUE : status;
}

EXPORT CUresult cuStreamGetPriority(CUstream stream, int *priority)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status == CUDA_SUCCESS && priority != NULL)
        *priority = is_default(stream) ? 0 : stream->priority;
    return priority == NULL ? CUDA_ERROR_INVALID_VALUE : status;
}

EXPORT CUresult cuStreamGetCtx(CUstream stream, CUcontext *context)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (context == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *context = is_default(stream) ? emu_require_context(&status) : stream->context;
    return CUDA_SUCCESS;
}

/* Waiting for or querying a capturing stream is forbidden and invalidates its capture. */
static CUresult refuse_capturing(CUstream stream)
{
    if (emu_stream_is_capturing(stream)) {
        emu_capture_invalidate(stream->capture);
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    if (is_default(stream) && emu_any_capture_of_blocking_stream()) {
        emu_invalidate_captures_of_blocking_streams();
        return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamSynchronize(CUstream stream)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS || (status = refuse_capturing(stream)) != CUDA_SUCCESS)
        return status;
    emu_finish_copy(stream);
    return emu_wait(emu_stream_device(stream));
}

EXPORT CUresult cuStreamQuery(CUstream stream)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS || (status = refuse_capturing(stream)) != CUDA_SUCCESS)
        return status;
    emu_finish_copy(stream);
    return emu_stream_device(stream)->hung ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

typedef void (*host_function)(void *);

struct host_call {
    host_function function;
    void *argument;
};

static CUresult run_host_call(void *parameters)
{
    const struct host_call *call = parameters;
    call->function(call->argument);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuLaunchHostFunc(CUstream stream, host_function function, void *argument)
{
    ENTER();
    struct host_call parameters = {function, argument};
    if (function == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    return emu_submit(stream, NODE_HOST, run_host_call, &parameters, sizeof parameters);
}

/* ---- Events ---- */

EXPORT CUresult cuEventCreate(CUevent *event, unsigned flags)
{
    ENTER();
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (event == NULL || flags > 7 || (flags & CU_EVENT_INTERPROCESS && !(flags & CU_EVENT_DISABLE_TIMING)))
        return CUDA_ERROR_INVALID_VALUE;
    *event = emu_object_new(KIND_event, sizeof **event);
    (*event)->context = context;
    (*event)->flags = flags;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuEventDestroy_v2(CUevent event)
{
    ENTER();
    if (!emu_object_is(event, KIND_event))
        return CUDA_ERROR_INVALID_HANDLE;
    CUresult status = event->context->device->sticky;
    emu_object_destroy(event);
    return status;
}

static CUresult run_record(void *parameters)
{
    struct emu_event *event = *(struct emu_event **)parameters;
    if (!emu_object_is(event, KIND_event))
        return CUDA_ERROR_INVALID_HANDLE; /* destroyed between capture and replay */
    event->recorded = true;
    event->seconds = emu_seconds();
    event->capture = NULL;
    return CUDA_SUCCESS;
}

static CUresult record(CUevent event, CUstream stream, unsigned flags)
{
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (!emu_object_is(event, KIND_event))
        return CUDA_ERROR_INVALID_HANDLE;
    if (emu_stream_device(stream) != event->context->device)
        return CUDA_ERROR_INVALID_HANDLE;
    bool capturing = emu_stream_is_capturing(stream);
    if (flags > CU_EVENT_RECORD_EXTERNAL || (flags == CU_EVENT_RECORD_EXTERNAL && !capturing))
        return CUDA_ERROR_INVALID_VALUE;
    if (capturing && flags != CU_EVENT_RECORD_EXTERNAL) {
        /* Inside a capture a plain record is a dependency, not a node, and takes no time stamp. */
        if (stream->capture->invalidated)
            return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
        event->capture = stream->capture;
        event->stream = stream;
        event->position = stream->recorded;
        return CUDA_SUCCESS;
    }
    return emu_submit(stream, NODE_EVENT_RECORD, run_record, &event, sizeof event);
}

EXPORT CUresult cuEventRecord(CUevent event, CUstream stream)
{
    ENTER();
    return record(event, stream, 0);
}

EXPORT CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags)
{
    ENTER();
    return record(event, stream, flags);
}

static CUresult check_event(CUevent event)
{
    CUresult status;
    if (emu_require_context(&status) == NULL)
        return status;
    if (!emu_object_is(event, KIND_event))
        return CUDA_ERROR_INVALID_HANDLE;
    if (event->capture != NULL) {
        emu_capture_invalidate(event->capture);
        return CUDA_ERROR_CAPTURED_EVENT;
    }
    return event->context->device->sticky;
}

EXPORT CUresult cuEventSynchronize(CUevent event)
{
    ENTER();
    CUresult status = check_event(event);
    if (status != CUDA_SUCCESS || (status = emu_unsafe_call()) != CUDA_SUCCESS)
        return status;
    emu_finish_copy(NULL);
    return emu_wait(event->context->device);
}

EXPORT CUresult cuEventQuery(CUevent event)
{
    ENTER();
    CUresult status = check_event(event);
    if (status != CUDA_SUCCESS || (status = emu_unsafe_call()) != CUDA_SUCCESS)
        return status;
    return event->context->device->hung ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

EXPORT CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end)
{
    ENTER();
    CUresult status = check_event(start);
    if (status == CUDA_SUCCESS)
        status = check_event(end);
    if (status != CUDA_SUCCESS)
        return status;
    if (milliseconds == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    if (start->context->device != end->context->device || !start->recorded || !end->recorded
        || (start->flags | end->flags) & CU_EVENT_DISABLE_TIMING)
        return CUDA_ERROR_INVALID_HANDLE;
    if (start->context->device->hung)
        return CUDA_ERROR_NOT_READY;
    *milliseconds = (float)((end->seconds - start->seconds) * 1e3);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (!emu_object_is(event, KIND_event))
        return CUDA_ERROR_INVALID_HANDLE;
    if (flags > 1)
        return CUDA_ERROR_INVALID_VALUE;
    struct emu_capture *capture = event->capture;
    bool capturing = emu_stream_is_capturing(stream);
    if (capture == NULL) {
        if (!capturing)
            return CUDA_SUCCESS; /* work is done once enqueued: there is nothing to wait for */
        emu_capture_invalidate(stream->capture);
        return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
    }
    if (capture->ended)
        return CUDA_ERROR_CAPTURED_EVENT;
    if (capture->invalidated)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (capturing && stream->capture != capture) {
        emu_capture_invalidate(capture);
        emu_capture_invalidate(stream->capture);
        return CUDA_ERROR_STREAM_CAPTURE_MERGE;
    }
    if (is_default(stream))
        return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    if (!capturing)
        emu_capture_join(stream, capture);
    /* The waiting stream now includes the work that the event's stream had recorded by then. */
    if (emu_object_is(event->stream, KIND_stream) && event->stream->capture == capture
        && event->position == event->stream->recorded && event->stream != stream)
        event->stream->unjoined = false;
    return CUDA_SUCCESS;
}
