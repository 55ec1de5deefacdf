/* Tensor and filter descriptors, and properties of shapes. */
#define _GNU_SOURCE
#include "dnn.h"

size_t dnn_element_size(int type)
{
    switch (type) {
    case TYPE_FLOAT: case TYPE_INT32: case TYPE_INT8X4: case TYPE_UINT8X4: return 4;
    case TYPE_DOUBLE: case TYPE_INT64: return 8;
    case TYPE_HALF: case TYPE_BFLOAT16: return 2;
    case TYPE_INT8: case TYPE_UINT8: case TYPE_BOOLEAN: case TYPE_FP8_E4M3: return 1;
    case TYPE_INT8X32: return 32;
    default: return 0;
    }
}

bool dnn_is_floating(int type)
{
    return type == TYPE_FLOAT || type == TYPE_HALF || type == TYPE_BFLOAT16;
}

int64_t dnn_elements(const struct tensor *tensor)
{
    int64_t elements = 1;
    for (int i = 0; i < tensor->rank; i++)
        elements *= tensor->dim[i];
    return elements;
}

bool dnn_same_shape(const struct tensor *a, const struct tensor *b)
{
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->dim[i] == b->dim[i];
    return same;
}

bool dnn_broadcasts_to(const struct tensor *small, const struct tensor *large)
{
    bool fits = small->rank == large->rank;
    for (int i = 0; fits && i < small->rank; i++)
        fits = small->dim[i] == large->dim[i] || small->dim[i] == 1;
    return fits;
}

/* The position in the dense `small` for each element of `large`, to whose shape it broadcasts. */
int64_t dnn_broadcast_index(const struct tensor *large, const struct tensor *small, int64_t element)
{
    int64_t index = 0, step = 1;
    for (int i = large->rank - 1; i >= 0; i--) {
        if (small->dim[i] != 1)
            index += element % large->dim[i] * step;
        step *= small->dim[i];
        element /= large->dim[i];
    }
    return index;
}

/* NCHW: row-major in the order of the dimensions. NHWC: the second dimension (channels) varies fastest. */
void dnn_set_strides(struct tensor *tensor, int format)
{
    int64_t step = 1;
    if (format == FORMAT_NHWC) {
        tensor->stride[1] = 1;
        step = tensor->dim[1];
    }
    for (int i = tensor->rank - 1; i >= 0; i--) {
        if (format == FORMAT_NHWC && i == 1)
            continue;
        tensor->stride[i] = step;
        step *= tensor->dim[i];
    }
}

bool dnn_is_packed(const struct tensor *tensor, int format)
{
    struct tensor packed = *tensor;
    dnn_set_strides(&packed, format);
    for (int i = 0; i < tensor->rank; i++)
        if (tensor->dim[i] != 1 && tensor->stride[i] != packed.stride[i])
            return false;
    return true;
}

size_t dnn_span_bytes(const struct tensor *tensor)
{
    int64_t last = 0;
    for (int i = 0; i < tensor->rank; i++)
        last += (int64_t)(tensor->dim[i] - 1) * tensor->stride[i];
    return (size_t)(last + 1) * dnn_element_size(tensor->type);
}

/* Whether there is a pair of indices whose elements are `distance` apart. The index differences in dimension i range from
 * 1 - b's size to a's size - 1; with larger strides first, only two multiples of each need to be tried. */
static bool meets(const struct tensor *a, const struct tensor *b, const int *order, int depth, int64_t distance)
{
    if (depth == a->rank)
        return distance == 0;
    int i = order[depth];
    int64_t stride = a->stride[i], low = distance / stride - (distance % stride < 0);
    for (int64_t q = low; q <= low + 1; q++)
        if (q >= 1 - b->dim[i] && q <= a->dim[i] - 1 && meets(a, b, order, depth + 1, distance - q * stride))
            return true;
    return false;
}

/* Whether the two share an element. Slices of one buffer (a concatenation) interleave without sharing any. */
bool dnn_overlap(const struct tensor *a, uint64_t a_address, const struct tensor *b, uint64_t b_address)
{
    if (a_address >= b_address + dnn_span_bytes(b) || b_address >= a_address + dnn_span_bytes(a))
        return false;
    int64_t bytes = (int64_t)(b_address - a_address), size = (int64_t)dnn_element_size(a->type);
    if (a->rank != b->rank || a->type != b->type || bytes % size != 0)
        return true;
    int order[MAX_RANK];
    for (int i = 0; i < a->rank; i++) {
        if (a->stride[i] != b->stride[i] || a->stride[i] <= 0)
            return true;
        int at = i;
        for (; at > 0 && a->stride[order[at - 1]] < a->stride[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return meets(a, b, order, 0, bytes / size);
}

/* ---- Tensor descriptors ---- */

typedef dnn_tensor_descriptor_t cudnnTensorDescriptor_t;
typedef dnn_filter_descriptor_t cudnnFilterDescriptor_t;

EXPORT cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_tensor_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t set_tensor(cudnnTensorDescriptor_t descriptor, const struct tensor *tensor)
{
    REQUIRE(emu_object_is(descriptor, KIND_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_element_size(tensor->type) != 0, CUDNN_STATUS_BAD_PARAM);
    int64_t last = 0;
    for (int i = 0; i < tensor->rank; i++) {
        REQUIRE(tensor->dim[i] > 0, CUDNN_STATUS_BAD_PARAM);
        REQUIRE(tensor->stride[i] > 0 || tensor->dim[i] == 1, CUDNN_STATUS_BAD_PARAM);
        last += (int64_t)(tensor->dim[i] - 1) * tensor->stride[i];
    }
    REQUIRE(last < 2147483648LL, CUDNN_STATUS_NOT_SUPPORTED); /* 2 giga-elements */
    descriptor->value = *tensor;
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t descriptor, int format, int type, int n, int c,
                                                int h, int w)
{
    DNN_ENTER();
    REQUIRE(format == FORMAT_NCHW || format == FORMAT_NHWC, CUDNN_STATUS_NOT_SUPPORTED);
    struct tensor tensor = {type, 4, {n, c, h, w}, {0}};
    dnn_set_strides(&tensor, format);
    return set_tensor(descriptor, &tensor);
}

EXPORT cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t descriptor, int type, int n, int c, int h,
                                                  int w, int n_stride, int c_stride, int h_stride, int w_stride)
{
    DNN_ENTER();
    struct tensor tensor = {type, 4, {n, c, h, w}, {n_stride, c_stride, h_stride, w_stride}};
    return set_tensor(descriptor, &tensor);
}

EXPORT cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t descriptor, int type, int rank,
                                                const int *dimensions, const int *strides)
{
    DNN_ENTER();
    REQUIRE(rank >= 3 && rank <= MAX_RANK, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(dimensions != NULL && strides != NULL, CUDNN_STATUS_BAD_PARAM);
    struct tensor tensor = {type, rank, {0}, {0}};
    for (int i = 0; i < rank; i++) {
        tensor.dim[i] = dimensions[i];
        tensor.stride[i] = strides[i];
    }
    return set_tensor(descriptor, &tensor);
}

EXPORT cudnnStatus_t cudnnSetTensorNdDescriptorEx(cudnnTensorDescriptor_t descriptor, int format, int type, int rank,
                                                  const int *dimensions)
{
    DNN_ENTER();
    REQUIRE(format == FORMAT_NCHW || format == FORMAT_NHWC, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(rank >= 3 && rank <= MAX_RANK, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(dimensions != NULL, CUDNN_STATUS_BAD_PARAM);
    struct tensor tensor = {type, rank, {0}, {0}};
    for (int i = 0; i < rank; i++)
        tensor.dim[i] = dimensions[i];
    dnn_set_strides(&tensor, format);
    return set_tensor(descriptor, &tensor);
}

EXPORT cudnnStatus_t cudnnGetTensor4dDescriptor(cudnnTensorDescriptor_t descriptor, int *type, int *n, int *c, int *h,
                                                int *w, int *n_stride, int *c_stride, int *h_stride, int *w_stride)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_tensor_descriptor) && descriptor->value.rank == 4, CUDNN_STATUS_BAD_PARAM);
    const struct tensor *t = &descriptor->value;
    *type = t->type;
    *n = t->dim[0], *c = t->dim[1], *h = t->dim[2], *w = t->dim[3];
    *n_stride = (int)t->stride[0], *c_stride = (int)t->stride[1];
    *h_stride = (int)t->stride[2], *w_stride = (int)t->stride[3];
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetTensorNdDescriptor(cudnnTensorDescriptor_t descriptor, int requested, int *type, int *rank,
                                                int *dimensions, int *strides)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(requested >= 0 && requested <= MAX_RANK, CUDNN_STATUS_BAD_PARAM);
    *type = descriptor->value.type;
    *rank = descriptor->value.rank;
    for (int i = 0; i < requested && i < *rank; i++) {
        dimensions[i] = descriptor->value.dim[i];
        strides[i] = (int)descriptor->value.stride[i];
    }
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetTensorSizeInBytes(cudnnTensorDescriptor_t descriptor, size_t *size)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_tensor_descriptor) && size != NULL, CUDNN_STATUS_BAD_PARAM);
    *size = dnn_span_bytes(&descriptor->value);
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Filter descriptors ---- */

EXPORT cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_filter_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_filter_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t set_filter(cudnnFilterDescriptor_t descriptor, int type, int format, int rank,
                                const int *dimensions)
{
    REQUIRE(emu_object_is(descriptor, KIND_filter_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_element_size(type) != 0 && dimensions != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(format == FORMAT_NCHW || format == FORMAT_NHWC, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(rank >= 3 && rank <= MAX_RANK, CUDNN_STATUS_NOT_SUPPORTED);
    struct filter filter = {{type, rank, {0}, {0}}, format};
    for (int i = 0; i < rank; i++) {
        REQUIRE(dimensions[i] > 0, CUDNN_STATUS_BAD_PARAM);
        filter.tensor.dim[i] = dimensions[i];
    }
    dnn_set_strides(&filter.tensor, format);
    descriptor->value = filter;
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t descriptor, int type, int format, int k, int c,
                                                int h, int w)
{
    DNN_ENTER();
    return set_filter(descriptor, type, format, 4, (int[]){k, c, h, w});
}

EXPORT cudnnStatus_t cudnnSetFilterNdDescriptor(cudnnFilterDescriptor_t descriptor, int type, int format, int rank,
                                                const int *dimensions)
{
    DNN_ENTER();
    return set_filter(descriptor, type, format, rank, dimensions);
}

EXPORT cudnnStatus_t cudnnGetFilter4dDescriptor(cudnnFilterDescriptor_t descriptor, int *type, int *format, int *k,
                                                int *c, int *h, int *w)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_filter_descriptor), CUDNN_STATUS_BAD_PARAM);
    const struct tensor *t = &descriptor->value.tensor;
    REQUIRE(t->rank == 4, CUDNN_STATUS_BAD_PARAM);
    *type = t->type;
    *format = descriptor->value.format;
    *k = t->dim[0], *c = t->dim[1], *h = t->dim[2], *w = t->dim[3];
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetFilterNdDescriptor(cudnnFilterDescriptor_t descriptor, int requested, int *type,
                                                int *format, int *rank, int *dimensions)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_filter_descriptor), CUDNN_STATUS_BAD_PARAM);
    *type = descriptor->value.tensor.type;
    *format = descriptor->value.format;
    *rank = descriptor->value.tensor.rank;
    for (int i = 0; i < requested && i < *rank; i++)
        dimensions[i] = descriptor->value.tensor.dim[i];
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetFilterSizeInBytes(cudnnFilterDescriptor_t descriptor, size_t *size)
{
    DNN_ENTER();
    REQUIRE(dnn_is_set(descriptor, KIND_filter_descriptor) && size != NULL, CUDNN_STATUS_BAD_PARAM);
    *size = dnn_span_bytes(&descriptor->value.tensor);
    return CUDNN_STATUS_SUCCESS;
}
