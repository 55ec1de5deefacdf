/* AddTensor, OpTensor, SetTensor, ScaleTensor, TransformTensor. */
#define _GNU_SOURCE
#include "dnn.h"

#include <math.h>
#include <stdlib.h>

struct op_tensor {
    int operation;
    int compute_type;
    int propagate_nan;
};
DESCRIPTOR(dnn_op_tensor_descriptor, struct op_tensor);

enum { OP_ADD = 0, OP_MUL = 1, OP_MIN = 2, OP_MAX = 3, OP_SQRT = 4, OP_NOT = 5 };
enum { WORK_SET = -1, WORK_SCALE = -2, WORK_COPY = -3 };

struct tensor_work {
    int operation;
    struct tensor a_tensor, b_tensor, c_tensor;
    uint64_t a, b, c;
    float alpha1, alpha2, beta;
};

static float apply(int operation, float a, float b)
{
    switch (operation) {
    case OP_ADD: return a + b;
    case OP_MUL: return a * b;
    case OP_MIN: return fminf(a, b);
    case OP_MAX: return fmaxf(a, b);
    case OP_SQRT: return sqrtf(a);
    default: return 1 - a;
    }
}

static CUresult run_op(void *parameters)
{
    const struct tensor_work *work = parameters;
    bool unary = work->operation == OP_SQRT || work->operation == OP_NOT;
    struct dense a = dnn_read(&work->a_tensor, work->a), b = {0};
    if (!unary)
        b = dnn_read(&work->b_tensor, work->b);
    CUresult error = a.error != CUDA_SUCCESS ? a.error : b.error;
    if (error == CUDA_SUCCESS) {
        int64_t count = dnn_elements(&work->c_tensor);
        bool same = unary || dnn_same_shape(&work->b_tensor, &work->c_tensor);
        float *c = dnn_floats(count);
        for (int64_t i = 0; i < count; i++) {
            float right = unary ? 0 : work->alpha2 * b.data[same ? i : dnn_broadcast_index(&work->c_tensor, &work->b_tensor, i)];
            c[i] = apply(work->operation, work->alpha1 * a.data[i], right);
        }
        error = dnn_write(&work->c_tensor, work->c, c, 1, work->beta);
        free(c);
    }
    dnn_release(&a);
    dnn_release(&b);
    return error;
}

/* c = alpha1 * a (broadcast) + beta * c; set and scale are the same with a constant. */
static CUresult run_copy(void *parameters)
{
    const struct tensor_work *work = parameters;
    int64_t count = dnn_elements(&work->c_tensor);
    float *c = dnn_floats(count);
    CUresult error = CUDA_SUCCESS;
    if (work->operation == WORK_COPY) {
        struct dense a = dnn_read(&work->a_tensor, work->a);
        error = a.error;
        for (int64_t i = 0; error == CUDA_SUCCESS && i < count; i++)
            c[i] = a.data[dnn_broadcast_index(&work->c_tensor, &work->a_tensor, i)];
        dnn_release(&a);
    } else {
        for (int64_t i = 0; i < count; i++)
            c[i] = 1;
    }
    if (error == CUDA_SUCCESS)
        error = dnn_write(&work->c_tensor, work->c, c, work->alpha1, work->beta);
    free(c);
    return error;
}

EXPORT cudnnStatus_t cudnnAddTensor(cudnnHandle_t handle, const float *alpha, dnn_tensor_descriptor_t a_desc,
                                    uint64_t a, const float *beta, dnn_tensor_descriptor_t c_desc, uint64_t c)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(a_desc, KIND_tensor_descriptor)
                && dnn_is_set(c_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && a != 0 && c != 0, CUDNN_STATUS_BAD_PARAM);
    struct tensor_work work = {.operation = WORK_COPY, .a_tensor = a_desc->value, .c_tensor = c_desc->value, .a = a,
                               .c = c, .alpha1 = *alpha, .beta = *beta};
    REQUIRE(dnn_broadcasts_to(&work.a_tensor, &work.c_tensor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(work.a_tensor.type == work.c_tensor.type, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(dnn_is_floating(work.c_tensor.type) && work.c_tensor.rank >= 4 && work.c_tensor.rank <= 5,
            CUDNN_STATUS_NOT_SUPPORTED);
    return dnn_submit(handle, run_copy, &work, sizeof work);
}

EXPORT cudnnStatus_t cudnnTransformTensor(cudnnHandle_t handle, const float *alpha, dnn_tensor_descriptor_t x_desc,
                                          uint64_t x, const float *beta, dnn_tensor_descriptor_t y_desc, uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(x_desc, KIND_tensor_descriptor)
                && dnn_is_set(y_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && y != 0, CUDNN_STATUS_BAD_PARAM);
    struct tensor_work work = {.operation = WORK_COPY, .a_tensor = x_desc->value, .c_tensor = y_desc->value, .a = x,
                               .c = y, .alpha1 = *alpha, .beta = *beta};
    REQUIRE(dnn_same_shape(&work.a_tensor, &work.c_tensor), CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(work.a_tensor.type == work.c_tensor.type && dnn_is_floating(work.a_tensor.type),
            CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(!dnn_overlap(&work.a_tensor, x, &work.c_tensor, y), CUDNN_STATUS_BAD_PARAM);
    return dnn_submit(handle, run_copy, &work, sizeof work);
}

static cudnnStatus_t set_or_scale(cudnnHandle_t handle, dnn_tensor_descriptor_t desc, uint64_t address, int operation,
                                  const void *value)
{
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(desc, KIND_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(value != NULL && address != 0, CUDNN_STATUS_BAD_PARAM);
    struct tensor_work work = {.operation = operation, .c_tensor = desc->value, .c = address};
    REQUIRE(dnn_is_floating(work.c_tensor.type), CUDNN_STATUS_NOT_SUPPORTED);
    if (operation == WORK_SET) {
        work.alpha1 = dnn_scalar(work.c_tensor.type, value);
    } else {
        work.beta = *(const float *)value;
    }
    return dnn_submit(handle, run_copy, &work, sizeof work);
}

EXPORT cudnnStatus_t cudnnSetTensor(cudnnHandle_t handle, dnn_tensor_descriptor_t desc, uint64_t address,
                                    const void *value)
{
    DNN_ENTER();
    return set_or_scale(handle, desc, address, WORK_SET, value);
}

EXPORT cudnnStatus_t cudnnScaleTensor(cudnnHandle_t handle, dnn_tensor_descriptor_t desc, uint64_t address,
                                      const float *alpha)
{
    DNN_ENTER();
    return set_or_scale(handle, desc, address, WORK_SCALE, alpha);
}

/* ---- OpTensor ---- */

EXPORT cudnnStatus_t cudnnCreateOpTensorDescriptor(dnn_op_tensor_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_op_tensor_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyOpTensorDescriptor(dnn_op_tensor_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_op_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetOpTensorDescriptor(dnn_op_tensor_descriptor_t descriptor, int operation, int compute_type,
                                                int propagate_nan)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_op_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(operation >= OP_ADD && operation <= OP_NOT, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(compute_type == TYPE_FLOAT || compute_type == TYPE_DOUBLE, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(propagate_nan == 0 || propagate_nan == 1, CUDNN_STATUS_BAD_PARAM);
    descriptor->value = (struct op_tensor){operation, compute_type, propagate_nan};
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetOpTensorDescriptor(dnn_op_tensor_descriptor_t descriptor, int *operation,
                                                int *compute_type, int *propagate_nan)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_op_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    *operation = descriptor->value.operation;
    *compute_type = descriptor->value.compute_type;
    *propagate_nan = descriptor->value.propagate_nan;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnOpTensor(cudnnHandle_t handle, dnn_op_tensor_descriptor_t op, const float *alpha1,
                                   dnn_tensor_descriptor_t a_desc, uint64_t a, const float *alpha2,
                                   dnn_tensor_descriptor_t b_desc, uint64_t b, const float *beta,
                                   dnn_tensor_descriptor_t c_desc, uint64_t c)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(op, KIND_op_tensor_descriptor)
                && dnn_is_set(a_desc, KIND_tensor_descriptor) && dnn_is_set(c_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    bool unary = op->value.operation == OP_SQRT || op->value.operation == OP_NOT;
    REQUIRE(unary || (dnn_is_set(b_desc, KIND_tensor_descriptor) && b != 0 && alpha2 != NULL), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha1 != NULL && beta != NULL && a != 0 && c != 0, CUDNN_STATUS_BAD_PARAM);
    struct tensor_work work = {.operation = op->value.operation, .a_tensor = a_desc->value, .c_tensor = c_desc->value,
                               .a = a, .b = b, .c = c, .alpha1 = *alpha1, .alpha2 = unary ? 0 : *alpha2,
                               .beta = *beta};
    if (!unary)
        work.b_tensor = b_desc->value;
    REQUIRE(dnn_same_shape(&work.a_tensor, &work.c_tensor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(unary || dnn_broadcasts_to(&work.b_tensor, &work.c_tensor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_floating(work.a_tensor.type) && dnn_is_floating(work.c_tensor.type)
                && (unary || dnn_is_floating(work.b_tensor.type)) && op->value.compute_type == TYPE_FLOAT,
            CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(work.c_tensor.rank <= 5, CUDNN_STATUS_NOT_SUPPORTED);
    return dnn_submit(handle, run_op, &work, sizeof work);
}
