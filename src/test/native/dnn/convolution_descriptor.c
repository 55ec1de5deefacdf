/* Convolution descriptors and the output sizes that they determine. */
#define _GNU_SOURCE
#include "convolution.h"

EXPORT cudnnStatus_t cudnnCreateConvolutionDescriptor(dnn_convolution_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_convolution_descriptor, sizeof **descriptor);
    (*descriptor)->value.groups = 1;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyConvolutionDescriptor(dnn_convolution_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_convolution_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t set(dnn_convolution_descriptor_t descriptor, int rank, const int *pad, const int *stride,
                         const int *dilation, int mode, int compute_type)
{
    REQUIRE(emu_object_is(descriptor, KIND_convolution_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(pad != NULL && stride != NULL && dilation != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(mode == 0 || mode == 1, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(rank >= 1, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(rank <= MAX_RANK - 2, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(compute_type == TYPE_FLOAT || compute_type == TYPE_HALF || compute_type == TYPE_DOUBLE
                || compute_type == TYPE_INT32 || compute_type == TYPE_BFLOAT16,
            CUDNN_STATUS_BAD_PARAM);
    struct convolution value = {.rank = rank, .mode = mode, .compute_type = compute_type,
                                .math_type = descriptor->value.math_type, .groups = descriptor->value.groups,
                                .reorder = descriptor->value.reorder};
    for (int i = 0; i < rank; i++) {
        REQUIRE(pad[i] >= 0 && stride[i] > 0 && dilation[i] > 0, CUDNN_STATUS_BAD_PARAM);
        value.pad[i] = pad[i];
        value.stride[i] = stride[i];
        value.dilation[i] = dilation[i];
    }
    descriptor->value = value;
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetConvolution2dDescriptor(dnn_convolution_descriptor_t descriptor, int pad_h, int pad_w,
                                                     int stride_h, int stride_w, int dilation_h, int dilation_w,
                                                     int mode, int compute_type)
{
    DNN_ENTER();
    return set(descriptor, 2, (int[]){pad_h, pad_w}, (int[]){stride_h, stride_w}, (int[]){dilation_h, dilation_w}, mode,
               compute_type);
}

EXPORT cudnnStatus_t cudnnSetConvolutionNdDescriptor(dnn_convolution_descriptor_t descriptor, int rank, const int *pad,
                                                     const int *stride, const int *dilation, int mode, int compute_type)
{
    DNN_ENTER();
    return set(descriptor, rank, pad, stride, dilation, mode, compute_type);
}

EXPORT cudnnStatus_t cudnnGetConvolution2dDescriptor(dnn_convolution_descriptor_t descriptor, int *pad_h, int *pad_w,
                                                     int *stride_h, int *stride_w, int *dilation_h, int *dilation_w,
                                                     int *mode, int *compute_type)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_convolution_descriptor), CUDNN_STATUS_BAD_PARAM);
    const struct convolution *c = &descriptor->value;
    REQUIRE(c->rank == 2, CUDNN_STATUS_BAD_PARAM);
    *pad_h = c->pad[0], *pad_w = c->pad[1];
    *stride_h = c->stride[0], *stride_w = c->stride[1];
    *dilation_h = c->dilation[0], *dilation_w = c->dilation[1];
    *mode = c->mode;
    *compute_type = c->compute_type;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetConvolutionNdDescriptor(dnn_convolution_descriptor_t descriptor, int requested, int *rank,
                                                     int *pad, int *stride, int *dilation, int *mode, int *compute_type)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_convolution_descriptor), CUDNN_STATUS_BAD_PARAM);
    const struct convolution *c = &descriptor->value;
    *rank = c->rank;
    for (int i = 0; i < requested && i < c->rank; i++) {
        pad[i] = c->pad[i];
        stride[i] = c->stride[i];
        dilation[i] = c->dilation[i];
    }
    *mode = c->mode;
    *compute_type = c->compute_type;
    return CUDNN_STATUS_SUCCESS;
}

/* Group count, math type and reordering may be set before the rest. */
#define PROPERTY(Name, field, valid) \
    EXPORT cudnnStatus_t cudnnSetConvolution##Name(dnn_convolution_descriptor_t descriptor, int value) \
    { \
        DNN_ENTER(); \
        REQUIRE(emu_object_is(descriptor, KIND_convolution_descriptor), CUDNN_STATUS_BAD_PARAM); \
        REQUIRE(valid, CUDNN_STATUS_BAD_PARAM); \
        descriptor->value.field = value; \
        return CUDNN_STATUS_SUCCESS; \
    } \
    EXPORT cudnnStatus_t cudnnGetConvolution##Name(dnn_convolution_descriptor_t descriptor, int *value) \
    { \
        DNN_ENTER(); \
        REQUIRE(emu_object_is(descriptor, KIND_convolution_descriptor) && value != NULL, CUDNN_STATUS_BAD_PARAM); \
        *value = descriptor->value.field; \
        return CUDNN_STATUS_SUCCESS; \
    }
PROPERTY(GroupCount, groups, value >= 1)
PROPERTY(MathType, math_type, value >= MATH_DEFAULT && value <= MATH_FMA)
PROPERTY(ReorderType, reorder, value == 0 || value == 1)
#undef PROPERTY

/* The output dimensions of a convolution of x with w; checks that the three are consistent. */
cudnnStatus_t dnn_convolution_output(const struct convolution *conv, const struct tensor *x, const struct tensor *w,
                                     int *dimensions)
{
    REQUIRE(x->rank == conv->rank + 2 && w->rank == x->rank, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(x->dim[1] == w->dim[1] * conv->groups, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(w->dim[0] % conv->groups == 0, CUDNN_STATUS_BAD_PARAM);
    dimensions[0] = x->dim[0];
    dimensions[1] = w->dim[0];
    for (int i = 0; i < conv->rank; i++) {
        dimensions[i + 2] = dnn_output_size(x->dim[i + 2], w->dim[i + 2], conv->pad[i], conv->stride[i],
                                            conv->dilation[i]);
        /* The window may not be larger than the padded input. */
        REQUIRE(dimensions[i + 2] > 0, CUDNN_STATUS_BAD_PARAM);
    }
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetConvolutionNdForwardOutputDim(dnn_convolution_descriptor_t conv, dnn_tensor_descriptor_t x,
                                                           dnn_filter_descriptor_t w, int rank, int *dimensions)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(conv, KIND_convolution_descriptor) && dnn_is_set(x, KIND_tensor_descriptor)
                && dnn_is_set(w, KIND_filter_descriptor) && dimensions != NULL,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(rank >= x->value.rank, CUDNN_STATUS_BAD_PARAM);
    return dnn_convolution_output(&conv->value, &x->value, &w->value.tensor, dimensions);
}

EXPORT cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(dnn_convolution_descriptor_t conv, dnn_tensor_descriptor_t x,
                                                           dnn_filter_descriptor_t filter, int *n, int *c, int *h,
                                                           int *w)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(conv, KIND_convolution_descriptor) && dnn_is_set(x, KIND_tensor_descriptor)
                && dnn_is_set(filter, KIND_filter_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(conv->value.rank == 2, CUDNN_STATUS_BAD_PARAM);
    int dimensions[MAX_RANK];
    PROPAGATE(dnn_convolution_output(&conv->value, &x->value, &filter->value.tensor, dimensions));
    *n = dimensions[0], *c = dimensions[1], *h = dimensions[2], *w = dimensions[3];
    return CUDNN_STATUS_SUCCESS;
}
