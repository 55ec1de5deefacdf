/* TransformTensorEx: layout change with padding; folding is not emulated. */
#define _GNU_SOURCE
#include "dnn.h"

#include <stdlib.h>

struct transform {
    int rank, format;
    int before[MAX_RANK], after[MAX_RANK];
    int direction;
};
DESCRIPTOR(dnn_transform_descriptor, struct transform);

EXPORT cudnnStatus_t cudnnCreateTensorTransformDescriptor(dnn_transform_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_tensor_transform_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyTensorTransformDescriptor(dnn_transform_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_tensor_transform_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetTensorTransformDescriptor(dnn_transform_descriptor_t descriptor, unsigned rank, int format,
                                                       const int *before, const int *after, const unsigned *fold,
                                                       int direction)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_tensor_transform_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(rank >= 3 && rank <= MAX_RANK && (direction == 0 || direction == 1), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(format == FORMAT_NCHW || format == FORMAT_NHWC, CUDNN_STATUS_NOT_SUPPORTED);
    struct transform value = {.rank = (int)rank, .format = format, .direction = direction};
    for (unsigned i = 0; i < rank; i++) {
        value.before[i] = before == NULL ? 0 : before[i];
        value.after[i] = after == NULL ? 0 : after[i];
        REQUIRE(value.before[i] >= 0 && value.after[i] >= 0, CUDNN_STATUS_NOT_SUPPORTED);
        REQUIRE(fold == NULL || i + 2 >= rank || fold[i] == 1, CUDNN_STATUS_NOT_SUPPORTED);
    }
    descriptor->value = value;
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnInitTransformDest(dnn_transform_descriptor_t descriptor, dnn_tensor_descriptor_t from,
                                            dnn_tensor_descriptor_t to, size_t *size)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_tensor_transform_descriptor) && dnn_is_set(from, KIND_tensor_descriptor)
                && emu_object_is(to, KIND_tensor_descriptor) && size != NULL,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(from->value.rank == descriptor->value.rank, CUDNN_STATUS_BAD_PARAM);
    to->value = from->value;
    for (int i = 0; i < to->value.rank; i++)
        to->value.dim[i] += descriptor->value.before[i] + descriptor->value.after[i];
    dnn_set_strides(&to->value, descriptor->value.format);
    to->set = true;
    *size = dnn_span_bytes(&to->value);
    return CUDNN_STATUS_SUCCESS;
}

struct transform_work {
    struct transform transform;
    struct tensor x_tensor, y_tensor;
    uint64_t x, y;
    float alpha, beta;
};

static CUresult run(void *parameters)
{
    const struct transform_work *work = parameters;
    struct dense x = dnn_read(&work->x_tensor, work->x);
    if (x.error != CUDA_SUCCESS)
        return x.error;
    int64_t count = dnn_elements(&work->y_tensor);
    float *y = dnn_floats(count);
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, index = 0, step = 1;
        bool inside = true;
        for (int d = work->y_tensor.rank - 1; d >= 0; d--) {
            int64_t at = rest % work->y_tensor.dim[d] - work->transform.before[d];
            rest /= work->y_tensor.dim[d];
            inside &= at >= 0 && at < work->x_tensor.dim[d];
            index += at * step;
            step *= work->x_tensor.dim[d];
        }
        y[i] = inside ? x.data[index] : 0;
    }
    CUresult error = dnn_write(&work->y_tensor, work->y, y, work->alpha, work->beta);
    free(y);
    dnn_release(&x);
    return error;
}

EXPORT cudnnStatus_t cudnnTransformTensorEx(cudnnHandle_t handle, dnn_transform_descriptor_t transform,
                                            const float *alpha, dnn_tensor_descriptor_t x_desc, uint64_t x,
                                            const float *beta, dnn_tensor_descriptor_t y_desc, uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(transform, KIND_tensor_transform_descriptor)
                && dnn_is_set(x_desc, KIND_tensor_descriptor) && dnn_is_set(y_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && y != 0, CUDNN_STATUS_BAD_PARAM);
    struct transform_work work = {transform->value, x_desc->value, y_desc->value, x, y, *alpha, *beta};
    REQUIRE(work.x_tensor.rank == work.transform.rank && work.y_tensor.rank == work.transform.rank,
            CUDNN_STATUS_BAD_PARAM);
    for (int i = 0; i < work.transform.rank; i++)
        REQUIRE(work.y_tensor.dim[i] == work.x_tensor.dim[i] + work.transform.before[i] + work.transform.after[i],
                CUDNN_STATUS_BAD_PARAM);
    REQUIRE(work.x_tensor.type == work.y_tensor.type && dnn_is_floating(work.x_tensor.type),
            CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(!dnn_overlap(&work.x_tensor, x, &work.y_tensor, y), CUDNN_STATUS_BAD_PARAM);
    return dnn_submit(handle, run, &work, sizeof work);
}
