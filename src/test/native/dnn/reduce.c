/* ReduceTensor. */
#define _GNU_SOURCE
#include "dnn.h"

#include <math.h>
#include <stdlib.h>

struct reduction {
    int operation, compute_type, propagate_nan, indices, indices_type;
};
DESCRIPTOR(dnn_reduce_descriptor, struct reduction);

enum { REDUCE_ADD = 0, REDUCE_MUL = 1, REDUCE_MIN = 2, REDUCE_MAX = 3, REDUCE_AMAX = 4, REDUCE_AVG = 5,
       REDUCE_NORM1 = 6, REDUCE_NORM2 = 7, REDUCE_MUL_NO_ZEROS = 8 };

EXPORT cudnnStatus_t cudnnCreateReduceTensorDescriptor(dnn_reduce_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_reduce_tensor_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyReduceTensorDescriptor(dnn_reduce_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_reduce_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetReduceTensorDescriptor(dnn_reduce_descriptor_t descriptor, int operation, int compute_type,
                                                    int propagate_nan, int indices, int indices_type)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_reduce_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(operation >= REDUCE_ADD && operation <= REDUCE_MUL_NO_ZEROS, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(compute_type == TYPE_FLOAT || compute_type == TYPE_DOUBLE || compute_type == TYPE_INT32,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(indices == 0 || indices == 1, CUDNN_STATUS_BAD_PARAM);
    descriptor->value = (struct reduction){operation, compute_type, propagate_nan, indices, indices_type};
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetReduceTensorDescriptor(dnn_reduce_descriptor_t descriptor, int *operation,
                                                    int *compute_type, int *propagate_nan, int *indices,
                                                    int *indices_type)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_reduce_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    *operation = descriptor->value.operation;
    *compute_type = descriptor->value.compute_type;
    *propagate_nan = descriptor->value.propagate_nan;
    *indices = descriptor->value.indices;
    *indices_type = descriptor->value.indices_type;
    return CUDNN_STATUS_SUCCESS;
}

struct reduce_work {
    int operation;
    struct tensor a_tensor, c_tensor;
    uint64_t a, c;
    float alpha, beta;
};

static float combine(int operation, float total, float value)
{
    switch (operation) {
    case REDUCE_MUL: return total * value;
    case REDUCE_MUL_NO_ZEROS: return value == 0 ? total : total * value;
    case REDUCE_MIN: return fminf(total, value);
    case REDUCE_MAX: return fmaxf(total, value);
    case REDUCE_AMAX: return fmaxf(total, fabsf(value));
    case REDUCE_NORM1: return total + fabsf(value);
    case REDUCE_NORM2: return total + value * value;
    default: return total + value;
    }
}

static float start(int operation)
{
    switch (operation) {
    case REDUCE_MUL: case REDUCE_MUL_NO_ZEROS: return 1;
    case REDUCE_MIN: return INFINITY;
    case REDUCE_MAX: return -INFINITY;
    default: return 0;
    }
}

/* One pass over a; each element contributes to one of c. */
void dnn_reduce(int operation, const struct tensor *a_shape, const float *a, const struct tensor *c_shape, float *c)
{
    int64_t count = dnn_elements(a_shape), results = dnn_elements(c_shape);
    for (int64_t i = 0; i < results; i++)
        c[i] = start(operation);
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, index = 0, step = 1;
        for (int d = a_shape->rank - 1; d >= 0; d--) {
            if (c_shape->dim[d] != 1)
                index += rest % a_shape->dim[d] * step;
            step *= c_shape->dim[d];
            rest /= a_shape->dim[d];
        }
        c[index] = combine(operation, c[index], a[i]);
    }
    for (int64_t i = 0; i < results; i++) {
        if (operation == REDUCE_AVG)
            c[i] /= (float)(count / results);
        else if (operation == REDUCE_NORM2)
            c[i] = sqrtf(c[i]);
    }
}

static CUresult run_reduce(void *parameters)
{
    const struct reduce_work *work = parameters;
    struct dense a = dnn_read(&work->a_tensor, work->a);
    if (a.error != CUDA_SUCCESS)
        return a.error;
    float *c = dnn_floats(dnn_elements(&work->c_tensor));
    dnn_reduce(work->operation, &work->a_tensor, a.data, &work->c_tensor, c);
    CUresult error = dnn_write(&work->c_tensor, work->c, c, work->alpha, work->beta);
    free(c);
    dnn_release(&a);
    return error;
}

static size_t workspace_bytes(const struct tensor *a, const struct tensor *c)
{
    return dnn_elements(a) == dnn_elements(c) ? 0 : ((size_t)dnn_elements(c) * 4 * 8 + 511) / 512 * 512;
}

static cudnnStatus_t check(cudnnHandle_t handle, dnn_reduce_descriptor_t reduce, dnn_tensor_descriptor_t a,
                           dnn_tensor_descriptor_t c)
{
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(reduce, KIND_reduce_tensor_descriptor)
                && dnn_is_set(a, KIND_tensor_descriptor) && dnn_is_set(c, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_broadcasts_to(&c->value, &a->value), CUDNN_STATUS_BAD_PARAM);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetReductionWorkspaceSize(cudnnHandle_t handle, dnn_reduce_descriptor_t reduce,
                                                    dnn_tensor_descriptor_t a, dnn_tensor_descriptor_t c, size_t *size)
{
    DNN_ENTER();
    PROPAGATE(check(handle, reduce, a, c));
    REQUIRE(size != NULL, CUDNN_STATUS_BAD_PARAM);
    *size = workspace_bytes(&a->value, &c->value);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetReductionIndicesSize(cudnnHandle_t handle, dnn_reduce_descriptor_t reduce,
                                                  dnn_tensor_descriptor_t a, dnn_tensor_descriptor_t c, size_t *size)
{
    DNN_ENTER();
    PROPAGATE(check(handle, reduce, a, c));
    REQUIRE(size != NULL, CUDNN_STATUS_BAD_PARAM);
    *size = reduce->value.indices ? (size_t)dnn_elements(&c->value) * 4 : 0;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnReduceTensor(cudnnHandle_t handle, dnn_reduce_descriptor_t reduce, uint64_t indices,
                                       size_t indices_size, uint64_t workspace, size_t workspace_size,
                                       const float *alpha, dnn_tensor_descriptor_t a_desc, uint64_t a,
                                       const float *beta, dnn_tensor_descriptor_t c_desc, uint64_t c)
{
    DNN_ENTER();
    (void)indices;
    (void)indices_size;
    PROPAGATE(check(handle, reduce, a_desc, c_desc));
    REQUIRE(alpha != NULL && beta != NULL && a != 0 && c != 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(reduce->value.indices == 0, CUDNN_STATUS_NOT_SUPPORTED); /* not emulated */
    size_t needed = workspace_bytes(&a_desc->value, &c_desc->value);
    REQUIRE(workspace_size >= needed, CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
    REQUIRE(needed == 0 || emu_host(workspace, needed) != NULL, CUDNN_STATUS_BAD_PARAM);
    struct reduce_work work = {reduce->value.operation, a_desc->value, c_desc->value, a, c, *alpha, *beta};
    REQUIRE(dnn_is_floating(work.a_tensor.type) && work.a_tensor.type == work.c_tensor.type
                && reduce->value.compute_type == TYPE_FLOAT,
            CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(!dnn_overlap(&work.a_tensor, a, &work.c_tensor, c), CUDNN_STATUS_BAD_PARAM);
    return dnn_submit(handle, run_reduce, &work, sizeof work);
}
