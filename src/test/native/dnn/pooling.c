/* Pooling with one to three spatial dimensions. */
#define _GNU_SOURCE
#include "dnn.h"

#include <math.h>
#include <stdlib.h>

enum { POOL_MAX = 0, POOL_AVERAGE_INCLUDE_PADDING = 1, POOL_AVERAGE_EXCLUDE_PADDING = 2, POOL_MAX_DETERMINISTIC = 3 };

EXPORT cudnnStatus_t cudnnCreatePoolingDescriptor(dnn_pooling_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_pooling_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyPoolingDescriptor(dnn_pooling_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_pooling_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t set(dnn_pooling_descriptor_t descriptor, int mode, int propagate_nan, int rank, const int *window,
                         const int *pad, const int *stride)
{
    REQUIRE(emu_object_is(descriptor, KIND_pooling_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(mode >= POOL_MAX && mode <= POOL_MAX_DETERMINISTIC, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(propagate_nan == 0 || propagate_nan == 1, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(window != NULL && pad != NULL && stride != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(rank >= 1 && rank <= MAX_RANK - 2, CUDNN_STATUS_NOT_SUPPORTED);
    struct pooling value = {.mode = mode, .propagate_nan = propagate_nan, .rank = rank};
    for (int i = 0; i < rank; i++) {
        REQUIRE(window[i] > 0 && pad[i] >= 0 && stride[i] > 0, CUDNN_STATUS_BAD_PARAM);
        value.window[i] = window[i];
        value.pad[i] = pad[i];
        value.stride[i] = stride[i];
    }
    descriptor->value = value;
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetPooling2dDescriptor(dnn_pooling_descriptor_t descriptor, int mode, int propagate_nan,
                                                 int window_h, int window_w, int pad_h, int pad_w, int stride_h,
                                                 int stride_w)
{
    DNN_ENTER();
    return set(descriptor, mode, propagate_nan, 2, (int[]){window_h, window_w}, (int[]){pad_h, pad_w},
               (int[]){stride_h, stride_w});
}

EXPORT cudnnStatus_t cudnnSetPoolingNdDescriptor(dnn_pooling_descriptor_t descriptor, int mode, int propagate_nan,
                                                 int rank, const int *window, const int *pad, const int *stride)
{
    DNN_ENTER();
    return set(descriptor, mode, propagate_nan, rank, window, pad, stride);
}

EXPORT cudnnStatus_t cudnnGetPooling2dDescriptor(dnn_pooling_descriptor_t descriptor, int *mode, int *propagate_nan,
                                                 int *window_h, int *window_w, int *pad_h, int *pad_w, int *stride_h,
                                                 int *stride_w)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_pooling_descriptor) && descriptor->value.rank == 2, CUDNN_STATUS_BAD_PARAM);
    const struct pooling *p = &descriptor->value;
    *mode = p->mode;
    *propagate_nan = p->propagate_nan;
    *window_h = p->window[0], *window_w = p->window[1];
    *pad_h = p->pad[0], *pad_w = p->pad[1];
    *stride_h = p->stride[0], *stride_w = p->stride[1];
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetPoolingNdDescriptor(dnn_pooling_descriptor_t descriptor, int requested, int *mode,
                                                 int *propagate_nan, int *rank, int *window, int *pad, int *stride)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_pooling_descriptor), CUDNN_STATUS_BAD_PARAM);
    const struct pooling *p = &descriptor->value;
    *mode = p->mode;
    *propagate_nan = p->propagate_nan;
    *rank = p->rank;
    for (int i = 0; i < requested && i < p->rank; i++) {
        window[i] = p->window[i];
        pad[i] = p->pad[i];
        stride[i] = p->stride[i];
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t output_dimensions(const struct pooling *pooling, const struct tensor *x, int *dimensions)
{
    REQUIRE(x->rank == pooling->rank + 2, CUDNN_STATUS_BAD_PARAM);
    dimensions[0] = x->dim[0];
    dimensions[1] = x->dim[1];
    for (int i = 0; i < pooling->rank; i++) {
        dimensions[i + 2] = dnn_output_size(x->dim[i + 2], pooling->window[i], pooling->pad[i], pooling->stride[i], 1);
        REQUIRE(dimensions[i + 2] > 0, CUDNN_STATUS_BAD_PARAM);
    }
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetPoolingNdForwardOutputDim(dnn_pooling_descriptor_t pooling, dnn_tensor_descriptor_t x,
                                                       int rank, int *dimensions)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(pooling, KIND_pooling_descriptor) && dnn_is_set(x, KIND_tensor_descriptor)
                && dimensions != NULL && rank >= x->value.rank,
            CUDNN_STATUS_BAD_PARAM);
    return output_dimensions(&pooling->value, &x->value, dimensions);
}

EXPORT cudnnStatus_t cudnnGetPooling2dForwardOutputDim(dnn_pooling_descriptor_t pooling, dnn_tensor_descriptor_t x,
                                                       int *n, int *c, int *h, int *w)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(pooling, KIND_pooling_descriptor) && dnn_is_set(x, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(pooling->value.rank == 2, CUDNN_STATUS_BAD_PARAM);
    int dimensions[MAX_RANK];
    PROPAGATE(output_dimensions(&pooling->value, &x->value, dimensions));
    *n = dimensions[0], *c = dimensions[1], *h = dimensions[2], *w = dimensions[3];
    return CUDNN_STATUS_SUCCESS;
}

struct pool_work {
    struct pooling pooling;
    struct tensor x_tensor, y_tensor;
    uint64_t x, y;
    float alpha, beta;
};

struct pool_planes {
    const struct pooling *pooling;
    const float *x;
    float *y;
    int64_t in[3], out[3], window[3], pad[3], stride[3];
};

static float pool_window(const struct pool_planes *p, const float *plane, const int64_t position[3])
{
    int64_t from[3], to[3], padded = 1, inside = 1;
    for (int i = 0; i < 3; i++) {
        int64_t start = position[i] * p->stride[i] - p->pad[i];
        int64_t end = start + p->window[i];
        padded *= (end < p->in[i] + p->pad[i] ? end : p->in[i] + p->pad[i]) - start;
        from[i] = start < 0 ? 0 : start;
        to[i] = end < p->in[i] ? end : p->in[i];
        inside *= to[i] > from[i] ? to[i] - from[i] : 0;
    }
    bool max = p->pooling->mode == POOL_MAX || p->pooling->mode == POOL_MAX_DETERMINISTIC;
    float result = max ? -INFINITY : 0;
    for (int64_t d = from[0]; d < to[0]; d++) {
        for (int64_t h = from[1]; h < to[1]; h++) {
            const float *row = plane + (d * p->in[1] + h) * p->in[2];
            for (int64_t w = from[2]; w < to[2]; w++) {
                float value = row[w];
                if (!max)
                    result += value;
                else if (value > result || (isnan(value) && p->pooling->propagate_nan))
                    result = value;
                else if (isnan(result))
                    return result;
            }
        }
    }
    if (max)
        return result;
    return result / (float)(p->pooling->mode == POOL_AVERAGE_INCLUDE_PADDING ? padded : inside);
}

static void pool_plane(void *context, int64_t index)
{
    const struct pool_planes *p = context;
    const float *plane = p->x + index * p->in[0] * p->in[1] * p->in[2];
    float *y = p->y + index * p->out[0] * p->out[1] * p->out[2];
    int64_t position[3];
    for (position[0] = 0; position[0] < p->out[0]; position[0]++)
        for (position[1] = 0; position[1] < p->out[1]; position[1]++)
            for (position[2] = 0; position[2] < p->out[2]; position[2]++)
                *y++ = pool_window(p, plane, position);
}

void dnn_pool(const struct pooling *pooling, const struct tensor *x_shape, const float *x,
              const struct tensor *y_shape, float *y)
{
    struct pool_planes planes = {.pooling = pooling, .x = x, .y = y};
    int missing = 3 - pooling->rank;
    for (int i = 0; i < 3; i++) {
        int s = i - missing;
        planes.in[i] = s < 0 ? 1 : x_shape->dim[s + 2];
        planes.out[i] = s < 0 ? 1 : y_shape->dim[s + 2];
        planes.window[i] = s < 0 ? 1 : pooling->window[s];
        planes.pad[i] = s < 0 ? 0 : pooling->pad[s];
        planes.stride[i] = s < 0 ? 1 : pooling->stride[s];
    }
    dnn_parallel((int64_t)x_shape->dim[0] * x_shape->dim[1], pool_plane, &planes);
}

static CUresult run_pooling(void *parameters)
{
    const struct pool_work *work = parameters;
    struct dense x = dnn_read(&work->x_tensor, work->x);
    if (x.error != CUDA_SUCCESS)
        return x.error;
    float *y = dnn_floats(dnn_elements(&work->y_tensor));
    dnn_pool(&work->pooling, &work->x_tensor, x.data, &work->y_tensor, y);
    CUresult error = dnn_write(&work->y_tensor, work->y, y, work->alpha, work->beta);
    free(y);
    dnn_release(&x);
    return error;
}

EXPORT cudnnStatus_t cudnnPoolingForward(cudnnHandle_t handle, dnn_pooling_descriptor_t pooling, const float *alpha,
                                         dnn_tensor_descriptor_t x_desc, uint64_t x, const float *beta,
                                         dnn_tensor_descriptor_t y_desc, uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(pooling, KIND_pooling_descriptor)
                && dnn_is_set(x_desc, KIND_tensor_descriptor) && dnn_is_set(y_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && y != 0, CUDNN_STATUS_BAD_PARAM);
    struct pool_work work = {pooling->value, x_desc->value, y_desc->value, x, y, *alpha, *beta};
    REQUIRE(work.x_tensor.type == work.y_tensor.type, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(work.x_tensor.rank == 4 || work.x_tensor.rank == 5, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(dnn_is_floating(work.x_tensor.type), CUDNN_STATUS_NOT_SUPPORTED);
    int expected[MAX_RANK];
    PROPAGATE(output_dimensions(&work.pooling, &work.x_tensor, expected));
    REQUIRE(work.y_tensor.rank == work.x_tensor.rank, CUDNN_STATUS_BAD_PARAM);
    for (int i = 0; i < work.y_tensor.rank; i++)
        REQUIRE(work.y_tensor.dim[i] == expected[i], CUDNN_STATUS_BAD_PARAM);
    /* A window that may be entirely in the padding has no value. */
    for (int i = 0; i < work.pooling.rank; i++)
        REQUIRE(work.pooling.pad[i] < work.pooling.window[i], CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(!dnn_overlap(&work.x_tensor, x, &work.y_tensor, y), CUDNN_STATUS_BAD_PARAM);
    return dnn_submit(handle, run_pooling, &work, sizeof work);
}
