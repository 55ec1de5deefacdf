/* Finalises a backend descriptor: checks that its attributes are complete and consistent, and turns them into plain values. */
#define _GNU_SOURCE
#include "backend.h"

#include "real.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t int64_at(const struct attribute *attribute, int64_t i)
{
    return ((const int64_t *)attribute->values)[i];
}

static int int_of(cudnnBackendDescriptor_t d, int name, int otherwise)
{
    const struct attribute *attribute = backend_attribute(d, name);
    return attribute == NULL || attribute->count < 1 ? otherwise : *(const int *)attribute->values;
}

static double real_of(cudnnBackendDescriptor_t d, int name, double otherwise)
{
    const struct attribute *attribute = backend_attribute(d, name);
    if (attribute == NULL || attribute->count < 1)
        return otherwise;
    return attribute->type == A_FLOAT ? (double)*(const float *)attribute->values : *(const double *)attribute->values;
}

static bool bool_of(cudnnBackendDescriptor_t d, int name)
{
    const struct attribute *attribute = backend_attribute(d, name);
    return attribute != NULL && attribute->count > 0 && *(const bool *)attribute->values;
}

/* The finalised descriptor of the given type that an attribute refers to, or NULL. */
static cudnnBackendDescriptor_t referred(cudnnBackendDescriptor_t d, int name, int type)
{
    const struct attribute *attribute = backend_attribute(d, name);
    if (attribute == NULL || attribute->count != 1)
        return NULL;
    cudnnBackendDescriptor_t other = *(cudnnBackendDescriptor_t *)attribute->values;
    return emu_object_is(other, KIND_backend_descriptor) && other->type == type && other->finalized ? other : NULL;
}

static cudnnStatus_t finalize_tensor(cudnnBackendDescriptor_t d)
{
    const struct attribute *dims = backend_attribute(d, TENSOR_DIMENSIONS);
    const struct attribute *strides = backend_attribute(d, TENSOR_STRIDES);
    const struct attribute *id = backend_attribute(d, TENSOR_ID), *alignment = backend_attribute(d, TENSOR_ALIGNMENT);
    REQUIRE(backend_attribute(d, TENSOR_TYPE) != NULL && dims != NULL && strides != NULL && id != NULL
                && alignment != NULL,
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dims->count >= 1 && dims->count <= MAX_RANK && strides->count == dims->count, CUDNN_STATUS_BAD_PARAM);
    struct backend_tensor *t = &d->tensor;
    t->tensor = (struct tensor){int_of(d, TENSOR_TYPE, 0), (int)dims->count, {0}, {0}};
    REQUIRE(dnn_element_size(t->tensor.type) != 0, CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    for (int i = 0; i < t->tensor.rank; i++) {
        REQUIRE(int64_at(dims, i) > 0 && int64_at(dims, i) <= INT32_MAX && int64_at(strides, i) >= 0,
                CUDNN_STATUS_BAD_PARAM);
        t->tensor.dim[i] = (int)int64_at(dims, i);
        t->tensor.stride[i] = int64_at(strides, i);
    }
    t->id = int64_at(id, 0);
    t->alignment = int64_at(alignment, 0);
    REQUIRE(t->alignment > 0 && (t->alignment & (t->alignment - 1)) == 0
                && t->alignment % (int64_t)dnn_element_size(t->tensor.type) == 0,
            CUDNN_STATUS_BAD_PARAM);
    t->is_virtual = bool_of(d, TENSOR_VIRTUAL);
    t->by_value = bool_of(d, TENSOR_BY_VALUE);
    REQUIRE(!(t->is_virtual && t->by_value), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(!t->by_value || dnn_elements(&t->tensor) == 1, CUDNN_STATUS_BAD_PARAM);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_convolution(cudnnBackendDescriptor_t d)
{
    const struct attribute *rank = backend_attribute(d, CONV_SPATIAL_DIMS), *pre = backend_attribute(d, CONV_PRE_PAD);
    const struct attribute *post = backend_attribute(d, CONV_POST_PAD), *strides = backend_attribute(d, CONV_STRIDES);
    const struct attribute *dilations = backend_attribute(d, CONV_DILATIONS);
    REQUIRE(rank != NULL && pre != NULL && post != NULL && strides != NULL && dilations != NULL
                && backend_attribute(d, CONV_COMP_TYPE) != NULL && backend_attribute(d, CONV_MODE) != NULL,
            CUDNN_STATUS_BAD_PARAM);
    int64_t n = int64_at(rank, 0);
    REQUIRE(n >= 1 && n <= 3, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(pre->count == n && post->count == n && strides->count == n && dilations->count == n,
            CUDNN_STATUS_BAD_PARAM);
    struct convolution *c = &d->convolution;
    *c = (struct convolution){.rank = (int)n, .mode = int_of(d, CONV_MODE, 0),
                              .compute_type = int_of(d, CONV_COMP_TYPE, 0), .groups = 1};
    REQUIRE(c->compute_type == TYPE_FLOAT || c->compute_type == TYPE_HALF || c->compute_type == TYPE_INT32,
            CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    for (int i = 0; i < n; i++) {
        REQUIRE(int64_at(pre, i) >= 0 && int64_at(post, i) >= 0, CUDNN_STATUS_BAD_PARAM);
        REQUIRE(int64_at(strides, i) > 0 && int64_at(dilations, i) > 0, CUDNN_STATUS_BAD_PARAM);
        c->pad[i] = (int)int64_at(pre, i);
        c->stride[i] = (int)int64_at(strides, i);
        c->dilation[i] = (int)int64_at(dilations, i);
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_pointwise(cudnnBackendDescriptor_t d)
{
    REQUIRE(backend_attribute(d, POINTWISE_MODE) != NULL, CUDNN_STATUS_BAD_PARAM);
    int mode = int_of(d, POINTWISE_MODE, 0);
    bool known = (mode >= 0 && mode <= 22) || (mode >= 100 && mode <= 107) || (mode >= 300 && mode <= 305)
        || (mode >= 400 && mode <= 402) || mode == P_INDEX || mode == P_SELECT;
    REQUIRE(known, CUDNN_STATUS_NOT_SUPPORTED);
    int precision = int_of(d, POINTWISE_MATH_PREC, TYPE_FLOAT);
    REQUIRE(precision == TYPE_FLOAT || (precision == TYPE_INT32 && (mode == P_INDEX || mode == P_ADD || mode == P_IDENTITY))
                || (precision == TYPE_BOOLEAN && mode >= 300 && mode <= 402),
            CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    const struct attribute *axis = backend_attribute(d, POINTWISE_AXIS);
    REQUIRE((mode == P_INDEX) == (axis != NULL), CUDNN_STATUS_BAD_PARAM);
    d->pointwise = (struct backend_pointwise){mode, real_of(d, POINTWISE_RELU_LOWER, 0),
                                              real_of(d, POINTWISE_RELU_UPPER, 3.4e38), real_of(d, POINTWISE_RELU_SLOPE, 0),
                                              real_of(d, POINTWISE_ELU_ALPHA, 1), real_of(d, POINTWISE_SOFTPLUS_BETA, 1),
                                              real_of(d, POINTWISE_SWISH_BETA, 1),
                                              axis == NULL ? 0 : (int)int64_at(axis, 0)};
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Operations ---- */

static cudnnStatus_t finalize_op_convolution(cudnnBackendDescriptor_t d, struct backend_operation *op)
{
    bool forward = d->type == B_OP_CONVOLUTION;
    cudnnBackendDescriptor_t x = referred(d, forward ? OPC_X : OPD_DX, B_TENSOR);
    cudnnBackendDescriptor_t w = referred(d, forward ? OPC_W : OPD_W, B_TENSOR);
    cudnnBackendDescriptor_t y = referred(d, forward ? OPC_Y : OPD_DY, B_TENSOR);
    cudnnBackendDescriptor_t conv = referred(d, forward ? OPC_CONV : OPD_CONV, B_CONVOLUTION);
    REQUIRE(x != NULL && w != NULL && y != NULL && conv != NULL, CUDNN_STATUS_BAD_PARAM);
    const struct tensor *xt = &x->tensor.tensor, *wt = &w->tensor.tensor, *yt = &y->tensor.tensor;
    op->convolution = conv->convolution;
    op->alpha = (float)real_of(d, forward ? OPC_ALPHA : OPD_ALPHA, 1);
    op->beta = (float)real_of(d, forward ? OPC_BETA : OPD_BETA, 0);
    REQUIRE(xt->rank == op->convolution.rank + 2 && wt->rank == xt->rank && yt->rank == xt->rank,
            CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    REQUIRE(xt->dim[1] % wt->dim[1] == 0, CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    op->convolution.groups = xt->dim[1] / wt->dim[1];
    REQUIRE(wt->dim[0] % op->convolution.groups == 0 && yt->dim[0] == xt->dim[0] && yt->dim[1] == wt->dim[0],
            CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    const struct attribute *post = backend_attribute(conv, CONV_POST_PAD);
    for (int i = 0; i < op->convolution.rank; i++) {
        /* The two paddings may differ: their sum determines the size, the first one the position. */
        int extent = (wt->dim[i + 2] - 1) * op->convolution.dilation[i] + 1;
        int padded = xt->dim[i + 2] + op->convolution.pad[i] + (int)int64_at(post, i);
        REQUIRE(padded >= extent && yt->dim[i + 2] == (padded - extent) / op->convolution.stride[i] + 1,
                CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    }
    /* 8-bit values: forward convolutions only, with channels in multiples of 4; integers have integer sums. */
    bool integers = xt->type == TYPE_INT8, narrow = integers || xt->type == TYPE_FP8_E4M3;
    bool fits = forward && wt->dim[1] % 4 == 0 && yt->dim[1] % 4 == 0;
    REQUIRE(xt->type == wt->type && (narrow ? fits : dnn_is_floating(xt->type))
                && integers == (op->convolution.compute_type == TYPE_INT32),
            CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    op->x = x->tensor;
    op->b = w->tensor;
    op->y = y->tensor;
    return CUDNN_STATUS_SUCCESS;
}

static bool takes_two(int mode)
{
    return (mode >= 0 && mode <= 9 && mode != 4) || (mode >= 300 && mode <= 401) || mode == 601;
}

static cudnnStatus_t finalize_op_pointwise(cudnnBackendDescriptor_t d, struct backend_operation *op)
{
    cudnnBackendDescriptor_t pointwise = referred(d, OPP_POINTWISE, B_POINTWISE);
    cudnnBackendDescriptor_t x = referred(d, OPP_X, B_TENSOR), y = referred(d, OPP_Y, B_TENSOR);
    cudnnBackendDescriptor_t b = referred(d, OPP_B, B_TENSOR), t = referred(d, OPP_T, B_TENSOR);
    REQUIRE(pointwise != NULL && x != NULL && y != NULL, CUDNN_STATUS_BAD_PARAM);
    op->pointwise = pointwise->pointwise;
    REQUIRE((b != NULL) == takes_two(op->pointwise.mode), CUDNN_STATUS_BAD_PARAM);
    REQUIRE((t != NULL) == (op->pointwise.mode == 601), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_broadcasts_to(&x->tensor.tensor, &y->tensor.tensor)
                && (b == NULL || dnn_broadcasts_to(&b->tensor.tensor, &y->tensor.tensor))
                && (t == NULL || dnn_broadcasts_to(&t->tensor.tensor, &y->tensor.tensor)),
            CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    REQUIRE(op->pointwise.axis >= 0 && op->pointwise.axis < y->tensor.tensor.rank, CUDNN_STATUS_BAD_PARAM);
    op->alpha = (float)real_of(d, OPP_ALPHA1, 1);
    op->beta = (float)real_of(d, OPP_ALPHA2, 1);
    op->x = x->tensor;
    op->y = y->tensor;
    op->has_b = b != NULL;
    op->has_t = t != NULL;
    if (b != NULL)
        op->b = b->tensor;
    if (t != NULL)
        op->t = t->tensor;
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_op_matmul(cudnnBackendDescriptor_t d, struct backend_operation *op)
{
    cudnnBackendDescriptor_t a = referred(d, OPM_A, B_TENSOR), b = referred(d, OPM_B, B_TENSOR);
    cudnnBackendDescriptor_t c = referred(d, OPM_C, B_TENSOR), matmul = referred(d, OPM_MATMUL, B_MATMUL);
    REQUIRE(a != NULL && b != NULL && c != NULL && matmul != NULL, CUDNN_STATUS_BAD_PARAM);
    const struct tensor *at = &a->tensor.tensor, *bt = &b->tensor.tensor, *ct = &c->tensor.tensor;
    int rank = ct->rank;
    REQUIRE(rank >= 3 && at->rank == rank && bt->rank == rank, CUDNN_STATUS_NOT_SUPPORTED_SHAPE);
    REQUIRE(at->dim[rank - 2] == ct->dim[rank - 2] && bt->dim[rank - 1] == ct->dim[rank - 1]
                && at->dim[rank - 1] == bt->dim[rank - 2],
            CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    for (int i = 0; i < rank - 2; i++)
        REQUIRE((at->dim[i] == ct->dim[i] || at->dim[i] == 1) && ct->dim[i] % bt->dim[i] == 0,
                CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    REQUIRE(dnn_is_floating(at->type) && dnn_is_floating(bt->type), CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    op->x = a->tensor;
    op->b = b->tensor;
    op->y = c->tensor;
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_op_reduction(cudnnBackendDescriptor_t d, struct backend_operation *op)
{
    cudnnBackendDescriptor_t x = referred(d, OPR_X, B_TENSOR), y = referred(d, OPR_Y, B_TENSOR);
    cudnnBackendDescriptor_t reduction = referred(d, OPR_REDUCTION, B_REDUCTION);
    REQUIRE(x != NULL && y != NULL && reduction != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_broadcasts_to(&y->tensor.tensor, &x->tensor.tensor), CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    op->reduction = reduction->reduction;
    op->x = x->tensor;
    op->y = y->tensor;
    return CUDNN_STATUS_SUCCESS;
}

/* The engines accept windows within the padded image; the last one may be cut off. */
static cudnnStatus_t finalize_resample(cudnnBackendDescriptor_t d)
{
    const struct attribute *rank = backend_attribute(d, RESAMPLE_SPATIAL_DIMS);
    const struct attribute *pre = backend_attribute(d, RESAMPLE_PRE_PAD), *post = backend_attribute(d, RESAMPLE_POST_PAD);
    const struct attribute *strides = backend_attribute(d, RESAMPLE_STRIDES), *window = backend_attribute(d, RESAMPLE_WINDOW);
    REQUIRE(rank != NULL && pre != NULL && post != NULL && strides != NULL && window != NULL, CUDNN_STATUS_BAD_PARAM);
    int64_t n = int64_at(rank, 0);
    int mode = int_of(d, RESAMPLE_MODE, -1);
    REQUIRE(n >= 2 && n <= 3 && mode >= 2 && mode <= 4 && int_of(d, RESAMPLE_COMP_TYPE, -1) == TYPE_FLOAT,
            CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(pre->count == n && post->count == n && strides->count == n && window->count == n, CUDNN_STATUS_BAD_PARAM);
    /* cudnnPaddingMode_t: the maximum of a window must not include zeros of the padding. */
    REQUIRE(int_of(d, RESAMPLE_PADDING, 0) == (mode == 3), CUDNN_STATUS_NOT_SUPPORTED);
    static const int modes[] = {[2] = 1, [3] = 0, [4] = 2}; /* of cudnnPoolingMode_t */
    d->pooling = (struct pooling){.mode = modes[mode], .rank = (int)n};
    for (int i = 0; i < n; i++) {
        REQUIRE(int64_at(window, i) > 0 && int64_at(strides, i) > 0 && int64_at(pre, i) >= 0
                    && int64_at(pre, i) == int64_at(post, i) && int64_at(pre, i) < int64_at(window, i),
                CUDNN_STATUS_NOT_SUPPORTED);
        d->pooling.window[i] = (int)int64_at(window, i);
        d->pooling.pad[i] = (int)int64_at(pre, i);
        d->pooling.stride[i] = (int)int64_at(strides, i);
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_op_resample(cudnnBackendDescriptor_t d, struct backend_operation *op)
{
    cudnnBackendDescriptor_t x = referred(d, OPS_X, B_TENSOR), y = referred(d, OPS_Y, B_TENSOR);
    cudnnBackendDescriptor_t resample = referred(d, OPS_RESAMPLE, B_RESAMPLE);
    REQUIRE(x != NULL && y != NULL && resample != NULL, CUDNN_STATUS_BAD_PARAM);
    const struct tensor *xt = &x->tensor.tensor, *yt = &y->tensor.tensor;
    op->pooling = resample->pooling;
    REQUIRE(xt->rank == op->pooling.rank + 2 && yt->rank == xt->rank && xt->dim[0] == yt->dim[0]
                && xt->dim[1] == yt->dim[1],
            CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    for (int i = 0; i < op->pooling.rank; i++) {
        int span = xt->dim[i + 2] + 2 * op->pooling.pad[i] - op->pooling.window[i];
        REQUIRE(span >= 0 && yt->dim[i + 2] == span / op->pooling.stride[i] + 1, CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    }
    REQUIRE(dnn_is_floating(xt->type) && xt->type == yt->type, CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    op->x = x->tensor;
    op->y = y->tensor;
    return CUDNN_STATUS_SUCCESS;
}

/* Normalisation by x's own statistics, over all axes except the first one or two. The real library has no group
 * normalisation, and batch normalisation only for training. */
static cudnnStatus_t finalize_op_norm(cudnnBackendDescriptor_t d, struct backend_operation *op)
{
    cudnnBackendDescriptor_t x = referred(d, OPN_X, B_TENSOR), y = referred(d, OPN_Y, B_TENSOR);
    cudnnBackendDescriptor_t scale = referred(d, OPN_SCALE, B_TENSOR), bias = referred(d, OPN_BIAS, B_TENSOR);
    cudnnBackendDescriptor_t epsilon = referred(d, OPN_EPSILON, B_TENSOR);
    REQUIRE(x != NULL && y != NULL && scale != NULL && epsilon != NULL
                && (bias != NULL || backend_attribute(d, OPN_BIAS) == NULL),
            CUDNN_STATUS_BAD_PARAM);
    op->norm = int_of(d, OPN_MODE, -1);
    REQUIRE(op->norm >= 0 && op->norm <= 5 && backend_attribute(d, OPN_PHASE) != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE((op->norm == N_LAYER || op->norm == N_INSTANCE || op->norm == N_RMS) && int_of(d, OPN_PHASE, -1) == 0,
            CUDNN_STATUS_NOT_SUPPORTED);
    const struct tensor *xt = &x->tensor.tensor, *st = &scale->tensor.tensor;
    REQUIRE(dnn_same_shape(xt, &y->tensor.tensor) && st->rank == xt->rank && st->dim[0] == 1
                && (bias == NULL || dnn_same_shape(st, &bias->tensor.tensor)),
            CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    for (int i = 1; i < xt->rank; i++)
        REQUIRE(st->dim[i] == (op->norm == N_INSTANCE && i > 1 ? 1 : xt->dim[i]),
                CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    REQUIRE(epsilon->tensor.by_value && !x->tensor.is_virtual && !y->tensor.is_virtual, CUDNN_STATUS_NOT_SUPPORTED);
    REQUIRE(dnn_is_floating(xt->type) && dnn_is_floating(st->type) && xt->type == y->tensor.tensor.type,
            CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    op->x = x->tensor;
    op->b = scale->tensor;
    op->y = y->tensor;
    op->has_b = true;
    op->has_t = bias != NULL;
    if (bias != NULL)
        op->t = bias->tensor;
    op->epsilon = epsilon->tensor;
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_operation(cudnnBackendDescriptor_t d)
{
    struct backend_operation op = {.kind = d->type, .alpha = 1};
    switch (d->type) {
    case B_OP_CONVOLUTION: case B_OP_CONVOLUTION_BWD_DATA: PROPAGATE(finalize_op_convolution(d, &op)); break;
    case B_OP_POINTWISE: PROPAGATE(finalize_op_pointwise(d, &op)); break;
    case B_OP_MATMUL: PROPAGATE(finalize_op_matmul(d, &op)); break;
    case B_OP_RESAMPLE: PROPAGATE(finalize_op_resample(d, &op)); break;
    case B_OP_NORM: PROPAGATE(finalize_op_norm(d, &op)); break;
    default: PROPAGATE(finalize_op_reduction(d, &op)); break;
    }
    d->operation = malloc(sizeof op);
    if (d->operation == NULL)
        return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    *d->operation = op;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- The graph, its engines and plans ---- */

static bool is_convolution(int kind)
{
    return kind == B_OP_CONVOLUTION || kind == B_OP_CONVOLUTION_BWD_DATA;
}

static bool is_main(int kind)
{
    return is_convolution(kind) || kind == B_OP_MATMUL;
}

/* Whether operation i reads the result of operation i - 1 and has this kind (and mode or operator). */
static bool follows(const struct backend_graph *graph, int i, int kind, int mode)
{
    const struct backend_operation *op = &graph->operations[i];
    int actual = kind == B_OP_REDUCTION ? op->reduction : kind == B_OP_POINTWISE ? op->pointwise.mode : mode;
    return i < graph->count && op->kind == kind && actual == mode && graph->operations[i - 1].y.is_virtual
        && (op->x.id == graph->operations[i - 1].y.id || op->b.id == graph->operations[i - 1].y.id);
}

static bool is_fused_width(const struct backend_tensor *t, int from_end)
{
    int width = t->tensor.dim[t->tensor.rank - from_end];
    return t->tensor.type != TYPE_FLOAT && t->tensor.rank == 4 && width % 8 == 0 && width <= 256;
}

/* The real library does not reject this; it ends the process. */
static void require_width_innermost(const struct backend_tensor *t, int from_end)
{
    int axis = t->tensor.rank - from_end;
    if (t->tensor.dim[axis] == 1 || t->tensor.stride[axis] == 1)
        return;
    fprintf(stderr, "emulated GPU: an attention whose heads are not packed along their width; cuDNN ends the process\n");
    abort();
}

static bool is_later_hidden(const struct backend_graph *graph, int i, int *after)
{
    const struct backend_operation *ops = graph->operations;
    int64_t score = ops[i - 1].y.id;
    if (!follows(graph, i, B_OP_POINTWISE, P_INDEX))
        return false;
    int at = i + 1 + follows(graph, i + 1, B_OP_POINTWISE, P_ADD);
    bool found = at + 2 < graph->count && ops[at].kind == B_OP_POINTWISE && ops[at].pointwise.mode == P_INDEX
        && follows(graph, at + 1, B_OP_POINTWISE, P_GREATER_OR_EQUAL) && ops[at + 2].kind == B_OP_POINTWISE
        && ops[at + 2].pointwise.mode == P_SELECT && ops[at + 2].x.id == score;
    *after = at + 3;
    return found;
}

/* The flash attention engines (guide, "Mha-fprop"): product, scale, bias, causal mask, a softmax in single operations
 * with its statistics right after the sum, product; 16-bit types, heads up to 256 wide. The real library accepts the
 * operations in any order, the emulation only in the order in which flopmeter adds them. */
static bool is_attention(const struct backend_graph *graph)
{
    const struct backend_operation *ops = graph->operations;
    int i = 1;
    if (ops[0].kind != B_OP_MATMUL)
        return false;
    i += follows(graph, i, B_OP_POINTWISE, P_MULTIPLY);
    i += follows(graph, i, B_OP_POINTWISE, P_ADD);
    const struct backend_tensor *scores = &ops[i - 1].y;
    int after;
    if (is_later_hidden(graph, i, &after)) {
        i = after;
        scores = &ops[i - 1].y;
    }
    bool softmax = graph->count == i + 8 && follows(graph, i, B_OP_REDUCTION, R_MAXIMUM)
        && follows(graph, i + 1, B_OP_POINTWISE, P_SUBTRACT) && ops[i + 1].x.id == scores->id
        && follows(graph, i + 2, B_OP_POINTWISE, P_EXP) && follows(graph, i + 3, B_OP_REDUCTION, R_SUM)
        && follows(graph, i + 4, B_OP_POINTWISE, P_LOG) && follows(graph, i + 5, B_OP_POINTWISE, P_ADD)
        && ops[i + 5].x.id == ops[i].y.id && ops[i + 6].kind == B_OP_POINTWISE
        && ops[i + 6].pointwise.mode == P_DIVIDE && ops[i + 6].x.id == ops[i + 2].y.id
        && ops[i + 6].b.id == ops[i + 3].y.id && follows(graph, i + 7, B_OP_MATMUL, 0)
        && ops[i + 7].x.id == ops[i + 6].y.id;
    if (!softmax || !is_fused_width(&ops[0].x, 1) || !is_fused_width(&ops[0].b, 2)
        || !is_fused_width(&ops[i + 7].b, 1) || !is_fused_width(&ops[i + 7].y, 1) || ops[i + 7].y.is_virtual)
        return false;
    require_width_innermost(&ops[0].x, 1);
    require_width_innermost(&ops[0].b, 2);
    require_width_innermost(&ops[i + 7].b, 1);
    return true;
}

/* The patterns of the runtime fusion engine: pointwise operations around at most one convolution or matrix product,
 * a reduction at the end; and attention. Operations are ordered so that each virtual tensor is computed before it is
 * used. */
static cudnnStatus_t finalize_graph(cudnnBackendDescriptor_t d)
{
    static struct emu_call planned = {"graph planned", 0, NULL}; /* for the report; a restored plan has none */
    emu_enter(&planned);
    const struct attribute *handle = backend_attribute(d, GRAPH_HANDLE), *ops = backend_attribute(d, GRAPH_OPS);
    REQUIRE(handle != NULL && ops != NULL && ops->count > 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_handle(*(cudnnHandle_t *)handle->values), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(ops->count <= MAX_OPERATIONS, CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
    struct backend_graph graph = {0};
    int mains = 0;
    bool taken[MAX_OPERATIONS] = {false};
    while (graph.count < ops->count) {
        int before = graph.count;
        for (int i = 0; i < ops->count; i++) {
            cudnnBackendDescriptor_t other = ((cudnnBackendDescriptor_t *)ops->values)[i];
            REQUIRE(emu_object_is(other, KIND_backend_descriptor) && other->operation != NULL, CUDNN_STATUS_BAD_PARAM);
            const struct backend_operation *op = other->operation;
            const struct backend_tensor *inputs[3] = {op->x.id != op->y.id ? &op->x : NULL,
                                                      is_main(op->kind) || op->has_b ? &op->b : NULL,
                                                      op->has_t ? &op->t : NULL};
            if (op->kind == B_OP_CONVOLUTION_BWD_DATA)
                inputs[0] = &op->y;
            bool ready = !taken[i];
            for (int k = 0; k < 3 && ready; k++) {
                if (inputs[k] == NULL || !inputs[k]->is_virtual)
                    continue;
                ready = false;
                for (int j = 0; j < graph.count && !ready; j++)
                    ready = graph.operations[j].y.id == inputs[k]->id;
            }
            if (!ready)
                continue;
            taken[i] = true;
            mains += is_main(op->kind);
            graph.operations[graph.count++] = *op;
        }
        REQUIRE(graph.count > before, CUDNN_STATUS_BAD_PARAM); /* a virtual tensor that no operation computes */
    }
    bool attention = is_attention(&graph);
    for (int i = 0; i < graph.count && !attention; i++) {
        const struct backend_operation *op = &graph.operations[i];
        if (op->kind != B_OP_MATMUL)
            continue;
        /* Only attention supports heads that share keys, and products with more than one batch axis. */
        REQUIRE(op->y.tensor.rank == 3, CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
        REQUIRE(op->b.tensor.dim[0] == 1 || op->b.tensor.dim[0] == op->y.tensor.dim[0],
                CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    }
    REQUIRE(mains <= 1 || attention, CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
    for (int i = 0; i < graph.count && graph.count > 1; i++)
        REQUIRE(graph.operations[i].kind != B_OP_RESAMPLE && graph.operations[i].kind != B_OP_NORM,
                CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
    for (int i = 0; i + 1 < graph.count && !attention && mains > 0; i++)
        REQUIRE(graph.operations[i].kind != B_OP_REDUCTION, CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
    d->graph = malloc(sizeof graph);
    if (d->graph == NULL)
        return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    *d->graph = graph;
    return CUDNN_STATUS_SUCCESS;
}

static const struct backend_operation *main_operation(const struct backend_graph *graph)
{
    for (int i = 0; i < graph->count; i++)
        if (is_main(graph->operations[i].kind))
            return &graph->operations[i];
    return NULL;
}

/* Graphs without product or convolution for which the real library has an engine: pointwise operations on tensors of rank 3
 * or channels last; one reduction of floats over a matrix's last axis or, channels last, over the channels or all other
 * axes. Other reductions and a softmax can form a graph, but have no engine. */
static bool has_engine_alone(const struct backend_graph *graph)
{
    const struct backend_operation *op = &graph->operations[0];
    const struct tensor *x = &op->x.tensor;
    bool channels_last = x->rank == 4 && x->stride[1] == 1;
    if (op->kind == B_OP_RESAMPLE || op->kind == B_OP_NORM)
        return true;
    if (op->kind == B_OP_REDUCTION) {
        unsigned axes = 0;
        for (int i = 0; i < x->rank; i++)
            axes |= (unsigned)(x->dim[i] != op->y.tensor.dim[i]) << i;
        return graph->count == 1 && x->type == TYPE_FLOAT && (op->reduction == R_SUM || op->reduction == R_MAXIMUM)
            && ((x->rank == 2 && axes == 2) || (channels_last && (axes == 2 || axes == 13)));
    }
    for (int i = 0; i < graph->count; i++)
        if (graph->operations[i].kind != B_OP_POINTWISE)
            return false;
    return x->rank == 3 || channels_last;
}

/* In fp32 there are two engines: one on tensor cores (TF32) and one without. */
int64_t backend_engine_count(const struct backend_graph *graph)
{
    const struct backend_operation *op = main_operation(graph);
    return op == NULL ? has_engine_alone(graph) : op->x.tensor.type == TYPE_FLOAT ? 2 : 1;
}

bool backend_engine_uses_tensor_cores(const struct backend_graph *graph, int64_t engine)
{
    int kind = graph->operations[0].kind;
    return (main_operation(graph) != NULL || kind == B_OP_REDUCTION || kind == B_OP_POINTWISE) && engine == 0;
}

size_t backend_workspace_size(const struct backend_graph *graph)
{
    return main_operation(graph) == NULL ? 0 : 4096;
}

/* ---- A plan as text ---- */

/* A plan as text, byte by byte in hexadecimal, followed by the real library's own text. */
struct noted_plan {
    int64_t engine, engine_number, workspace_size, version;
    struct backend_graph graph;
};

static const char json_head[] = "{\"emulated\":\"", json_real[] = "\",\"real\":";

const char *backend_json(cudnnBackendDescriptor_t plan, int64_t *length)
{
    if (plan->json != NULL) {
        *length = (int64_t)strlen(plan->json);
        return plan->json;
    }
    char *real = emu_switch("unwritable-plans", -1, NULL) ? NULL : real_json(plan);
    if (real == NULL)
        return NULL;
    struct noted_plan *noted = calloc(1, sizeof *noted);
    plan->json = malloc(2 * sizeof *noted + strlen(real) + 64);
    if (noted == NULL || plan->json == NULL)
        abort();
    noted->engine = plan->engine;
    noted->engine_number = plan->engine_number;
    noted->workspace_size = (int64_t)plan->workspace_size;
    noted->version = (int64_t)dnn_version();
    noted->graph.count = plan->graph->count;
    memcpy(noted->graph.operations, plan->graph->operations,
           (size_t)plan->graph->count * sizeof plan->graph->operations[0]);
    size_t bytes = offsetof(struct noted_plan, graph.operations)
        + (size_t)plan->graph->count * sizeof plan->graph->operations[0];
    char *to = stpcpy(plan->json, json_head);
    for (size_t i = 0; i < bytes; i++)
        to += sprintf(to, "%02x", ((const unsigned char *)noted)[i]);
    to = stpcpy(to, json_real);
    to = stpcpy(to, real);
    strcpy(to, "}");
    free(real);
    free(noted);
    *length = (int64_t)strlen(plan->json);
    return plan->json;
}

/* Like the real library, accepts only text that it wrote itself. */
static cudnnStatus_t restore_plan(cudnnBackendDescriptor_t d, const struct attribute *json)
{
    const char *text = json->values, *end = text + json->count;
    REQUIRE((size_t)json->count > sizeof json_head && memcmp(text, json_head, sizeof json_head - 1) == 0,
            CUDNN_STATUS_BAD_PARAM);
    struct noted_plan *noted = calloc(1, sizeof *noted);
    if (noted == NULL)
        return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    size_t bytes = 0;
    unsigned byte;
    for (text += sizeof json_head - 1; end - text >= 2 && *text != '"' && bytes < sizeof *noted; text += 2, bytes++) {
        char digits[3] = {text[0], text[1], 0};
        if (sscanf(digits, "%2x", &byte) != 1)
            break;
        ((unsigned char *)noted)[bytes] = (unsigned char)byte;
    }
    bool whole = bytes > offsetof(struct noted_plan, graph.operations) && noted->version == (int64_t)dnn_version()
        && noted->graph.count > 0 && noted->graph.count <= MAX_OPERATIONS && text < end && *text == '"'
        && bytes == offsetof(struct noted_plan, graph.operations)
            + (size_t)noted->graph.count * sizeof noted->graph.operations[0];
    if (whole) {
        d->graph = malloc(sizeof *d->graph);
        if (d->graph != NULL)
            *d->graph = noted->graph;
        d->engine = noted->engine;
        d->engine_number = noted->engine_number;
        d->workspace_size = (size_t)noted->workspace_size;
    }
    free(noted);
    REQUIRE(whole && d->graph != NULL, CUDNN_STATUS_BAD_PARAM);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_plan(cudnnBackendDescriptor_t d)
{
    const struct attribute *handle = backend_attribute(d, PLAN_HANDLE), *json = backend_attribute(d, PLAN_JSON);
    if (json != NULL) {
        REQUIRE(handle != NULL && dnn_is_handle(*(cudnnHandle_t *)handle->values), CUDNN_STATUS_BAD_PARAM);
        return restore_plan(d, json);
    }
    cudnnBackendDescriptor_t configuration = referred(d, PLAN_CONFIG, B_ENGINECFG);
    REQUIRE(handle != NULL && configuration != NULL && dnn_is_handle(*(cudnnHandle_t *)handle->values),
            CUDNN_STATUS_BAD_PARAM);
    d->graph = configuration->graph;
    d->engine = configuration->engine;
    d->engine_number = configuration->engine_number;
    d->workspace_size = backend_workspace_size(d->graph);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_pack(cudnnBackendDescriptor_t d)
{
    const struct attribute *ids = backend_attribute(d, PACK_IDS), *pointers = backend_attribute(d, PACK_POINTERS);
    const struct attribute *workspace = backend_attribute(d, PACK_WORKSPACE);
    REQUIRE(ids != NULL && pointers != NULL && ids->count == pointers->count, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(ids->count <= 4 * MAX_OPERATIONS, CUDNN_STATUS_NOT_SUPPORTED);
    struct backend_pack *pack = calloc(1, sizeof *pack);
    if (pack == NULL)
        return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    pack->count = (int)ids->count;
    memcpy(pack->ids, ids->values, (size_t)ids->count * 8);
    memcpy(pack->pointers, pointers->values, (size_t)ids->count * 8);
    pack->workspace = workspace == NULL || workspace->count == 0 ? 0 : *(const uint64_t *)workspace->values;
    d->pack = pack;
    for (int i = 0; i < pack->count; i++)
        for (int j = 0; j < i; j++)
            REQUIRE(pack->ids[i] != pack->ids[j], CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t backend_finalize(cudnnBackendDescriptor_t d)
{
    cudnnBackendDescriptor_t other;
    switch (d->type) {
    case B_TENSOR: return finalize_tensor(d);
    case B_CONVOLUTION: return finalize_convolution(d);
    case B_POINTWISE: return finalize_pointwise(d);
    case B_MATMUL:
        REQUIRE(int_of(d, MATMUL_COMP_TYPE, -1) == TYPE_FLOAT, CUDNN_STATUS_BAD_PARAM);
        return CUDNN_STATUS_SUCCESS;
    case B_REDUCTION:
        d->reduction = int_of(d, REDUCTION_OPERATOR, -1);
        REQUIRE(d->reduction >= 0 && d->reduction <= 8 && int_of(d, REDUCTION_COMP_TYPE, -1) == TYPE_FLOAT,
                CUDNN_STATUS_BAD_PARAM);
        return CUDNN_STATUS_SUCCESS;
    case B_RESAMPLE: return finalize_resample(d);
    case B_GRAPH: return finalize_graph(d);
    case B_ENGINEHEUR:
        other = referred(d, HEUR_GRAPH, B_GRAPH);
        REQUIRE(other != NULL && backend_attribute(d, HEUR_MODE) != NULL, CUDNN_STATUS_BAD_PARAM);
        REQUIRE(int_of(d, HEUR_MODE, -1) >= 0 && int_of(d, HEUR_MODE, -1) <= 3, CUDNN_STATUS_BAD_PARAM);
        d->graph = other->graph;
        return CUDNN_STATUS_SUCCESS;
    case B_ENGINE:
        other = referred(d, ENGINE_GRAPH, B_GRAPH);
        REQUIRE(other != NULL && backend_attribute(d, ENGINE_INDEX) != NULL, CUDNN_STATUS_BAD_PARAM);
        d->graph = other->graph;
        d->engine = int64_at(backend_attribute(d, ENGINE_INDEX), 0);
        REQUIRE(d->engine >= 0 && d->engine < backend_engine_count(d->graph), CUDNN_STATUS_NOT_SUPPORTED);
        return CUDNN_STATUS_SUCCESS;
    case B_ENGINECFG:
        other = referred(d, CFG_ENGINE, B_ENGINE);
        REQUIRE(other != NULL, CUDNN_STATUS_BAD_PARAM);
        d->graph = other->graph;
        d->engine = other->engine;
        return CUDNN_STATUS_SUCCESS;
    case B_KNOB_CHOICE: return CUDNN_STATUS_SUCCESS;
    case B_PLAN: return finalize_plan(d);
    case B_VARIANT_PACK: return finalize_pack(d);
    default: return finalize_operation(d);
    }
}
