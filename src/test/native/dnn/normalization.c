/* Local response normalisation and batch normalisation for inference. */
#define _GNU_SOURCE
#include "dnn.h"

#include <math.h>
#include <stdlib.h>

struct lrn {
    unsigned n;
    double alpha, beta, k;
};
DESCRIPTOR(dnn_lrn_descriptor, struct lrn);

EXPORT cudnnStatus_t cudnnCreateLRNDescriptor(dnn_lrn_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_lrn_descriptor, sizeof **descriptor);
    (*descriptor)->value = (struct lrn){5, 1e-4, 0.75, 2.0}; /* the documented defaults */
    (*descriptor)->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyLRNDescriptor(dnn_lrn_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_lrn_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetLRNDescriptor(dnn_lrn_descriptor_t descriptor, unsigned n, double alpha, double beta,
                                           double k)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_lrn_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(n >= 1 && n <= 16 && k >= 1e-5 && beta >= 0.01, CUDNN_STATUS_BAD_PARAM);
    descriptor->value = (struct lrn){n, alpha, beta, k};
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetLRNDescriptor(dnn_lrn_descriptor_t descriptor, unsigned *n, double *alpha, double *beta,
                                           double *k)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_lrn_descriptor), CUDNN_STATUS_BAD_PARAM);
    *n = descriptor->value.n;
    *alpha = descriptor->value.alpha;
    *beta = descriptor->value.beta;
    *k = descriptor->value.k;
    return CUDNN_STATUS_SUCCESS;
}

struct lrn_work {
    struct lrn lrn;
    struct tensor x_tensor, y_tensor;
    uint64_t x, y;
    float alpha, beta;
};

static CUresult run_lrn(void *parameters)
{
    const struct lrn_work *work = parameters;
    struct dense x = dnn_read(&work->x_tensor, work->x);
    if (x.error != CUDA_SUCCESS)
        return x.error;
    int64_t count = dnn_elements(&work->x_tensor), channels = work->x_tensor.dim[1];
    int64_t plane = count / work->x_tensor.dim[0] / channels;
    /* An even window looks one channel further ahead than back. */
    int64_t back = (work->lrn.n - 1) / 2, ahead = work->lrn.n - 1 - back;
    float *y = dnn_floats(count);
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / plane % channels;
        double sum = 0;
        for (int64_t other = c - back < 0 ? 0 : c - back; other <= c + ahead && other < channels; other++) {
            double value = x.data[i + (other - c) * plane];
            sum += value * value;
        }
        y[i] = (float)(x.data[i] / pow(work->lrn.k + work->lrn.alpha / work->lrn.n * sum, work->lrn.beta));
    }
    CUresult error = dnn_write(&work->y_tensor, work->y, y, work->alpha, work->beta);
    free(y);
    dnn_release(&x);
    return error;
}

EXPORT cudnnStatus_t cudnnLRNCrossChannelForward(cudnnHandle_t handle, dnn_lrn_descriptor_t lrn, int mode,
                                                 const float *alpha, dnn_tensor_descriptor_t x_desc, uint64_t x,
                                                 const float *beta, dnn_tensor_descriptor_t y_desc, uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && emu_object_is(lrn, KIND_lrn_descriptor)
                && dnn_is_set(x_desc, KIND_tensor_descriptor) && dnn_is_set(y_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && y != 0 && mode == 0, CUDNN_STATUS_BAD_PARAM);
    struct lrn_work work = {lrn->value, x_desc->value, y_desc->value, x, y, *alpha, *beta};
    REQUIRE(dnn_same_shape(&work.x_tensor, &work.y_tensor) && work.x_tensor.type == work.y_tensor.type,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(work.x_tensor.rank == 4 || work.x_tensor.rank == 5, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_floating(work.x_tensor.type), CUDNN_STATUS_NOT_SUPPORTED);
    for (int i = 0; i < work.x_tensor.rank; i++)
        REQUIRE(work.x_tensor.stride[i] == work.y_tensor.stride[i] || work.x_tensor.dim[i] == 1,
                CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(x == y || !dnn_overlap(&work.x_tensor, x, &work.y_tensor, y), CUDNN_STATUS_BAD_PARAM);
    return dnn_submit(handle, run_lrn, &work, sizeof work);
}

/* ---- Batch normalisation ---- */

enum { PER_ACTIVATION = 0, SPATIAL = 1, SPATIAL_PERSISTENT = 2 };

/* The shape of scale, bias, mean and variance: per channel or per element; fp32 for the narrow types. */
static struct tensor derived(const struct tensor *x, int mode)
{
    struct tensor result = *x;
    result.type = TYPE_FLOAT;
    for (int i = 0; i < x->rank; i++)
        if (i == 0 || (i != 1 && mode != PER_ACTIVATION))
            result.dim[i] = 1;
    dnn_set_strides(&result, FORMAT_NCHW);
    return result;
}

EXPORT cudnnStatus_t cudnnDeriveBNTensorDescriptor(dnn_tensor_descriptor_t result, dnn_tensor_descriptor_t x, int mode)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(result, KIND_tensor_descriptor) && dnn_is_set(x, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(mode >= PER_ACTIVATION && mode <= SPATIAL_PERSISTENT, CUDNN_STATUS_BAD_PARAM);
    result->value = derived(&x->value, mode);
    result->set = true;
    return CUDNN_STATUS_SUCCESS;
}

struct norm_work {
    struct tensor x_tensor, y_tensor, parameters;
    uint64_t x, y, scale, bias, mean, variance;
    float alpha, beta;
    double epsilon;
};

static CUresult run_norm(void *argument)
{
    const struct norm_work *work = argument;
    struct dense x = dnn_read(&work->x_tensor, work->x);
    struct dense scale = dnn_read(&work->parameters, work->scale), bias = dnn_read(&work->parameters, work->bias);
    struct dense mean = dnn_read(&work->parameters, work->mean);
    struct dense variance = dnn_read(&work->parameters, work->variance);
    CUresult error = x.error | scale.error | bias.error | mean.error | variance.error;
    if (error != CUDA_SUCCESS) {
        error = CUDA_ERROR_ILLEGAL_ADDRESS;
    } else {
        int64_t count = dnn_elements(&work->x_tensor), image = count / work->x_tensor.dim[0];
        int64_t step = image / dnn_elements(&work->parameters);
        float *y = dnn_floats(count);
        for (int64_t i = 0; i < count; i++) {
            int64_t p = i % image / step;
            y[i] = scale.data[p] * (x.data[i] - mean.data[p]) / sqrtf(variance.data[p] + (float)work->epsilon)
                + bias.data[p];
        }
        error = dnn_write(&work->y_tensor, work->y, y, work->alpha, work->beta);
        free(y);
    }
    dnn_release(&x);
    dnn_release(&scale);
    dnn_release(&bias);
    dnn_release(&mean);
    dnn_release(&variance);
    return error;
}

EXPORT cudnnStatus_t cudnnBatchNormalizationForwardInference(cudnnHandle_t handle, int mode, const float *alpha,
                                                             const float *beta, dnn_tensor_descriptor_t x_desc,
                                                             uint64_t x, dnn_tensor_descriptor_t y_desc, uint64_t y,
                                                             dnn_tensor_descriptor_t parameters_desc, uint64_t scale,
                                                             uint64_t bias, uint64_t mean, uint64_t variance,
                                                             double epsilon)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(x_desc, KIND_tensor_descriptor)
                && dnn_is_set(y_desc, KIND_tensor_descriptor) && dnn_is_set(parameters_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && y != 0 && scale != 0 && bias != 0 && mean != 0 && variance != 0,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(mode >= PER_ACTIVATION && mode <= SPATIAL_PERSISTENT && epsilon >= 0, CUDNN_STATUS_BAD_PARAM);
    struct norm_work work = {x_desc->value, y_desc->value, parameters_desc->value, x, y, scale, bias, mean, variance,
                             *alpha, *beta, epsilon};
    REQUIRE(work.x_tensor.rank == 4 || work.x_tensor.rank == 5, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_same_shape(&work.x_tensor, &work.y_tensor) && work.x_tensor.type == work.y_tensor.type,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_floating(work.x_tensor.type), CUDNN_STATUS_NOT_SUPPORTED);
    struct tensor expected = derived(&work.x_tensor, mode);
    REQUIRE(dnn_same_shape(&expected, &work.parameters) && work.parameters.type == TYPE_FLOAT, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(x == y || !dnn_overlap(&work.x_tensor, x, &work.y_tensor, y), CUDNN_STATUS_BAD_PARAM);
    return dnn_submit(handle, run_norm, &work, sizeof work);
}
