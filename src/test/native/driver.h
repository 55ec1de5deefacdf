/* Structures that are internal to libcuda.so.1. */
#ifndef DRIVER_H
#define DRIVER_H

#include "emulated.h"

#include <pthread.h>

struct emu_context {
    struct emu_object object;
    struct emu_device *device;
    bool primary;
    unsigned flags;
};

/* One capture sequence: the origin stream, those that joined it, and the work recorded so far. */
struct emu_capture {
    struct emu_graph *graph;
    struct emu_stream *origin;
    pthread_t thread;
    int mode;
    bool invalidated;
    bool ended; /* only events recorded in it still point here */
    struct emu_capture *next;
};

struct emu_stream {
    struct emu_object object;
    struct emu_context *context;
    unsigned flags;
    int priority;
    struct emu_capture *capture; /* NULL unless capturing */
    bool unjoined; /* has recorded work, since it joined a capture, that the origin does not wait for */
    long recorded; /* number of work items recorded by this stream in the capture */
};

struct emu_event {
    struct emu_object object;
    struct emu_context *context;
    unsigned flags;
    bool recorded;
    double seconds; /* when the recorded point was executed */
    struct emu_capture *capture; /* last recorded inside this capture */
    struct emu_stream *stream; /* by this stream */
    long position; /* after this many work items of it */
};

struct emu_graph_node {
    int kind;
    emu_run run;
    size_t size;
    void *parameters;
    struct emu_graph_node *next;
};

struct emu_graph {
    struct emu_object object;
    struct emu_graph_node *first, *last;
    size_t count;
};

struct emu_graph_exec {
    struct emu_object object;
    struct emu_graph_node *first;
};

/* The current context, or NULL with *status set (not initialised, no context, broken device). */
struct emu_context *emu_require_context(CUresult *status);
EXPORT bool emu_is_initialized(void);
struct emu_device *emu_stream_device(CUstream stream);
/* Blocks forever if the device hangs; otherwise returns the device's sticky error or success. */
CUresult emu_wait(struct emu_device *device);
/* Runs work now on the device: faults, timing, sticky errors. */
void emu_execute(struct emu_device *device, int node_kind, emu_run run, void *parameters);

/* Makes an error stick to the device of the calling thread's context, or to device 0. */
void emu_break_current_device(CUresult error, bool lost);

/* Capture (capture.c) */
CUresult emu_record(struct emu_stream *stream, int node_kind, emu_run run, const void *parameters, size_t size);
void emu_capture_join(struct emu_stream *stream, struct emu_capture *capture);
void emu_capture_invalidate(struct emu_capture *capture);
bool emu_any_capture_of_blocking_stream(void);
void emu_invalidate_captures_of_blocking_streams(void);
void emu_graph_append(struct emu_graph *graph, int node_kind, emu_run run, const void *parameters, size_t size);

/* Memory (memory.c) */
long emu_live_allocations(uint64_t *bytes);
long emu_live_host_allocations(void);
/* Completes the stream's copies from pageable memory; NULL for all streams. */
void emu_finish_copy(CUstream stream);

/* Report (report.c) */
void emu_write_calls(void *file);
void emu_write_faults(void *file);

#endif
