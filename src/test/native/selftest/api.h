/* The self-test's view of the three libraries: entry points as a caller declares them, and functions for checks. */
#ifndef API_H
#define API_H

#include "../cuda_abi.h"

#include <stdbool.h>
#include <stdio.h>

/* ---- Checks: a failure is printed and counted, and the test continues. ---- */
extern int failures, checks;
#define CHECK(condition) \
    do { \
        checks++; \
        if (!(condition)) { \
            failures++; \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)
#define STATUS(expected, call) \
    do { \
        int status_ = (call); \
        checks++; \
        if (status_ != (expected)) { \
            failures++; \
            printf("%s:%d: %d instead of %s from %s\n", __FILE__, __LINE__, status_, #expected, #call); \
        } \
    } while (0)
#define OK(call) STATUS(0, call)

/* ---- Driver ---- */
CUresult cuInit(unsigned);
CUresult cuDeviceGetCount(int *);
CUresult cuDevicePrimaryCtxRetain(CUcontext *, CUdevice);
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice);
CUresult cuCtxSetCurrent(CUcontext);
CUresult cuCtxSynchronize(void);
CUresult cuMemAlloc_v2(CUdeviceptr *, size_t);
CUresult cuMemFree_v2(CUdeviceptr);
CUresult cuMemGetInfo_v2(size_t *, size_t *);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void *, size_t);
CUresult cuMemcpyDtoH_v2(void *, CUdeviceptr, size_t);
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr, const void *, size_t, CUstream);
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr, CUdeviceptr, size_t, CUstream);
CUresult cuMemsetD8_v2(CUdeviceptr, unsigned char, size_t);
CUresult cuMemsetD32Async(CUdeviceptr, unsigned, size_t, CUstream);
CUresult cuMemAllocHost_v2(void **, size_t);
CUresult cuMemFreeHost(void *);
CUresult cuStreamCreate(CUstream *, unsigned);
CUresult cuStreamDestroy_v2(CUstream);
CUresult cuStreamSynchronize(CUstream);
CUresult cuStreamQuery(CUstream);
CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned);
CUresult cuStreamBeginCapture_v2(CUstream, int);
CUresult cuStreamEndCapture(CUstream, CUgraph *);
CUresult cuStreamIsCapturing(CUstream, int *);
CUresult cuThreadExchangeStreamCaptureMode(int *);
CUresult cuEventCreate(CUevent *, unsigned);
CUresult cuEventDestroy_v2(CUevent);
CUresult cuEventRecord(CUevent, CUstream);
CUresult cuEventRecordWithFlags(CUevent, CUstream, unsigned);
CUresult cuEventSynchronize(CUevent);
CUresult cuEventQuery(CUevent);
CUresult cuEventElapsedTime(float *, CUevent, CUevent);
CUresult cuGraphInstantiateWithFlags(CUgraphExec *, CUgraph, unsigned long long);
CUresult cuGraphLaunch(CUgraphExec, CUstream);
CUresult cuGraphGetNodes(CUgraph, CUgraphNode *, size_t *);
CUresult cuGraphNodeGetType(CUgraphNode, int *);
CUresult cuGraphDestroy(CUgraph);
CUresult cuGraphExecDestroy(CUgraphExec);
CUresult cuModuleLoadData(CUmodule *, const void *);
CUresult cuModuleUnload(CUmodule);
CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream,
                        void **, void **);

/* ---- cuDNN: descriptors are opaque ---- */
typedef void *dnn;
typedef uint64_t address;
struct performance {
    int algorithm, status;
    float milliseconds;
    size_t memory;
    int determinism, math_type, reserved[3];
};
int cudnnCreate(dnn *);
int cudnnDestroy(dnn);
int cudnnSetStream(dnn, CUstream);
int cudnnCreateTensorDescriptor(dnn *);
int cudnnDestroyTensorDescriptor(dnn);
int cudnnSetTensorNdDescriptor(dnn, int type, int rank, const int *, const int *);
int cudnnSetTensorNdDescriptorEx(dnn, int format, int type, int rank, const int *);
int cudnnSetTensor4dDescriptor(dnn, int format, int type, int, int, int, int);
int cudnnSetTensor4dDescriptorEx(dnn, int type, int, int, int, int, int, int, int, int);
int cudnnCreateFilterDescriptor(dnn *);
int cudnnDestroyFilterDescriptor(dnn);
int cudnnSetFilterNdDescriptor(dnn, int type, int format, int rank, const int *);
int cudnnCreateConvolutionDescriptor(dnn *);
int cudnnDestroyConvolutionDescriptor(dnn);
int cudnnSetConvolutionNdDescriptor(dnn, int rank, const int *, const int *, const int *, int mode, int type);
int cudnnSetConvolutionGroupCount(dnn, int);
int cudnnSetConvolutionMathType(dnn, int);
int cudnnGetConvolutionNdForwardOutputDim(dnn, dnn, dnn, int, int *);
int cudnnGetConvolutionForwardWorkspaceSize(dnn, dnn, dnn, dnn, dnn, int, size_t *);
int cudnnGetConvolutionBackwardDataWorkspaceSize(dnn, dnn, dnn, dnn, dnn, int, size_t *);
int cudnnFindConvolutionForwardAlgorithm(dnn, dnn, dnn, dnn, dnn, int, int *, struct performance *);
int cudnnConvolutionForward(dnn, const float *, dnn, address, dnn, address, dnn, int, address, size_t, const float *,
                            dnn, address);
int cudnnConvolutionBackwardData(dnn, const float *, dnn, address, dnn, address, dnn, int, address, size_t,
                                 const float *, dnn, address);
int cudnnConvolutionBiasActivationForward(dnn, const float *, dnn, address, dnn, address, dnn, int, address, size_t,
                                          const float *, dnn, address, dnn, address, dnn, dnn, address);
int cudnnCreateActivationDescriptor(dnn *);
int cudnnDestroyActivationDescriptor(dnn);
int cudnnSetActivationDescriptor(dnn, int, int, double);
int cudnnActivationForward(dnn, dnn, const float *, dnn, address, const float *, dnn, address);
int cudnnSoftmaxForward(dnn, int, int, const float *, dnn, address, const float *, dnn, address);
int cudnnCreatePoolingDescriptor(dnn *);
int cudnnDestroyPoolingDescriptor(dnn);
int cudnnSetPoolingNdDescriptor(dnn, int, int, int, const int *, const int *, const int *);
int cudnnGetPoolingNdForwardOutputDim(dnn, dnn, int, int *);
int cudnnPoolingForward(dnn, dnn, const float *, dnn, address, const float *, dnn, address);
int cudnnCreateLRNDescriptor(dnn *);
int cudnnDestroyLRNDescriptor(dnn);
int cudnnSetLRNDescriptor(dnn, unsigned, double, double, double);
int cudnnLRNCrossChannelForward(dnn, dnn, int, const float *, dnn, address, const float *, dnn, address);
int cudnnDeriveBNTensorDescriptor(dnn, dnn, int);
int cudnnBatchNormalizationForwardInference(dnn, int, const float *, const float *, dnn, address, dnn, address, dnn,
                                            address, address, address, address, double);
int cudnnAddTensor(dnn, const float *, dnn, address, const float *, dnn, address);
int cudnnTransformTensor(dnn, const float *, dnn, address, const float *, dnn, address);
int cudnnSetTensor(dnn, dnn, address, const void *);
int cudnnScaleTensor(dnn, dnn, address, const float *);
int cudnnCreateOpTensorDescriptor(dnn *);
int cudnnDestroyOpTensorDescriptor(dnn);
int cudnnSetOpTensorDescriptor(dnn, int, int, int);
int cudnnOpTensor(dnn, dnn, const float *, dnn, address, const float *, dnn, address, const float *, dnn, address);
int cudnnCreateReduceTensorDescriptor(dnn *);
int cudnnDestroyReduceTensorDescriptor(dnn);
int cudnnSetReduceTensorDescriptor(dnn, int, int, int, int, int);
int cudnnGetReductionWorkspaceSize(dnn, dnn, dnn, dnn, size_t *);
int cudnnReduceTensor(dnn, dnn, address, size_t, address, size_t, const float *, dnn, address, const float *, dnn,
                      address);
int cudnnBackendCreateDescriptor(int, dnn *);
int cudnnBackendDestroyDescriptor(dnn);
int cudnnBackendFinalize(dnn);
int cudnnBackendSetAttribute(dnn, int, int, int64_t, const void *);
int cudnnBackendGetAttribute(dnn, int, int, int64_t, int64_t *, void *);
int cudnnBackendExecute(dnn, dnn, dnn);

/* ---- Shared by the tests (main.c) ---- */
extern dnn handle;
extern CUstream stream;
extern const float one, zero;
enum { FP32 = 0, FP16 = 2, BF16 = 9, NCHW = 0, NHWC = 1, BAD_PARAM = 2000, NOT_SUPPORTED = 3000 };

/* A tensor on the device with a descriptor, and its values rounded as on the device, dense in the order N, C, spatial. */
struct test_tensor {
    dnn descriptor;
    address memory;
    int type, rank, dim[8], stride[8];
    int64_t count;
    size_t bytes;
    float *values;
};
unsigned random_below(unsigned limit);
float random_value(void); /* in [-1, 1] */
float rounded(int type, float value);
struct test_tensor tensor_new(int type, int format, int rank, const int *dim); /* random values, uploaded */
float *tensor_read(const struct test_tensor *tensor); /* the device's values; free() them */
void tensor_free(struct test_tensor *tensor);
address device_memory(size_t bytes);
/* The largest difference, relative to the largest value; huge if there is a NaN. */
double difference(const float *actual, const float *expected, int64_t count);

void test_driver(void);
void test_capture(void);
void test_convolution(void);
void test_operations(void);
void test_graph_api(void);
void test_unpacked_heads(void); /* ends the process */
void test_kernels(void);
void test_rnn(void);
void test_faults(const char *program);
int run_fault_case(const char *name);

#endif
