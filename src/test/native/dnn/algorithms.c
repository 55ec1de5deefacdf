/*
 * Convolution algorithms: which problems each one supports, how much workspace it needs, and the searches. Support follows
 * the tables of cuDNN's reference; workspace sizes and times are plausible and deterministic.
 */
#define _GNU_SOURCE
#include "convolution.h"

#include <stdlib.h>
#include <string.h>

cudnnStatus_t dnn_check_problem(const struct conv_problem *p)
{
    int expected[MAX_RANK];
    PROPAGATE(dnn_convolution_output(&p->conv, &p->x, &p->w.tensor, expected));
    REQUIRE(p->y.rank == p->x.rank, CUDNN_STATUS_BAD_PARAM);
    for (int i = 0; i < p->y.rank; i++)
        REQUIRE(p->y.dim[i] == expected[i], CUDNN_STATUS_BAD_PARAM);
    REQUIRE(p->x.rank == 4 || p->x.rank == 5, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(p->x.type == p->w.tensor.type && p->x.type == p->y.type, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_floating(p->x.type), CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(p->conv.compute_type == TYPE_FLOAT || (p->conv.compute_type == TYPE_HALF && p->x.type == TYPE_HALF),
            CUDNN_STATUS_NOT_SUPPORTED);
    if (p->w.format == FORMAT_NHWC) {
        REQUIRE(dnn_is_packed(&p->x, FORMAT_NHWC) && dnn_is_packed(&p->y, FORMAT_NHWC), CUDNN_STATUS_NOT_SUPPORTED);
    }
    return CUDNN_STATUS_SUCCESS;
}

enum conv_family dnn_forward_family(int algorithm)
{
    static const enum conv_family families[FWD_COUNT] = {FAMILY_IMPLICIT, FAMILY_PRECOMPUTED, FAMILY_GEMM, FAMILY_NONE,
                                                         FAMILY_FFT, FAMILY_FFT_TILING, FAMILY_WINOGRAD,
                                                         FAMILY_WINOGRAD_NONFUSED};
    return algorithm < 0 || algorithm >= FWD_COUNT ? FAMILY_NONE : families[algorithm];
}

enum conv_family dnn_backward_family(int algorithm)
{
    static const enum conv_family families[BWD_COUNT] = {FAMILY_IMPLICIT, FAMILY_PRECOMPUTED, FAMILY_FFT,
                                                         FAMILY_FFT_TILING, FAMILY_WINOGRAD, FAMILY_WINOGRAD_NONFUSED};
    return algorithm < 0 || algorithm >= BWD_COUNT ? FAMILY_NONE : families[algorithm];
}

bool dnn_family_supports(enum conv_family family, const struct conv_problem *p)
{
    if (family == FAMILY_NONE)
        return false;
    if (family == FAMILY_IMPLICIT || family == FAMILY_PRECOMPUTED)
        return true;
    bool unit_stride = true, unit_dilation = true, three = true, three_or_five = true, small_pad = true;
    bool window_32 = true, input_256 = true;
    for (int i = 0; i < p->conv.rank; i++) {
        int window = p->w.tensor.dim[i + 2];
        unit_stride &= p->conv.stride[i] == 1;
        unit_dilation &= p->conv.dilation[i] == 1;
        three &= window == 3;
        three_or_five &= window == 3 || window == 5;
        small_pad &= p->conv.pad[i] < window;
        window_32 &= window <= 32;
        input_256 &= p->x.dim[i + 2] + 2 * p->conv.pad[i] <= 256;
    }
    if (!unit_dilation || p->w.format == FORMAT_NHWC)
        return false;
    if (family == FAMILY_GEMM)
        return true;
    if (!unit_stride || p->conv.groups > 1 || p->conv.rank != 2 || p->x.type == TYPE_BFLOAT16
        || p->conv.compute_type != TYPE_FLOAT || !dnn_is_packed(&p->x, FORMAT_NCHW))
        return false;
    switch (family) {
    case FAMILY_FFT: return small_pad && input_256;
    case FAMILY_FFT_TILING: return small_pad && window_32;
    case FAMILY_WINOGRAD: return three;
    case FAMILY_WINOGRAD_NONFUSED: return three_or_five;
    default: return false;
    }
}

bool dnn_tensor_cores(const struct conv_problem *p)
{
    if (p->conv.math_type == MATH_FMA)
        return false;
    if (p->x.type == TYPE_FLOAT)
        return true;
    return p->x.dim[1] % 8 == 0 || p->w.format == FORMAT_NHWC || p->conv.math_type != MATH_TENSOR_OP;
}

size_t dnn_family_workspace(enum conv_family family, const struct conv_problem *p)
{
    const size_t element = dnn_element_size(p->x.type);
    size_t window = 1, out = 1;
    for (int i = 0; i < p->conv.rank; i++) {
        window *= (size_t)p->w.tensor.dim[i + 2];
        out *= (size_t)p->y.dim[i + 2];
    }
    size_t c = (size_t)p->x.dim[1], k = (size_t)p->y.dim[1], n = (size_t)p->x.dim[0];
    size_t x = (size_t)dnn_elements(&p->x), y = (size_t)dnn_elements(&p->y), w = (size_t)dnn_elements(&p->w.tensor);
    size_t bytes = 0;
    switch (family) {
    case FAMILY_PRECOMPUTED:
        bytes = window * c * 4 + 512; /* the precomputed offsets */
        if (p->x.type != TYPE_FLOAT && p->w.format == FORMAT_NCHW)
            bytes += (x + y + w) * element; /* tensor cores need NHWC: copies of all three */
        break;
    case FAMILY_GEMM: bytes = c * window * out * 4; break;
    case FAMILY_FFT: bytes = 2 * 4 * (n * c + n * k + c * k) * 256 * 129 / 16; break;
    case FAMILY_FFT_TILING: bytes = 2 * 4 * (n * c + n * k + c * k) * 32 * 17; break;
    case FAMILY_WINOGRAD: bytes = c * k * 16 * 4; break;
    case FAMILY_WINOGRAD_NONFUSED: bytes = (c * k * 36 + (n * (c + k)) * (out / 16 + 1) * 36) * 4; break;
    default: break;
    }
    return (bytes + 511) / 512 * 512 * (bytes != 0);
}

float dnn_family_milliseconds(enum conv_family family, const struct conv_problem *p, bool tensor_op)
{
    /* Fractions of an imaginary device's rate; a search only needs their order. */
    static const double efficiency[FAMILY_NONE] = {0.30, 0.55, 0.25, 0.15, 0.35, 0.80, 0.65};
    double flop = 2.0 * (double)dnn_elements(&p->y) * (double)dnn_elements(&p->w.tensor) / p->w.tensor.dim[0];
    double rate = tensor_op ? (p->x.type == TYPE_FLOAT ? 100e12 : 200e12) : 15e12;
    return (float)(flop / (rate * efficiency[family]) * 1e3 + 0.004);
}

/* ---- Searches ---- */

static int by_usefulness(const void *left, const void *right)
{
    const struct algorithm_performance *a = left, *b = right;
    bool a_works = a->status == CUDNN_STATUS_SUCCESS, b_works = b->status == CUDNN_STATUS_SUCCESS;
    if (a_works != b_works)
        return a_works ? -1 : 1;
    if (a_works && a->milliseconds != b->milliseconds)
        return a->milliseconds < b->milliseconds ? -1 : 1;
    return a->algorithm - b->algorithm;
}

/* Fills the rows: each algorithm, and a second row for those that can run with and without tensor cores. */
static int rank_algorithms(const struct conv_problem *p, bool forward, bool measured, size_t workspace, int requested,
                           struct algorithm_performance *rows)
{
    struct algorithm_performance all[2 * FWD_COUNT];
    int count = 0;
    for (int algorithm = 0; algorithm < (forward ? FWD_COUNT : BWD_COUNT); algorithm++) {
        enum conv_family family = forward ? dnn_forward_family(algorithm) : dnn_backward_family(algorithm);
        bool can = family == FAMILY_PRECOMPUTED || family == FAMILY_WINOGRAD_NONFUSED;
        for (int tensor_op = can && dnn_tensor_cores(p); tensor_op >= 0; tensor_op--) {
            struct algorithm_performance row = {.algorithm = algorithm, .milliseconds = -1,
                                                .determinism = !(family == FAMILY_IMPLICIT && !forward),
                                                .math_type = MATH_FMA};
            if (tensor_op)
                row.math_type = p->x.type == TYPE_FLOAT ? MATH_DEFAULT : MATH_TENSOR_OP;
            if (!dnn_family_supports(family, p)) {
                row.status = CUDNN_STATUS_NOT_SUPPORTED;
            } else {
                row.memory = dnn_family_workspace(family, p);
                if (measured && row.memory > workspace)
                    row.status = CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
                else if (measured)
                    row.milliseconds = dnn_family_milliseconds(family, p, tensor_op);
            }
            if (!measured && row.status == CUDNN_STATUS_SUCCESS) /* used for ranking, but not reported as measured */
                row.milliseconds = dnn_family_milliseconds(family, p, tensor_op);
            all[count++] = row;
        }
    }
    qsort(all, (size_t)count, sizeof all[0], by_usefulness);
    if (count > requested)
        count = requested;
    for (int i = 0; i < count; i++) {
        if (!measured)
            all[i].milliseconds = -1;
        rows[i] = all[i];
    }
    return count;
}

static cudnnStatus_t problem_of(dnn_tensor_descriptor_t x, dnn_filter_descriptor_t w, dnn_convolution_descriptor_t conv,
                                dnn_tensor_descriptor_t y, struct conv_problem *problem)
{
    REQUIRE(dnn_is_set(x, KIND_tensor_descriptor) && dnn_is_set(w, KIND_filter_descriptor)
                && dnn_is_set(conv, KIND_convolution_descriptor) && dnn_is_set(y, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    *problem = (struct conv_problem){conv->value, x->value, y->value, w->value};
    return dnn_check_problem(problem);
}

static cudnnStatus_t search(cudnnHandle_t handle, dnn_tensor_descriptor_t x, dnn_filter_descriptor_t w,
                            dnn_convolution_descriptor_t conv, dnn_tensor_descriptor_t y, bool forward, bool measured,
                            size_t workspace, int requested, int *returned, struct algorithm_performance *rows)
{
    struct conv_problem problem;
    REQUIRE(dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(returned != NULL && rows != NULL && requested > 0, CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(problem_of(x, w, conv, y, &problem));
    PROPAGATE(dnn_status_of(emu_stream_check(handle->stream)));
    if (measured) /* a search waits for timing events, which a capture forbids */
        PROPAGATE(dnn_status_of(emu_unsafe_call()));
    *returned = rank_algorithms(&problem, forward, measured, workspace, requested, rows);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t max_count(cudnnHandle_t handle, int value, int *count)
{
    REQUIRE(dnn_is_handle(handle) && count != NULL, CUDNN_STATUS_BAD_PARAM);
    *count = value;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetConvolutionForwardAlgorithmMaxCount(cudnnHandle_t handle, int *count)
{
    DNN_ENTER();
    return max_count(handle, FWD_COUNT + 2, count);
}

EXPORT cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithmMaxCount(cudnnHandle_t handle, int *count)
{
    DNN_ENTER();
    return max_count(handle, BWD_COUNT + 2, count);
}

EXPORT cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, dnn_tensor_descriptor_t x,
                                                            dnn_filter_descriptor_t w,
                                                            dnn_convolution_descriptor_t conv,
                                                            dnn_tensor_descriptor_t y, int requested, int *returned,
                                                            struct algorithm_performance *rows)
{
    DNN_ENTER();
    return search(handle, x, w, conv, y, true, false, 0, requested, returned, rows);
}

EXPORT cudnnStatus_t cudnnFindConvolutionForwardAlgorithm(cudnnHandle_t handle, dnn_tensor_descriptor_t x,
                                                          dnn_filter_descriptor_t w, dnn_convolution_descriptor_t conv,
                                                          dnn_tensor_descriptor_t y, int requested, int *returned,
                                                          struct algorithm_performance *rows)
{
    DNN_ENTER();
    return search(handle, x, w, conv, y, true, true, SIZE_MAX, requested, returned, rows);
}

/* The search runs on the caller's buffers and leaves the output undefined; here it becomes NaN. */
struct scribble {
    struct tensor tensor;
    uint64_t address;
};

static CUresult run_scribble(void *parameters)
{
    const struct scribble *s = parameters;
    void *host = emu_host(s->address, dnn_span_bytes(&s->tensor));
    if (host == NULL)
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    if (dnn_is_packed(&s->tensor, FORMAT_NCHW) || dnn_is_packed(&s->tensor, FORMAT_NHWC))
        memset(host, 0xff, dnn_span_bytes(&s->tensor));
    return CUDA_SUCCESS;
}

static cudnnStatus_t search_on_buffers(cudnnHandle_t handle, dnn_tensor_descriptor_t output, uint64_t output_address,
                                       uint64_t workspace, size_t workspace_size)
{
    REQUIRE(workspace_size == 0 || emu_host(workspace, workspace_size) != NULL, CUDNN_STATUS_BAD_PARAM);
    struct scribble scribble = {output->value, output_address};
    return dnn_submit(handle, run_scribble, &scribble, sizeof scribble);
}

EXPORT cudnnStatus_t cudnnFindConvolutionForwardAlgorithmEx(cudnnHandle_t handle, dnn_tensor_descriptor_t x_desc,
                                                            uint64_t x, dnn_filter_descriptor_t w_desc, uint64_t w,
                                                            dnn_convolution_descriptor_t conv,
                                                            dnn_tensor_descriptor_t y_desc, uint64_t y, int requested,
                                                            int *returned, struct algorithm_performance *rows,
                                                            uint64_t workspace, size_t workspace_size)
{
    DNN_ENTER();
    REQUIRE(x != 0 && w != 0 && y != 0, CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(search(handle, x_desc, w_desc, conv, y_desc, true, true, workspace_size, requested, returned, rows));
    return search_on_buffers(handle, y_desc, y, workspace, workspace_size);
}

EXPORT cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, dnn_filter_descriptor_t w,
                                                                 dnn_tensor_descriptor_t dy,
                                                                 dnn_convolution_descriptor_t conv,
                                                                 dnn_tensor_descriptor_t dx, int requested,
                                                                 int *returned, struct algorithm_performance *rows)
{
    DNN_ENTER();
    return search(handle, dx, w, conv, dy, false, false, 0, requested, returned, rows);
}

EXPORT cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithm(cudnnHandle_t handle, dnn_filter_descriptor_t w,
                                                               dnn_tensor_descriptor_t dy,
                                                               dnn_convolution_descriptor_t conv,
                                                               dnn_tensor_descriptor_t dx, int requested, int *returned,
                                                               struct algorithm_performance *rows)
{
    DNN_ENTER();
    return search(handle, dx, w, conv, dy, false, true, SIZE_MAX, requested, returned, rows);
}

EXPORT cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithmEx(cudnnHandle_t handle, dnn_filter_descriptor_t w_desc,
                                                                 uint64_t w, dnn_tensor_descriptor_t dy_desc,
                                                                 uint64_t dy, dnn_convolution_descriptor_t conv,
                                                                 dnn_tensor_descriptor_t dx_desc, uint64_t dx,
                                                                 int requested, int *returned,
                                                                 struct algorithm_performance *rows, uint64_t workspace,
                                                                 size_t workspace_size)
{
    DNN_ENTER();
    REQUIRE(w != 0 && dy != 0 && dx != 0, CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(search(handle, dx_desc, w_desc, conv, dy_desc, false, true, workspace_size, requested, returned, rows));
    return search_on_buffers(handle, dx_desc, dx, workspace, workspace_size);
}

static cudnnStatus_t workspace_size(cudnnHandle_t handle, dnn_tensor_descriptor_t x, dnn_filter_descriptor_t w,
                                    dnn_convolution_descriptor_t conv, dnn_tensor_descriptor_t y,
                                    enum conv_family family, size_t *size)
{
    struct conv_problem problem;
    REQUIRE(dnn_is_handle(handle) && size != NULL, CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(problem_of(x, w, conv, y, &problem));
    REQUIRE(dnn_family_supports(family, &problem), CUDNN_STATUS_NOT_SUPPORTED);
    *size = dnn_family_workspace(family, &problem);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, dnn_tensor_descriptor_t x,
                                                             dnn_filter_descriptor_t w,
                                                             dnn_convolution_descriptor_t conv,
                                                             dnn_tensor_descriptor_t y, int algorithm, size_t *size)
{
    DNN_ENTER();
    return workspace_size(handle, x, w, conv, y, dnn_forward_family(algorithm), size);
}

EXPORT cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, dnn_filter_descriptor_t w,
                                                                  dnn_tensor_descriptor_t dy,
                                                                  dnn_convolution_descriptor_t conv,
                                                                  dnn_tensor_descriptor_t dx, int algorithm,
                                                                  size_t *size)
{
    DNN_ENTER();
    return workspace_size(handle, dx, w, conv, dy, dnn_backward_family(algorithm), size);
}
