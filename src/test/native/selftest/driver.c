/* Memory, streams, events, capture and graphs. */
#include "api.h"

#include <math.h>
#include <string.h>

void test_driver(void)
{
    size_t before, after, total;
    OK(cuMemGetInfo_v2(&before, &total));
    CUdeviceptr p, q;
    OK(cuMemAlloc_v2(&p, 1000));
    OK(cuMemAlloc_v2(&q, 1000));
    STATUS(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&(CUdeviceptr){0}, total + 1));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemAlloc_v2(&(CUdeviceptr){0}, 0));
    float fresh[4];
    OK(cuMemcpyDtoH_v2(fresh, p, sizeof fresh));
    CHECK(isnan(fresh[0]) && isnan(fresh[3])); /* fresh memory is poisoned */
    int out[250], in[250];
    for (int i = 0; i < 250; i++)
        in[i] = i * 7;
    OK(cuMemcpyHtoD_v2(p, in, sizeof in));
    OK(cuMemcpyDtoDAsync_v2(q, p, sizeof in, stream));
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(out, q, sizeof out));
    CHECK(memcmp(in, out, sizeof in) == 0);
    OK(cuMemsetD32Async(q + 8, 42, 3, stream));
    OK(cuMemcpyDtoH_v2(out, q, sizeof out));
    CHECK(out[1] == 7 && out[2] == 42 && out[4] == 42 && out[5] == 35);
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(p + 4, in, sizeof in)); /* one element too far */
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(0, in, 4));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(NULL, p, 4));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(p + 4));
    OK(cuMemFree_v2(p));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(p));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(out, p, 4)); /* freed */
    OK(cuMemFree_v2(q));
    OK(cuMemGetInfo_v2(&after, &total));
    CHECK(before == after);
    void *pinned;
    OK(cuMemAllocHost_v2(&pinned, 64));
    memset(pinned, 0, 64);
    OK(cuMemFreeHost(pinned));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(pinned));

    CUevent start, end, untimed;
    float milliseconds = -1;
    OK(cuEventCreate(&start, 0));
    OK(cuEventCreate(&end, 0));
    OK(cuEventCreate(&untimed, 2));
    STATUS(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&milliseconds, start, end));
    OK(cuEventRecord(start, stream));
    OK(cuEventRecord(end, stream));
    OK(cuEventRecord(untimed, stream));
    OK(cuEventSynchronize(end));
    OK(cuEventElapsedTime(&milliseconds, start, end));
    CHECK(milliseconds >= 0 && milliseconds < 1000);
    STATUS(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&milliseconds, start, untimed));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuEventRecordWithFlags(start, stream, 1)); /* external: only in a capture */
    OK(cuEventDestroy_v2(start));
    STATUS(CUDA_ERROR_INVALID_HANDLE, cuEventRecord(start, stream));
    OK(cuEventDestroy_v2(end));
    OK(cuEventDestroy_v2(untimed));
}

static void replay(void)
{
    CUdeviceptr p = device_memory(16);
    CUevent start, end, dependency;
    CUgraph graph;
    CUgraphExec exec;
    int value = 0, status;
    OK(cuEventCreate(&start, 0));
    OK(cuEventCreate(&end, 0));
    OK(cuEventCreate(&dependency, 0));
    OK(cuMemsetD8_v2(p, 0, 16));
    OK(cuStreamBeginCapture_v2(stream, CAPTURE_MODE_GLOBAL));
    OK(cuStreamIsCapturing(stream, &status));
    CHECK(status == CAPTURE_ACTIVE);
    OK(cuEventRecordWithFlags(start, stream, CU_EVENT_RECORD_EXTERNAL));
    OK(cuMemsetD32Async(p, 5, 1, stream));
    OK(cuEventRecord(dependency, stream));
    OK(cuEventRecordWithFlags(end, stream, CU_EVENT_RECORD_EXTERNAL));
    OK(cuStreamEndCapture(stream, &graph));
    size_t count = 0;
    OK(cuGraphGetNodes(graph, NULL, &count));
    CHECK(count == 3); /* the plain record is a dependency only */
    CUgraphNode nodes[3];
    int type = -1;
    OK(cuGraphGetNodes(graph, nodes, &count));
    OK(cuGraphNodeGetType(nodes[0], &type));
    CHECK(type == NODE_EVENT_RECORD);
    OK(cuMemcpyDtoH_v2(&value, p, 4));
    CHECK(value == 0); /* captured, not executed */
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    STATUS(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&(float){0}, start, end));
    for (int i = 0; i < 2; i++) {
        OK(cuMemsetD8_v2(p, 0, 16));
        OK(cuGraphLaunch(exec, stream));
        OK(cuStreamSynchronize(stream));
        OK(cuMemcpyDtoH_v2(&value, p, 4));
        CHECK(value == 5);
        OK(cuEventElapsedTime(&(float){0}, start, end));
    }
    STATUS(CUDA_ERROR_CAPTURED_EVENT, cuEventQuery(dependency));
    OK(cuGraphExecDestroy(exec));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(exec, stream));
    OK(cuMemFree_v2(p));
    OK(cuEventDestroy_v2(start));
    OK(cuEventDestroy_v2(end));
    OK(cuEventDestroy_v2(dependency));
}

/* One forbidden call in a capture: returns its own error and invalidates the capture. */
static void forbidden(int expected, int (*call)(CUdeviceptr))
{
    CUdeviceptr p = device_memory(16);
    CUgraph graph = (CUgraph)&p;
    int status;
    OK(cuStreamBeginCapture_v2(stream, CAPTURE_MODE_GLOBAL));
    STATUS(expected, call(p));
    OK(cuStreamIsCapturing(stream, &status));
    CHECK(status == CAPTURE_INVALIDATED);
    STATUS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuMemsetD32Async(p, 1, 1, stream));
    STATUS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
    CHECK(graph == NULL);
    OK(cuMemFree_v2(p));
}

static int allocate(CUdeviceptr p)
{
    return cuMemAlloc_v2(&p, 8);
}

static int synchronize(CUdeviceptr p)
{
    (void)p;
    return cuStreamSynchronize(stream);
}

static int query(CUdeviceptr p)
{
    (void)p;
    return cuStreamQuery(stream);
}

static int synchronize_context(CUdeviceptr p)
{
    (void)p;
    return cuCtxSynchronize();
}

static int copy(CUdeviceptr p)
{
    return cuMemcpyHtoD_v2(p, &p, 8);
}

void test_capture(void)
{
    replay();
    forbidden(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, allocate);
    forbidden(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemFree_v2);
    forbidden(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, synchronize);
    forbidden(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, query);
    forbidden(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, synchronize_context);
    forbidden(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, copy);

    CUstream other, blocking;
    CUevent fork, join;
    CUgraph graph;
    OK(cuStreamCreate(&other, 1));
    OK(cuStreamCreate(&blocking, 0));
    OK(cuEventCreate(&fork, 2));
    OK(cuEventCreate(&join, 2));
    CUdeviceptr p = device_memory(16);
    STATUS(CUDA_ERROR_ILLEGAL_STATE, cuStreamEndCapture(stream, &graph));
    STATUS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamBeginCapture_v2(NULL, 0));

    /* fork to another stream and join again */
    OK(cuStreamBeginCapture_v2(stream, CAPTURE_MODE_GLOBAL));
    OK(cuEventRecord(fork, stream));
    OK(cuStreamWaitEvent(other, fork, 0));
    OK(cuMemsetD32Async(p, 1, 1, other));
    STATUS(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, cuStreamEndCapture(other, &graph));
    STATUS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
    OK(cuStreamBeginCapture_v2(stream, CAPTURE_MODE_GLOBAL));
    OK(cuEventRecord(fork, stream));
    OK(cuStreamWaitEvent(other, fork, 0));
    OK(cuMemsetD32Async(p, 1, 1, other));
    STATUS(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, cuStreamEndCapture(stream, &graph));
    OK(cuStreamBeginCapture_v2(stream, CAPTURE_MODE_GLOBAL));
    OK(cuEventRecord(fork, stream));
    OK(cuStreamWaitEvent(other, fork, 0));
    OK(cuMemsetD32Async(p, 1, 1, other));
    OK(cuEventRecord(join, other));
    OK(cuStreamWaitEvent(stream, join, 0));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphDestroy(graph));

    /* the legacy stream must not be used during a capture of a blocking stream */
    OK(cuStreamBeginCapture_v2(blocking, CAPTURE_MODE_RELAXED));
    STATUS(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, cuMemsetD32Async(p, 1, 1, NULL));
    STATUS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(blocking, &graph));
    /* relaxed: allocation is allowed */
    OK(cuStreamBeginCapture_v2(stream, CAPTURE_MODE_RELAXED));
    CUdeviceptr q = device_memory(16);
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphDestroy(graph));
    OK(cuMemFree_v2(q));
    OK(cuMemFree_v2(p));
    OK(cuEventDestroy_v2(fork));
    OK(cuEventDestroy_v2(join));
    OK(cuStreamDestroy_v2(blocking));
    OK(cuStreamDestroy_v2(other));
    STATUS(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(other));
}
