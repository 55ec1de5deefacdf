/* Runs an execution plan, operation by operation in fp32; virtual tensors exist only here. */
#define _GNU_SOURCE
#include "backend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct execution {
    const struct backend_graph *graph;
    bool tensor_cores;
    struct backend_pack pack;
};

/* Dense fp32 values of the tensors read or computed so far. */
struct values {
    int count;
    struct {
        int64_t id;
        struct dense dense;
    } entries[4 * MAX_OPERATIONS];
};

static uint64_t pointer_of(const struct backend_pack *pack, int64_t id)
{
    for (int i = 0; i < pack->count; i++)
        if (pack->ids[i] == id)
            return pack->pointers[i];
    return 0;
}

static const float *value_of(const struct execution *e, struct values *values, const struct backend_tensor *t,
                             CUresult *error)
{
    for (int i = 0; i < values->count; i++)
        if (values->entries[i].id == t->id)
            return values->entries[i].dense.data;
    struct dense dense;
    if (t->by_value) {
        dense = (struct dense){dnn_floats(1), true, CUDA_SUCCESS};
        dense.data[0] = dnn_scalar(t->tensor.type, (const void *)(uintptr_t)pointer_of(&e->pack, t->id));
    } else {
        dense = dnn_read(&t->tensor, pointer_of(&e->pack, t->id));
    }
    if (dense.error != CUDA_SUCCESS) {
        *error = dense.error;
        return NULL;
    }
    values->entries[values->count].id = t->id;
    values->entries[values->count++].dense = dense;
    return dense.data;
}

/* Keeps a virtual result, rounded to its declared type; writes any other result to memory. */
static CUresult put(const struct execution *e, struct values *values, const struct backend_tensor *t, float *data,
                    float alpha, float beta)
{
    int64_t count = dnn_elements(&t->tensor);
    if (!t->is_virtual) {
        CUresult error = dnn_write(&t->tensor, pointer_of(&e->pack, t->id), data, alpha, beta);
        if (error != CUDA_SUCCESS) {
            free(data);
            return error;
        }
    }
    for (int64_t i = 0; i < count; i++)
        data[i] = dnn_round_to(t->tensor.type, alpha * data[i]);
    values->entries[values->count].id = t->id;
    values->entries[values->count++].dense = (struct dense){data, true, CUDA_SUCCESS};
    return CUDA_SUCCESS;
}

static float unary(const struct backend_pointwise *p, float x)
{
    switch (p->mode) {
    case 4: return sqrtf(x);
    case 10: return fabsf(x);
    case 11: return ceilf(x);
    case 12: return cosf(x);
    case 13: return expf(x);
    case 14: return floorf(x);
    case 15: return logf(x);
    case 16: return -x;
    case 17: return 1 / sqrtf(x);
    case 18: return sinf(x);
    case 19: return tanf(x);
    case 20: return erff(x);
    case 22: return 1 / x;
    case 100: return x < (float)p->lower ? (float)p->lower + (float)p->slope * (x - (float)p->lower)
                   : x > (float)p->upper ? (float)p->upper : x;
    case 101: return tanhf(x);
    case 102: return 1 / (1 + expf(-x));
    case 103: return x > 0 ? x : (float)p->elu_alpha * expm1f(x);
    case 104: return 0.5f * x * (1 + erff(x * 0.70710678f));
    case 105: return log1pf(expf(-fabsf((float)p->softplus_beta * x))) / (float)p->softplus_beta + fmaxf(x, 0);
    case 106: return x / (1 + expf((float)-p->swish_beta * x));
    case 107: return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    case 402: return x == 0;
    default: return x;
    }
}

static float binary(int mode, float x, float b)
{
    switch (mode) {
    case 0: return x + b;
    case 1: return x * b;
    case 2: return fminf(x, b);
    case 3: return fmaxf(x, b);
    case 5: return x + b * b;
    case 6: return x / b;
    case 7: return x - floorf(x / b) * b;
    case 8: return powf(x, b);
    case 9: return x - b;
    case 300: return x == b;
    case 301: return x != b;
    case 302: return x > b;
    case 303: return x >= b;
    case 304: return x < b;
    case 305: return x <= b;
    case 400: return x != 0 && b != 0;
    default: return x != 0 || b != 0;
    }
}

static void pointwise(const struct backend_operation *op, const float *x, const float *b, const float *t, float *y)
{
    const struct tensor *shape = &op->y.tensor;
    int64_t count = dnn_elements(shape);
    if (op->pointwise.mode == P_INDEX) {
        int64_t inner = 1;
        for (int i = op->pointwise.axis + 1; i < shape->rank; i++)
            inner *= shape->dim[i];
        for (int64_t i = 0; i < count; i++)
            y[i] = (float)(i / inner % shape->dim[op->pointwise.axis]);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        float left = op->alpha * x[dnn_broadcast_index(shape, &op->x.tensor, i)];
        if (!op->has_b) {
            y[i] = unary(&op->pointwise, left);
            continue;
        }
        float right = op->beta * b[dnn_broadcast_index(shape, &op->b.tensor, i)];
        if (op->has_t)
            y[i] = t[dnn_broadcast_index(shape, &op->t.tensor, i)] != 0 ? left : right;
        else
            y[i] = binary(op->pointwise.mode, left, right);
    }
}

/* A copy of the values, rounded to TF32 if tensor cores process fp32. */
static float *main_input(const struct execution *e, const struct backend_tensor *t, const float *values)
{
    int64_t count = dnn_elements(&t->tensor);
    float *copy = dnn_floats(count);
    memcpy(copy, values, (size_t)count * sizeof(float));
    if ((e->tensor_cores || emu_switch("secret-tf32", -1, NULL)) && t->tensor.type == TYPE_FLOAT)
        dnn_round_inputs(copy, count);
    return copy;
}

static void matmul(const struct backend_operation *op, const float *a, const float *b, float *c)
{
    int rank = op->y.tensor.rank;
    int64_t m = op->x.tensor.dim[rank - 2], k = op->x.tensor.dim[rank - 1], n = op->b.tensor.dim[rank - 1];
    int64_t batches = dnn_elements(&op->y.tensor) / (m * n);
    for (int64_t i = 0; i < batches; i++) {
        /* Both operands' batch dimensions broadcast, and neighbouring heads may share a matrix of b: finds each operand's
         * matrix by the first element of the result's. */
        int64_t a_index = 0, b_index = 0, a_step = 1, b_step = 1, rest = i;
        for (int d = rank - 3; d >= 0; d--) {
            int64_t at = rest % op->y.tensor.dim[d];
            rest /= op->y.tensor.dim[d];
            a_index += op->x.tensor.dim[d] == 1 ? 0 : at * a_step;
            b_index += at / (op->y.tensor.dim[d] / op->b.tensor.dim[d]) * b_step;
            a_step *= op->x.tensor.dim[d];
            b_step *= op->b.tensor.dim[d];
        }
        struct gemm_matrix matrix = {b + b_index * k * n, n, 1};
        struct gemm_b right = dnn_gemm_matrix(&matrix);
        dnn_gemm(m, n, k, a + a_index * m * k, k, 1, &right, c + i * m * n, n, 2);
    }
}

/* Normalises each row by its own mean and variance, or by the mean of its squares. */
static void normalize(const struct backend_operation *op, const float *x, const float *scale, const float *bias,
                      float epsilon, float *y)
{
    const struct tensor *shape = &op->x.tensor;
    bool instance = op->norm == N_INSTANCE;
    int64_t count = dnn_elements(shape), rows = (int64_t)shape->dim[0] * (instance ? shape->dim[1] : 1);
    int64_t length = count / rows;
    for (int64_t row = 0; row < rows; row++) {
        const float *from = x + row * length;
        double mean = 0, square = 0;
        for (int64_t i = 0; i < length && op->norm != N_RMS; i++)
            mean += from[i] / (double)length;
        for (int64_t i = 0; i < length; i++)
            square += (from[i] - mean) * (from[i] - mean) / (double)length;
        for (int64_t i = 0; i < length; i++) {
            int64_t p = instance ? row % shape->dim[1] : i;
            float value = (float)((from[i] - mean) / sqrt(square + epsilon)) * scale[p];
            y[row * length + i] = bias == NULL ? value : value + bias[p];
        }
    }
}

static CUresult run_operation(const struct execution *e, struct values *values, const struct backend_operation *op)
{
    CUresult error = CUDA_SUCCESS;
    bool backward = op->kind == B_OP_CONVOLUTION_BWD_DATA;
    const struct backend_tensor *input = backward ? &op->y : &op->x, *output = backward ? &op->x : &op->y;
    bool has_b = op->has_b || backward || op->kind == B_OP_CONVOLUTION || op->kind == B_OP_MATMUL;
    const float *x = value_of(e, values, input, &error);
    const float *b = has_b && error == CUDA_SUCCESS ? value_of(e, values, &op->b, &error) : NULL;
    const float *t = op->has_t && error == CUDA_SUCCESS ? value_of(e, values, &op->t, &error) : NULL;
    if (error != CUDA_SUCCESS)
        return error;
    float *y = dnn_floats(dnn_elements(&output->tensor));
    if (op->kind == B_OP_POINTWISE) {
        pointwise(op, x, b, t, y);
        return put(e, values, output, y, 1, 0);
    }
    if (op->kind == B_OP_REDUCTION) {
        dnn_reduce(op->reduction, &op->x.tensor, x, &op->y.tensor, y);
        return put(e, values, output, y, 1, 0);
    }
    if (op->kind == B_OP_NORM) {
        const float *epsilon = value_of(e, values, &op->epsilon, &error);
        normalize(op, x, b, t, *epsilon, y);
        return put(e, values, output, y, 1, 0);
    }
    if (op->kind == B_OP_RESAMPLE) {
        dnn_pool(&op->pooling, &op->x.tensor, x, &op->y.tensor, y);
        return put(e, values, output, y, 1, 0);
    }
    float *left = main_input(e, input, x), *right = main_input(e, &op->b, b);
    if (op->kind == B_OP_MATMUL)
        matmul(op, left, right, y);
    else if (backward)
        dnn_convolve_back(&op->convolution, &op->b.tensor, right, &op->y.tensor, left, &op->x.tensor, y);
    else
        dnn_convolve(&op->convolution, &op->x.tensor, left, &op->b.tensor, right, &op->y.tensor, y);
    free(left);
    free(right);
    if (op->kind == B_OP_MATMUL)
        return put(e, values, output, y, 1, 0);
    float wrong = op->kind == B_OP_CONVOLUTION && emu_switch("wrong-convolutions", -1, NULL) ? 2 : 1;
    return put(e, values, output, y, wrong * op->alpha, op->beta);
}

static CUresult run(void *parameters)
{
    const struct execution *e = parameters;
    struct values *values = calloc(1, sizeof *values);
    CUresult error = CUDA_SUCCESS;
    if (values == NULL)
        abort();
    for (int i = 0; i < e->graph->count && error == CUDA_SUCCESS; i++)
        error = run_operation(e, values, &e->graph->operations[i]);
    for (int i = 0; i < values->count; i++)
        dnn_release(&values->entries[i].dense);
    free(values);
    return error;
}

static cudnnStatus_t check_tensor(const struct backend_tensor *t, const struct backend_pack *pack)
{
    if (t->tensor.rank == 0 || t->is_virtual)
        return CUDNN_STATUS_SUCCESS;
    uint64_t pointer = pointer_of(pack, t->id);
    REQUIRE(pointer != 0, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    REQUIRE(t->by_value || pointer % (uint64_t)t->alignment == 0, CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t backend_execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack)
{
    for (int i = 0; i < plan->graph->count; i++) {
        const struct backend_operation *op = &plan->graph->operations[i];
        PROPAGATE(check_tensor(&op->x, pack->pack));
        PROPAGATE(check_tensor(&op->b, pack->pack));
        PROPAGATE(check_tensor(&op->t, pack->pack));
        PROPAGATE(check_tensor(&op->y, pack->pack));
        PROPAGATE(check_tensor(&op->epsilon, pack->pack));
    }
    if (plan->workspace_size > 0)
        REQUIRE(emu_host(pack->pack->workspace, plan->workspace_size) != NULL, CUDNN_STATUS_BAD_PARAM);
    struct execution execution = {plan->graph, backend_engine_uses_tensor_cores(plan->graph, plan->engine),
                                  *pack->pack};
    return dnn_submit(handle, run, &execution, sizeof execution);
}
