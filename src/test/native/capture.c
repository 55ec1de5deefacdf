/* Stream capture and graphs. A graph is a list of work items in the order in which they were enqueued. */
#define _GNU_SOURCE
#include "driver.h"

#include <stdlib.h>
#include <string.h>

static struct emu_capture *captures; /* in progress */
static __thread int thread_mode = CAPTURE_MODE_GLOBAL;

/* Streams that joined a capture that another stream began. */
static struct emu_stream *joined[1024];
static int joined_count;

void emu_capture_join(struct emu_stream *stream, struct emu_capture *capture)
{
    stream->capture = capture;
    stream->recorded = 0;
    stream->unjoined = true;
    emu_lock();
    if (joined_count == (int)(sizeof joined / sizeof joined[0]))
        abort();
    joined[joined_count++] = stream;
    emu_unlock();
}

void emu_capture_invalidate(struct emu_capture *capture)
{
    capture->invalidated = true;
}

bool emu_any_capture_of_blocking_stream(void)
{
    for (struct emu_capture *c = captures; c != NULL; c = c->next)
        if (!(c->origin->flags & CU_STREAM_NON_BLOCKING) && !c->invalidated)
            return true;
    return false;
}

void emu_invalidate_captures_of_blocking_streams(void)
{
    for (struct emu_capture *c = captures; c != NULL; c = c->next)
        if (!(c->origin->flags & CU_STREAM_NON_BLOCKING))
            c->invalidated = true;
}

EXPORT CUresult emu_unsafe_call(void)
{
    CUresult status = CUDA_SUCCESS;
    if (thread_mode == CAPTURE_MODE_RELAXED)
        return status;
    emu_lock();
    for (struct emu_capture *c = captures; c != NULL; c = c->next) {
        bool mine = pthread_equal(c->thread, pthread_self()) && c->mode != CAPTURE_MODE_RELAXED;
        bool everyones = c->mode == CAPTURE_MODE_GLOBAL && thread_mode == CAPTURE_MODE_GLOBAL;
        if (mine || everyones) {
            c->invalidated = true;
            status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
        }
    }
    emu_unlock();
    return status;
}

void emu_graph_append(struct emu_graph *graph, int node_kind, emu_run run, const void *parameters, size_t size)
{
    struct emu_graph_node *node = calloc(1, sizeof *node);
    void *copy = malloc(size == 0 ? 1 : size);
    if (node == NULL || copy == NULL)
        abort();
    memcpy(copy, parameters, size);
    *node = (struct emu_graph_node){node_kind, run, size, copy, NULL};
    if (graph->last == NULL)
        graph->first = node;
    else
        graph->last->next = node;
    graph->last = node;
    graph->count++;
}

CUresult emu_record(struct emu_stream *stream, int node_kind, emu_run run, const void *parameters, size_t size)
{
    if (stream->capture->invalidated)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    emu_graph_append(stream->capture->graph, node_kind, run, parameters, size);
    stream->recorded++;
    if (stream != stream->capture->origin)
        stream->unjoined = true;
    return CUDA_SUCCESS;
}

static void free_nodes(struct emu_graph_node *node)
{
    while (node != NULL) {
        struct emu_graph_node *next = node->next;
        free(node->parameters);
        free(node);
        node = next;
    }
}

static void destroy_graph(struct emu_graph *graph)
{
    free_nodes(graph->first);
    graph->first = graph->last = NULL;
    emu_object_destroy(graph);
}

EXPORT CUresult cuThreadExchangeStreamCaptureMode(int *mode)
{
    ENTER();
    if (mode == NULL || *mode < CAPTURE_MODE_GLOBAL || *mode > CAPTURE_MODE_RELAXED)
        return CUDA_ERROR_INVALID_VALUE;
    int before = thread_mode;
    thread_mode = *mode;
    *mode = before;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamBeginCapture_v2(CUstream stream, int mode)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (stream == NULL || stream == CU_STREAM_LEGACY)
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (stream == CU_STREAM_PER_THREAD)
        return CUDA_ERROR_NOT_SUPPORTED; /* allowed by CUDA, but not emulated */
    if (mode < CAPTURE_MODE_GLOBAL || mode > CAPTURE_MODE_RELAXED)
        return CUDA_ERROR_INVALID_VALUE;
    if (stream->capture != NULL)
        return CUDA_ERROR_ILLEGAL_STATE;
    struct emu_capture *capture = calloc(1, sizeof *capture);
    if (capture == NULL)
        return CUDA_ERROR_OUT_OF_MEMORY;
    capture->graph = emu_object_new(KIND_graph, sizeof *capture->graph);
    capture->origin = stream;
    capture->thread = pthread_self();
    capture->mode = mode;
    stream->capture = capture;
    stream->recorded = 0;
    stream->unjoined = false;
    emu_lock();
    capture->next = captures;
    captures = capture;
    emu_unlock();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamIsCapturing(CUstream stream, int *capture_status)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (capture_status == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    if (!emu_stream_is_capturing(stream))
        *capture_status = CAPTURE_NONE;
    else
        *capture_status = stream->capture->invalidated ? CAPTURE_INVALIDATED : CAPTURE_ACTIVE;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph)
{
    CUresult fault = CUDA_SUCCESS; /* which ends the capture, too: a stream that went on would fail what comes next */
    ENTER_WITH(fault = fault_);
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (graph == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *graph = NULL;
    if (!emu_stream_is_capturing(stream))
        return CUDA_ERROR_ILLEGAL_STATE;
    struct emu_capture *capture = stream->capture;
    if (capture->origin != stream) {
        capture->invalidated = true;
        return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    }
    if (capture->mode != CAPTURE_MODE_RELAXED && !pthread_equal(capture->thread, pthread_self())) {
        capture->invalidated = true;
        return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    }
    status = capture->invalidated ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : fault;
    emu_lock();
    int kept = 0;
    for (int i = 0; i < joined_count; i++) {
        if (joined[i]->capture != capture) {
            joined[kept++] = joined[i];
            continue;
        }
        if (joined[i]->unjoined && status == CUDA_SUCCESS)
            status = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
        joined[i]->capture = NULL;
    }
    joined_count = kept;
    for (struct emu_capture **link = &captures; *link != NULL; link = &(*link)->next) {
        if (*link == capture) {
            *link = capture->next;
            break;
        }
    }
    emu_unlock();
    stream->capture = NULL;
    capture->ended = true;
    if (status == CUDA_SUCCESS)
        *graph = capture->graph;
    else
        destroy_graph(capture->graph);
    /* The capture itself is kept because events recorded in it still point to it. */
    return status;
}

/* ---- Graphs ---- */

EXPORT CUresult cuGraphCreate(CUgraph *graph, unsigned flags)
{
    ENTER();
    if (graph == NULL || flags != 0)
        return CUDA_ERROR_INVALID_VALUE;
    *graph = emu_object_new(KIND_graph, sizeof **graph);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphDestroy(CUgraph graph)
{
    ENTER();
    if (!emu_object_is(graph, KIND_graph))
        return CUDA_ERROR_INVALID_VALUE;
    destroy_graph(graph);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count)
{
    ENTER();
    if (!emu_object_is(graph, KIND_graph) || count == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    if (nodes != NULL) {
        size_t i = 0;
        for (struct emu_graph_node *node = graph->first; node != NULL && i < *count; node = node->next)
            nodes[i++] = node;
        for (; i < *count; i++)
            nodes[i] = NULL;
    }
    *count = graph->count;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphNodeGetType(CUgraphNode node, int *type)
{
    ENTER();
    if (node == NULL || type == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *type = node->kind;
    return CUDA_SUCCESS;
}

static CUresult instantiate(CUgraphExec *exec, CUgraph graph)
{
    CUresult status;
    if (emu_require_context(&status) == NULL)
        return status;
    if (exec == NULL || !emu_object_is(graph, KIND_graph))
        return CUDA_ERROR_INVALID_VALUE;
    struct emu_graph copy = {0};
    for (struct emu_graph_node *node = graph->first; node != NULL; node = node->next)
        emu_graph_append(&copy, node->kind, node->run, node->parameters, node->size);
    *exec = emu_object_new(KIND_graph_exec, sizeof **exec);
    (*exec)->first = copy.first;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags)
{
    ENTER();
    return flags > 15 ? CUDA_ERROR_INVALID_VALUE : instantiate(exec, graph);
}

EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec)
{
    ENTER();
    if (!emu_object_is(exec, KIND_graph_exec))
        return CUDA_ERROR_INVALID_VALUE;
    free_nodes(exec->first);
    exec->first = NULL;
    emu_object_destroy(exec);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphUpload(CUgraphExec exec, CUstream stream)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    return status == CUDA_SUCCESS && !emu_object_is(exec, KIND_graph_exec) ? CUDA_ERROR_INVALID_VALUE : status;
}

EXPORT CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (!emu_object_is(exec, KIND_graph_exec))
        return CUDA_ERROR_INVALID_VALUE;
    emu_finish_copy(stream);
    for (struct emu_graph_node *node = exec->first; node != NULL; node = node->next) {
        if (emu_stream_is_capturing(stream)) {
            status = emu_record(stream, node->kind, node->run, node->parameters, node->size);
            if (status != CUDA_SUCCESS)
                return status;
        } else {
            emu_execute(emu_stream_device(stream), node->kind, node->run, node->parameters);
        }
    }
    return CUDA_SUCCESS;
}
