/* Types, numbers and shared functions of libcudnn.so.9. The numbers are those of cuDNN 9's public interface. */
#ifndef DNN_H
#define DNN_H

#include "emulated.h"

#define MAX_RANK 8

typedef int cudnnStatus_t;

#define DNN_STATUSES(X) \
    X(CUDNN_STATUS_SUCCESS, 0) \
    X(CUDNN_STATUS_NOT_INITIALIZED, 1001) \
    X(CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH, 1002) \
    X(CUDNN_STATUS_SERIALIZATION_VERSION_MISMATCH, 1003) \
    X(CUDNN_STATUS_DEPRECATED, 1004) \
    X(CUDNN_STATUS_LICENSE_ERROR, 1005) \
    X(CUDNN_STATUS_RUNTIME_IN_PROGRESS, 1006) \
    X(CUDNN_STATUS_RUNTIME_FP_OVERFLOW, 1007) \
    X(CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED, 1008) \
    X(CUDNN_STATUS_BAD_PARAM, 2000) \
    X(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, 2002) \
    X(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, 2003) \
    X(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, 2004) \
    X(CUDNN_STATUS_BAD_PARAM_OUT_OF_BOUND, 2005) \
    X(CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, 2006) \
    X(CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH, 2007) \
    X(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, 2008) \
    X(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES, 2009) \
    X(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, 2010) \
    X(CUDNN_STATUS_BAD_PARAM_CUDA_GRAPH_MISMATCH, 2011) \
    X(CUDNN_STATUS_NOT_SUPPORTED, 3000) \
    X(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN, 3001) \
    X(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, 3002) \
    X(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE, 3003) \
    X(CUDNN_STATUS_NOT_SUPPORTED_LAYOUT, 3004) \
    X(CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDA_DRIVER, 3005) \
    X(CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDART, 3006) \
    X(CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, 3007) \
    X(CUDNN_STATUS_NOT_SUPPORTED_RUNTIME_PREREQUISITE_MISSING, 3008) \
    X(CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE, 3009) \
    X(CUDNN_STATUS_NOT_SUPPORTED_SHARED_MEMORY_INSUFFICIENT, 3010) \
    X(CUDNN_STATUS_NOT_SUPPORTED_PADDING, 3011) \
    X(CUDNN_STATUS_NOT_SUPPORTED_BAD_LAUNCH_PARAM, 3012) \
    X(CUDNN_STATUS_NOT_SUPPORTED_CUDA_GRAPH_NATIVE_API, 3013) \
    X(CUDNN_STATUS_INTERNAL_ERROR, 4000) \
    X(CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED, 4001) \
    X(CUDNN_STATUS_INTERNAL_ERROR_UNEXPECTED_VALUE, 4002) \
    X(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, 4003) \
    X(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, 4004) \
    X(CUDNN_STATUS_INTERNAL_ERROR_BAD_LAUNCH_PARAM, 4005) \
    X(CUDNN_STATUS_INTERNAL_ERROR_TEXTURE_CREATION_FAILED, 4006) \
    X(CUDNN_STATUS_EXECUTION_FAILED, 5000) \
    X(CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER, 5001) \
    X(CUDNN_STATUS_EXECUTION_FAILED_CUBLAS, 5002) \
    X(CUDNN_STATUS_EXECUTION_FAILED_CUDART, 5003) \
    X(CUDNN_STATUS_EXECUTION_FAILED_CURAND, 5004)
#define DNN_STATUS_CONSTANT(name, number) name = number,
enum { DNN_STATUSES(DNN_STATUS_CONSTANT) };
#undef DNN_STATUS_CONSTANT

enum { TYPE_FLOAT = 0, TYPE_DOUBLE = 1, TYPE_HALF = 2, TYPE_INT8 = 3, TYPE_INT32 = 4, TYPE_INT8X4 = 5, TYPE_UINT8 = 6,
       TYPE_UINT8X4 = 7, TYPE_INT8X32 = 8, TYPE_BFLOAT16 = 9, TYPE_INT64 = 10, TYPE_BOOLEAN = 11,
       TYPE_FP8_E4M3 = 12 };
enum { FORMAT_NCHW = 0, FORMAT_NHWC = 1, FORMAT_NCHW_VECT_C = 2 };
enum { MATH_DEFAULT = 0, MATH_TENSOR_OP = 1, MATH_TENSOR_OP_ALLOW_CONVERSION = 2, MATH_FMA = 3 };
enum { ACTIVATION_SIGMOID = 0, ACTIVATION_RELU = 1, ACTIVATION_TANH = 2, ACTIVATION_CLIPPED_RELU = 3, ACTIVATION_ELU = 4,
       ACTIVATION_IDENTITY = 5, ACTIVATION_SWISH = 6 };

/* The shape, type and memory layout of a tensor; dimensions in the order N, C, spatial. Strides in elements. */
struct tensor {
    int type;
    int rank;
    int dim[MAX_RANK];
    int64_t stride[MAX_RANK];
};

struct convolution {
    int rank; /* spatial */
    int pad[MAX_RANK], stride[MAX_RANK], dilation[MAX_RANK];
    int mode; /* 0 convolution, 1 cross-correlation */
    int compute_type;
    int math_type;
    int groups;
    int reorder;
};

struct activation {
    int mode;
    int propagate_nan;
    double coefficient;
    double swish_beta;
};

struct pooling {
    int mode;
    int propagate_nan;
    int rank; /* spatial */
    int window[MAX_RANK], pad[MAX_RANK], stride[MAX_RANK];
};

typedef struct dnn_handle {
    struct emu_object object;
    CUstream stream;
} *cudnnHandle_t;

/* Descriptors: an object header, whether it was set, and the value that a call copies. */
#define DESCRIPTOR(name, value_type) \
    typedef struct name { \
        struct emu_object object; \
        bool set; \
        value_type value; \
    } *name##_t

struct filter {
    struct tensor tensor; /* K, C / groups, spatial; strides as the format lays it out */
    int format;
};

DESCRIPTOR(dnn_tensor_descriptor, struct tensor);
DESCRIPTOR(dnn_filter_descriptor, struct filter);
DESCRIPTOR(dnn_convolution_descriptor, struct convolution);
DESCRIPTOR(dnn_activation_descriptor, struct activation);
DESCRIPTOR(dnn_pooling_descriptor, struct pooling);

/* ---- Entry and checks (handle.c) ---- */

cudnnStatus_t dnn_status_of(CUresult error);
size_t dnn_version(void);
/* Records why a call failed, for cudnnGetLastErrorString and FLOPMETER_EMULATED_VERBOSE, and returns the status. */
cudnnStatus_t dnn_fail(cudnnStatus_t status, const char *function, const char *reason);

#define DNN_ENTER() ENTER_WITH(return dnn_status_of(fault_))
#define REQUIRE(condition, status) \
    do { \
        if (!(condition)) \
            return dnn_fail((status), __func__, #condition); \
    } while (0)
#define PROPAGATE(call) \
    do { \
        cudnnStatus_t status_ = (call); \
        if (status_ != CUDNN_STATUS_SUCCESS) \
            return status_; \
    } while (0)

bool dnn_is_handle(cudnnHandle_t handle);
bool dnn_is_set(const void *descriptor, enum emu_kind kind);
cudnnStatus_t dnn_submit(cudnnHandle_t handle, emu_run run, const void *parameters, size_t size);

/* ---- Tensors (tensor.c, numeric.c) ---- */

size_t dnn_element_size(int type);
bool dnn_is_floating(int type); /* fp32, fp16 or bf16: the types that operations compute with */
int64_t dnn_elements(const struct tensor *tensor);
bool dnn_same_shape(const struct tensor *a, const struct tensor *b);
/* Each dimension of `small` is 1 or that of `large`. */
bool dnn_broadcasts_to(const struct tensor *small, const struct tensor *large);
int64_t dnn_broadcast_index(const struct tensor *large, const struct tensor *small, int64_t element);
void dnn_set_strides(struct tensor *tensor, int format);
bool dnn_is_packed(const struct tensor *tensor, int format);
/* Bytes from the first to the last element. */
size_t dnn_span_bytes(const struct tensor *tensor);
bool dnn_overlap(const struct tensor *a, uint64_t a_address, const struct tensor *b, uint64_t b_address);

/* The tensor as dense row-major fp32; `owned` is freed by dnn_release. data is NULL on a bad address. */
struct dense {
    float *data;
    bool owned;
    CUresult error;
};
struct dense dnn_read(const struct tensor *tensor, uint64_t address);
void dnn_release(struct dense *dense);
/* y = alpha * values + beta * y, rounded to the tensor's type; y is not read if beta is 0. */
CUresult dnn_write(const struct tensor *tensor, uint64_t address, const float *values, float alpha, float beta);
float *dnn_floats(int64_t count);
float dnn_round_tf32(float value);
float dnn_round_to(int type, float value);
/* One value of the given type in host memory. */
float dnn_scalar(int type, const void *host);

/* ---- Arithmetic ---- */

/* C[m][n] = sum over k of A[m][k] * B[k][n], fp32; A by strides, B through a packing function. */
struct gemm_b {
    /* Writes B[k0..k1)[n0..n0+width) to out[k][16], zero beyond n's end. */
    void (*pack)(const struct gemm_b *self, int64_t k0, int64_t k1, int64_t n0, int width, float *out);
    const void *context;
};
void dnn_gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const struct gemm_b *b,
              float *c, int64_t c_row, int threads);
/* A B in memory, with the given strides. */
struct gemm_matrix {
    const float *data;
    int64_t row, column;
};
struct gemm_b dnn_gemm_matrix(const struct gemm_matrix *matrix);
/* Calls body(context, index) for index 0..count, on two threads. */
void dnn_parallel(int64_t count, void (*body)(void *context, int64_t index), void *context);

/* Dense forward convolution in fp32; x, w and y in dense NC(D)HW order. */
void dnn_convolve(const struct convolution *convolution, const struct tensor *x_shape, const float *x,
                  const struct tensor *w_shape, const float *w, const struct tensor *y_shape, float *y);
/* Dense backward data convolution (transposed convolution): dx from dy. */
void dnn_convolve_back(const struct convolution *convolution, const struct tensor *w_shape, const float *w,
                       const struct tensor *dy_shape, const float *dy, const struct tensor *dx_shape, float *dx);
/* The output size along one axis; less than 1 is an error. */
int dnn_output_size(int input, int window, int pad, int stride, int dilation);
/* Whether TF32 is allowed, so that fp32 inputs lose mantissa bits. */
bool dnn_uses_tf32(const struct convolution *convolution, int type);
void dnn_round_inputs(float *values, int64_t count);

float dnn_activate(const struct activation *activation, float value);
/* Reduces the dimensions of a that are 1 in c; operations as cudnnReduceTensorOp_t. */
/* Pools dense values. */
void dnn_pool(const struct pooling *pooling, const struct tensor *x_shape, const float *x,
              const struct tensor *y_shape, float *y);

void dnn_reduce(int operation, const struct tensor *a_shape, const float *a, const struct tensor *c_shape, float *c);

#endif
