/* Activations and softmax. */
#define _GNU_SOURCE
#include "dnn.h"

#include <math.h>
#include <stdlib.h>

EXPORT cudnnStatus_t cudnnCreateActivationDescriptor(dnn_activation_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_activation_descriptor, sizeof **descriptor);
    (*descriptor)->value.swish_beta = 1;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyActivationDescriptor(dnn_activation_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_activation_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetActivationDescriptor(dnn_activation_descriptor_t descriptor, int mode, int propagate_nan,
                                                  double coefficient)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_activation_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(mode >= ACTIVATION_SIGMOID && mode <= ACTIVATION_SWISH, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(propagate_nan == 0 || propagate_nan == 1, CUDNN_STATUS_BAD_PARAM);
    descriptor->value.mode = mode;
    descriptor->value.propagate_nan = propagate_nan;
    descriptor->value.coefficient = coefficient;
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetActivationDescriptor(dnn_activation_descriptor_t descriptor, int *mode, int *propagate_nan,
                                                  double *coefficient)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_activation_descriptor), CUDNN_STATUS_BAD_PARAM);
    *mode = descriptor->value.mode;
    *propagate_nan = descriptor->value.propagate_nan;
    *coefficient = descriptor->value.coefficient;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetActivationDescriptorSwishBeta(dnn_activation_descriptor_t descriptor, double beta)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_activation_descriptor), CUDNN_STATUS_BAD_PARAM);
    descriptor->value.swish_beta = beta;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetActivationDescriptorSwishBeta(dnn_activation_descriptor_t descriptor, double *beta)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_activation_descriptor) && beta != NULL, CUDNN_STATUS_BAD_PARAM);
    *beta = descriptor->value.swish_beta;
    return CUDNN_STATUS_SUCCESS;
}

/* Without NaN propagation a ReLU turns NaN into 0, as max(NaN, 0) does on the device. */
float dnn_activate(const struct activation *activation, float x)
{
    float coefficient = (float)activation->coefficient;
    bool keep_nan = activation->propagate_nan && isnan(x);
    switch (activation->mode) {
    case ACTIVATION_SIGMOID: return 1 / (1 + expf(-x));
    case ACTIVATION_RELU: return keep_nan ? x : x > 0 ? x : 0;
    case ACTIVATION_TANH: return tanhf(x);
    case ACTIVATION_CLIPPED_RELU: return keep_nan ? x : x > 0 ? (x < coefficient ? x : coefficient) : 0;
    case ACTIVATION_ELU: return x > 0 ? x : coefficient * expm1f(x);
    case ACTIVATION_SWISH: return x / (1 + expf((float)-activation->swish_beta * x));
    default: return x;
    }
}

struct elementwise_work {
    struct activation activation;
    struct tensor x_tensor, y_tensor;
    uint64_t x, y;
    float alpha, beta;
    int softmax_algorithm, softmax_mode;
};

static CUresult run_activation(void *parameters)
{
    const struct elementwise_work *work = parameters;
    struct dense x = dnn_read(&work->x_tensor, work->x);
    CUresult error = x.error;
    if (error == CUDA_SUCCESS) {
        int64_t count = dnn_elements(&work->x_tensor);
        float *y = dnn_floats(count);
        for (int64_t i = 0; i < count; i++)
            y[i] = dnn_activate(&work->activation, x.data[i]);
        error = dnn_write(&work->y_tensor, work->y, y, work->alpha, work->beta);
        free(y);
    }
    dnn_release(&x);
    return error;
}

/* x and y must be the same buffer with the same layout, or not overlap. */
static cudnnStatus_t check_elementwise(const struct elementwise_work *work)
{
    REQUIRE(dnn_same_shape(&work->x_tensor, &work->y_tensor) && work->x_tensor.type == work->y_tensor.type,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_floating(work->x_tensor.type), CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(work->x_tensor.rank >= 4, CUDNN_STATUS_NOT_SUPPORTED);
    bool same_layout = true;
    for (int i = 0; i < work->x_tensor.rank; i++)
        same_layout &= work->x_tensor.stride[i] == work->y_tensor.stride[i];
    REQUIRE((work->x == work->y && same_layout) || !dnn_overlap(&work->x_tensor, work->x, &work->y_tensor, work->y),
            CUDNN_STATUS_BAD_PARAM);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnActivationForward(cudnnHandle_t handle, dnn_activation_descriptor_t activation,
                                            const float *alpha, dnn_tensor_descriptor_t x_desc, uint64_t x,
                                            const float *beta, dnn_tensor_descriptor_t y_desc, uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(activation, KIND_activation_descriptor)
                && dnn_is_set(x_desc, KIND_tensor_descriptor) && dnn_is_set(y_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && y != 0, CUDNN_STATUS_BAD_PARAM);
    /* The identity only exists for cudnnConvolutionBiasActivationForward. */
    REQUIRE(activation->value.mode != ACTIVATION_IDENTITY, CUDNN_STATUS_BAD_PARAM);
    struct elementwise_work work = {.activation = activation->value, .x_tensor = x_desc->value,
                                    .y_tensor = y_desc->value, .x = x, .y = y, .alpha = *alpha, .beta = *beta};
    PROPAGATE(check_elementwise(&work));
    return dnn_submit(handle, run_activation, &work, sizeof work);
}

enum { SOFTMAX_FAST = 0, SOFTMAX_ACCURATE = 1, SOFTMAX_LOG = 2 };

static CUresult run_softmax(void *parameters)
{
    const struct elementwise_work *work = parameters;
    const struct tensor *shape = &work->x_tensor;
    struct dense x = dnn_read(shape, work->x);
    if (x.error != CUDA_SUCCESS)
        return x.error;
    /* Instance: over all values of one image. Channel: over the channels at one position. */
    int64_t count = dnn_elements(shape), image = count / shape->dim[0];
    int64_t length = work->softmax_mode == 0 ? image : shape->dim[1];
    int64_t step = work->softmax_mode == 0 ? 1 : image / shape->dim[1];
    float *y = dnn_floats(count);
    for (int64_t row = 0; row < count / length; row++) {
        const float *from = x.data + row / step * image + row % step;
        float *to = y + (from - x.data);
        if (work->softmax_mode == 0) {
            from = x.data + row * image;
            to = y + row * image;
        }
        float largest = work->softmax_algorithm == SOFTMAX_FAST ? 0 : -INFINITY;
        for (int64_t i = 0; i < length && work->softmax_algorithm != SOFTMAX_FAST; i++)
            largest = fmaxf(largest, from[i * step]);
        double sum = 0;
        for (int64_t i = 0; i < length; i++)
            sum += expf(from[i * step] - largest);
        for (int64_t i = 0; i < length; i++) {
            float shifted = from[i * step] - largest;
            to[i * step] = work->softmax_algorithm == SOFTMAX_LOG ? shifted - (float)log(sum)
                                                                  : expf(shifted) / (float)sum;
        }
    }
    CUresult error = dnn_write(&work->y_tensor, work->y, y, work->alpha, work->beta);
    free(y);
    dnn_release(&x);
    return error;
}

EXPORT cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t handle, int algorithm, int mode, const float *alpha,
                                         dnn_tensor_descriptor_t x_desc, uint64_t x, const float *beta,
                                         dnn_tensor_descriptor_t y_desc, uint64_t y)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(x_desc, KIND_tensor_descriptor)
                && dnn_is_set(y_desc, KIND_tensor_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(alpha != NULL && beta != NULL && x != 0 && y != 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(algorithm >= SOFTMAX_FAST && algorithm <= SOFTMAX_LOG && (mode == 0 || mode == 1), CUDNN_STATUS_BAD_PARAM);
    struct elementwise_work work = {.x_tensor = x_desc->value, .y_tensor = y_desc->value, .x = x, .y = y,
                                    .alpha = *alpha, .beta = *beta, .softmax_algorithm = algorithm,
                                    .softmax_mode = mode};
    PROPAGATE(check_elementwise(&work));
    return dnn_submit(handle, run_softmax, &work, sizeof work);
}
