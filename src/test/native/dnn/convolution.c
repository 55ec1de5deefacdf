/* The convolution calls: argument checks, then the computation. */
#define _GNU_SOURCE
#include "convolution.h"

#include <math.h>
#include <stdlib.h>

struct conv_work {
    struct conv_problem problem;
    uint64_t x, w, y;
    float alpha, beta;
    /* For ConvolutionBiasActivationForward; bias is 0 for the plain call. */
    uint64_t z, bias;
    struct tensor z_tensor, bias_tensor;
    struct activation activation;
};

static void add_bias(const struct tensor *shape, const float *bias, float *y)
{
    int64_t plane = dnn_elements(shape) / shape->dim[0] / shape->dim[1];
    for (int64_t i = 0; i < (int64_t)shape->dim[0] * shape->dim[1]; i++)
        for (int64_t j = 0; j < plane; j++)
            y[i * plane + j] += bias[i % shape->dim[1]];
}

/* fp32 inputs as the tensor cores read them if TF32 is allowed: a rounded copy. */
static void round_for_tensor_cores(const struct conv_problem *p, struct dense *dense, const struct tensor *shape)
{
    if (!dnn_uses_tf32(&p->conv, p->x.type))
        return;
    int64_t count = dnn_elements(shape);
    float *copy = dnn_floats(count);
    for (int64_t i = 0; i < count; i++)
        copy[i] = dnn_round_tf32(dense->data[i]);
    dnn_release(dense);
    *dense = (struct dense){copy, true, CUDA_SUCCESS};
}

static CUresult run_forward(void *parameters)
{
    const struct conv_work *work = parameters;
    const struct conv_problem *p = &work->problem;
    struct dense x = dnn_read(&p->x, work->x), w = dnn_read(&p->w.tensor, work->w), z = {0}, bias = {0};
    CUresult error = x.error != CUDA_SUCCESS ? x.error : w.error;
    if (error == CUDA_SUCCESS && work->bias != 0)
        error = (bias = dnn_read(&work->bias_tensor, work->bias)).error;
    if (error == CUDA_SUCCESS && work->bias != 0 && work->beta != 0)
        error = (z = dnn_read(&work->z_tensor, work->z)).error;
    if (error == CUDA_SUCCESS) {
        round_for_tensor_cores(p, &x, &p->x);
        round_for_tensor_cores(p, &w, &p->w.tensor);
        int64_t count = dnn_elements(&p->y);
        float *y = dnn_floats(count);
        dnn_convolve(&p->conv, &p->x, x.data, &p->w.tensor, w.data, &p->y, y);
        if (work->bias == 0) {
            error = dnn_write(&p->y, work->y, y, work->alpha, work->beta);
        } else {
            for (int64_t i = 0; i < count; i++)
                y[i] = work->alpha * y[i] + (z.data != NULL ? work->beta * z.data[i] : 0);
            add_bias(&p->y, bias.data, y);
            for (int64_t i = 0; i < count; i++)
                y[i] = dnn_activate(&work->activation, y[i]);
            error = dnn_write(&p->y, work->y, y, 1, 0);
        }
        free(y);
    }
    dnn_release(&x);
    dnn_release(&w);
    dnn_release(&z);
    dnn_release(&bias);
    return error;
}

static CUresult run_backward(void *parameters)
{
    const struct conv_work *work = parameters;
    const struct conv_problem *p = &work->problem;
    struct dense w = dnn_read(&p->w.tensor, work->w), dy = dnn_read(&p->y, work->y);
    CUresult error = w.error != CUDA_SUCCESS ? w.error : dy.error;
    if (error == CUDA_SUCCESS) {
        round_for_tensor_cores(p, &dy, &p->y);
        round_for_tensor_cores(p, &w, &p->w.tensor);
        float *dx = dnn_floats(dnn_elements(&p->x));
        dnn_convolve_back(&p->conv, &p->w.tensor, w.data, &p->y, dy.data, &p->x, dx);
        error = dnn_write(&p->x, work->x, dx, work->alpha, work->beta);
        free(dx);
    }
    dnn_release(&w);
    dnn_release(&dy);
    return error;
}

/* The workspace must have the algorithm's size, be device memory, and not overlap the tensors. */
static cudnnStatus_t check_workspace(const struct conv_work *work, enum conv_family family, uint64_t workspace,
                                     size_t size)
{
    const struct conv_problem *p = &work->problem;
    size_t needed = dnn_family_workspace(family, p);
    REQUIRE(size >= needed, CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
    if (needed == 0)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(workspace != 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(workspace % 16 == 0, CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    REQUIRE(emu_host(workspace, needed) != NULL, CUDNN_STATUS_BAD_PARAM);
    struct tensor bytes = {TYPE_INT8, 1, {(int)(needed < INT32_MAX ? needed : INT32_MAX)}, {1}};
    REQUIRE(!dnn_overlap(&bytes, workspace, &p->x, work->x) && !dnn_overlap(&bytes, workspace, &p->y, work->y)
                && !dnn_overlap(&bytes, workspace, &p->w.tensor, work->w),
            CUDNN_STATUS_BAD_PARAM);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const float *alpha, dnn_tensor_descriptor_t x_desc,
                                             uint64_t x, dnn_filter_descriptor_t w_desc, uint64_t w,
                                             dnn_convolution_descriptor_t conv, int algorithm, uint64_t workspace,
                                             size_t workspace_size, const float *beta, dnn_tensor_descriptor_t y_desc,
                                             uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_set(x_desc, KIND_tensor_descriptor) && dnn_is_set(w_desc, KIND_filter_descriptor)
                && dnn_is_set(conv, KIND_convolution_descriptor) && dnn_is_set(y_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && w != 0 && y != 0, CUDNN_STATUS_BAD_PARAM);
    struct conv_work work = {.problem = {conv->value, x_desc->value, y_desc->value, w_desc->value}, .x = x, .w = w,
                             .y = y, .alpha = *alpha, .beta = *beta};
    PROPAGATE(dnn_check_problem(&work.problem));
    enum conv_family family = dnn_forward_family(algorithm);
    REQUIRE(dnn_family_supports(family, &work.problem), CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(!dnn_overlap(&x_desc->value, x, &y_desc->value, y), CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(check_workspace(&work, family, workspace, workspace_size));
    return dnn_submit(handle, run_forward, &work, sizeof work);
}

EXPORT cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t handle, const float *alpha1, dnn_tensor_descriptor_t x_desc, uint64_t x,
    dnn_filter_descriptor_t w_desc, uint64_t w, dnn_convolution_descriptor_t conv, int algorithm, uint64_t workspace,
    size_t workspace_size, const float *alpha2, dnn_tensor_descriptor_t z_desc, uint64_t z,
    dnn_tensor_descriptor_t bias_desc, uint64_t bias, dnn_activation_descriptor_t activation,
    dnn_tensor_descriptor_t y_desc, uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_set(x_desc, KIND_tensor_descriptor) && dnn_is_set(w_desc, KIND_filter_descriptor)
                && dnn_is_set(conv, KIND_convolution_descriptor) && dnn_is_set(y_desc, KIND_tensor_descriptor)
                && dnn_is_set(z_desc, KIND_tensor_descriptor) && dnn_is_set(bias_desc, KIND_tensor_descriptor)
                && dnn_is_set(activation, KIND_activation_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha1 != NULL && alpha2 != NULL && x != 0 && w != 0 && y != 0 && z != 0 && bias != 0,
            CUDNN_STATUS_BAD_PARAM);
    struct conv_work work = {.problem = {conv->value, x_desc->value, y_desc->value, w_desc->value}, .x = x, .w = w,
                             .y = y, .alpha = *alpha1, .beta = *alpha2, .z = z, .bias = bias,
                             .z_tensor = z_desc->value, .bias_tensor = bias_desc->value,
                             .activation = activation->value};
    const struct conv_problem *p = &work.problem;
    PROPAGATE(dnn_check_problem(p));
    int mode = work.activation.mode;
    REQUIRE(mode == ACTIVATION_RELU || mode == ACTIVATION_IDENTITY, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(mode != ACTIVATION_IDENTITY || algorithm == FWD_IMPLICIT_PRECOMP_GEMM, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(work.activation.propagate_nan == 0, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(work.bias_tensor.rank == p->y.rank && work.bias_tensor.dim[1] == p->y.dim[1]
                && dnn_elements(&work.bias_tensor) == p->y.dim[1],
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(work.bias_tensor.stride[1] == 1 && work.bias_tensor.type == p->y.type, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(dnn_same_shape(&work.z_tensor, &p->y) && work.z_tensor.type == p->y.type, CUDNN_STATUS_BAD_PARAM);
    for (int i = 0; i < p->y.rank; i++)
        REQUIRE(work.z_tensor.stride[i] == p->y.stride[i] || p->y.dim[i] == 1, CUDNN_STATUS_BAD_PARAM);
    enum conv_family family = dnn_forward_family(algorithm);
    REQUIRE(dnn_family_supports(family, p), CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(!dnn_overlap(&p->x, x, &p->y, y), CUDNN_STATUS_BAD_PARAM);
    /* The residual may be the output itself or separate from it; a partial overlap is an error. */
    REQUIRE(z == y || *alpha2 == 0 || !dnn_overlap(&work.z_tensor, z, &p->y, y), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(!dnn_overlap(&work.bias_tensor, bias, &p->y, y), CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(check_workspace(&work, family, workspace, workspace_size));
    return dnn_submit(handle, run_forward, &work, sizeof work);
}

EXPORT cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const float *alpha,
                                                  dnn_filter_descriptor_t w_desc, uint64_t w,
                                                  dnn_tensor_descriptor_t dy_desc, uint64_t dy,
                                                  dnn_convolution_descriptor_t conv, int algorithm, uint64_t workspace,
                                                  size_t workspace_size, const float *beta,
                                                  dnn_tensor_descriptor_t dx_desc, uint64_t dx)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_set(dx_desc, KIND_tensor_descriptor) && dnn_is_set(w_desc, KIND_filter_descriptor)
                && dnn_is_set(conv, KIND_convolution_descriptor) && dnn_is_set(dy_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && dx != 0 && w != 0 && dy != 0, CUDNN_STATUS_BAD_PARAM);
    struct conv_work work = {.problem = {conv->value, dx_desc->value, dy_desc->value, w_desc->value}, .x = dx, .w = w,
                             .y = dy, .alpha = *alpha, .beta = *beta};
    PROPAGATE(dnn_check_problem(&work.problem));
    enum conv_family family = dnn_backward_family(algorithm);
    REQUIRE(dnn_family_supports(family, &work.problem), CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(!dnn_overlap(&dx_desc->value, dx, &dy_desc->value, dy), CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(check_workspace(&work, family, workspace, workspace_size));
    return dnn_submit(handle, run_backward, &work, sizeof work);
}
