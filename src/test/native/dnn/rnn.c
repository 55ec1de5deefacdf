/* Forward inference of recurrent networks: ReLU, tanh, LSTM and GRU cells, stacked and bidirectional. */
#define _GNU_SOURCE
#include "rnn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct rnn_work {
    struct rnn rnn;
    struct rnn_data x_data, y_data;
    uint64_t x, y, hx, hy, cx, cy, weights;
};

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* The element of step t, sequence b in the given layout, in vectors. */
static int64_t place(const struct rnn_data *data, int t, int b)
{
    if (data->layout == SEQUENCE_MAJOR_UNPACKED)
        return (int64_t)t * data->batch + b;
    if (data->layout == BATCH_MAJOR_UNPACKED)
        return (int64_t)b * data->max_length + t;
    int64_t before = 0; /* packed: each step holds only the sequences that reach it */
    for (int i = 0; i < data->batch; i++)
        before += data->lengths[i] < t ? data->lengths[i] : t;
    return before + b;
}

static int64_t vectors(const struct rnn_data *data)
{
    if (data->layout != SEQUENCE_MAJOR_PACKED)
        return (int64_t)data->max_length * data->batch;
    int64_t total = 0;
    for (int i = 0; i < data->batch; i++)
        total += data->lengths[i];
    return total;
}

/* One cell at one step: `input` holds W x + b of each gate; h and c are updated. */
static void step(const struct rnn *rnn, const float *input, const float *recurrent_weights, const float *recurrent_bias,
                 float *h, float *c)
{
    int size = rnn->hidden_size, gates = rnn_gates(rnn->cell);
    float *recurrent = dnn_floats((int64_t)gates * size);
    for (int i = 0; i < gates * size; i++) {
        float sum = 0;
        for (int j = 0; j < size; j++)
            sum += recurrent_weights[(int64_t)i * size + j] * h[j];
        recurrent[i] = sum + recurrent_bias[i];
    }
    for (int i = 0; i < size; i++) {
        if (rnn->cell == RNN_LSTM) {
            float in = sigmoid(input[i] + recurrent[i]), forget = sigmoid(input[size + i] + recurrent[size + i]);
            float new = tanhf(input[2 * size + i] + recurrent[2 * size + i]);
            float out = sigmoid(input[3 * size + i] + recurrent[3 * size + i]);
            c[i] = forget * c[i] + in * new;
            h[i] = out * tanhf(c[i]);
        } else if (rnn->cell == RNN_GRU) {
            float reset = sigmoid(input[i] + recurrent[i]), update = sigmoid(input[size + i] + recurrent[size + i]);
            float new = tanhf(input[2 * size + i] + reset * recurrent[2 * size + i]);
            h[i] = (1 - update) * new + update * h[i];
        } else {
            float sum = input[i] + recurrent[i];
            h[i] = rnn->cell == RNN_TANH ? tanhf(sum) : sum > 0 ? sum : 0;
        }
        h[i] = dnn_round_to(rnn->type, h[i]);
    }
    free(recurrent);
}

static void bias_of(const struct rnn *rnn, const float *weights, int pseudo_layer, int first, float *bias)
{
    for (int gate = 0; gate < rnn_gates(rnn->cell); gate++) {
        int64_t offset = rnn_bias_offset(rnn, pseudo_layer, first + gate);
        for (int i = 0; i < rnn->hidden_size; i++)
            bias[gate * rnn->hidden_size + i] = offset < 0 ? 0 : weights[offset + i];
    }
}

/* One layer in one direction over all sequences; x and y hold a vector per (step, sequence), laid out as x_data says. */
static void run_layer(const struct rnn_work *work, const float *weights, int pseudo_layer, const float *x, float *y,
                      float *h, float *c)
{
    const struct rnn *rnn = &work->rnn;
    int gates = rnn_gates(rnn->cell), size = rnn->hidden_size, direction = pseudo_layer % rnn->directions;
    int columns, recurrent_columns;
    const float *w = weights + rnn_matrix_offset(rnn, pseudo_layer, 0, &columns);
    const float *r = weights + rnn_matrix_offset(rnn, pseudo_layer, gates, &recurrent_columns);
    int64_t total = vectors(&work->x_data);
    float *input = dnn_floats(total * gates * size);
    float *input_bias = dnn_floats((int64_t)gates * size), *recurrent_bias = dnn_floats((int64_t)gates * size);
    bias_of(rnn, weights, pseudo_layer, 0, input_bias);
    bias_of(rnn, weights, pseudo_layer, gates, recurrent_bias);
    /* The input products of all steps at once: rows are vectors, columns are gates. */
    struct gemm_matrix transposed = {w, 1, columns};
    struct gemm_b right = dnn_gemm_matrix(&transposed);
    dnn_gemm(total, (int64_t)gates * size, columns, x, columns, 1, &right, input, (int64_t)gates * size, 2);
    for (int64_t i = 0; i < total * gates * size; i++)
        input[i] += input_bias[i % (gates * size)];
    for (int b = 0; b < work->x_data.batch; b++) {
        int length = work->x_data.lengths[b];
        for (int i = 0; i < length; i++) {
            int64_t at = place(&work->x_data, direction == 0 ? i : length - 1 - i, b);
            step(rnn, input + at * gates * size, r, recurrent_bias, h + b * size, c + b * size);
            memcpy(y + (at * rnn->directions + direction) * size, h + b * size, (size_t)size * sizeof(float));
        }
    }
    free(input);
    free(input_bias);
    free(recurrent_bias);
}

static struct tensor flat(int type, int64_t count)
{
    return (struct tensor){type, 1, {(int)count}, {1}};
}

/* The initial or final state; zero if no buffer is given. */
static CUresult read_state(const struct tensor *shape, uint64_t address, float *state)
{
    memset(state, 0, (size_t)dnn_elements(shape) * sizeof(float));
    if (address == 0)
        return CUDA_SUCCESS;
    struct dense dense = dnn_read(shape, address);
    if (dense.error == CUDA_SUCCESS)
        memcpy(state, dense.data, (size_t)dnn_elements(shape) * sizeof(float));
    dnn_release(&dense);
    return dense.error;
}

static void round_weights(const struct rnn *rnn, struct dense *dense, int64_t count)
{
    struct convolution math = {.math_type = rnn->math_type};
    if (!dnn_uses_tf32(&math, rnn->type))
        return;
    float *copy = dnn_floats(count);
    memcpy(copy, dense->data, (size_t)count * sizeof(float));
    dnn_round_inputs(copy, count);
    dnn_release(dense);
    *dense = (struct dense){copy, true, CUDA_SUCCESS};
}

static CUresult run(void *parameters)
{
    const struct rnn_work *work = parameters;
    const struct rnn *rnn = &work->rnn;
    int64_t total = vectors(&work->x_data), wide = (int64_t)rnn->hidden_size * rnn->directions;
    int64_t states = (int64_t)rnn->layers * rnn->directions * work->x_data.batch * rnn->hidden_size;
    struct tensor x_shape = flat(rnn->type, total * rnn->input_size), y_shape = flat(rnn->type, total * wide);
    struct tensor weight_shape = flat(rnn->type, rnn_weight_elements(rnn)), state_shape = flat(rnn->type, states);
    struct dense x = dnn_read(&x_shape, work->x), weights = dnn_read(&weight_shape, work->weights);
    float *h = dnn_floats(states), *c = dnn_floats(states);
    CUresult error = x.error != CUDA_SUCCESS ? x.error : weights.error;
    if (error == CUDA_SUCCESS)
        error = read_state(&state_shape, work->hx, h);
    if (error == CUDA_SUCCESS)
        error = read_state(&state_shape, work->cx, c);
    if (error == CUDA_SUCCESS) {
        round_weights(rnn, &weights, rnn_weight_elements(rnn));
        float *current = x.data, *next = NULL;
        for (int layer = 0; layer < rnn->layers; layer++) {
            next = dnn_floats(total * wide);
            for (int64_t i = 0; i < total * wide; i++)
                next[i] = work->y_data.padding;
            for (int direction = 0; direction < rnn->directions; direction++) {
                int pseudo_layer = layer * rnn->directions + direction;
                int64_t state = (int64_t)pseudo_layer * work->x_data.batch * rnn->hidden_size;
                run_layer(work, weights.data, pseudo_layer, current, next, h + state, c + state);
            }
            if (current != x.data)
                free(current);
            current = next;
        }
        error = dnn_write(&y_shape, work->y, current, 1, 0);
        free(current);
        if (error == CUDA_SUCCESS && work->hy != 0)
            error = dnn_write(&state_shape, work->hy, h, 1, 0);
        if (error == CUDA_SUCCESS && work->cy != 0 && rnn->cell == RNN_LSTM)
            error = dnn_write(&state_shape, work->cy, c, 1, 0);
    }
    free(h);
    free(c);
    dnn_release(&x);
    dnn_release(&weights);
    return error;
}

static cudnnStatus_t check_data(const struct rnn *rnn, const struct rnn_data *x, const struct rnn_data *y)
{
    REQUIRE(x->type == rnn->type && y->type == rnn->type, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(x->vector == rnn->input_size && y->vector == rnn->hidden_size * rnn->directions, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(x->layout == y->layout && x->batch == y->batch && x->max_length == y->max_length, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(memcmp(x->lengths, y->lengths, sizeof x->lengths) == 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(x->layout == SEQUENCE_MAJOR_PACKED || rnn->flags & PADDED_IO_ENABLED, CUDNN_STATUS_BAD_PARAM);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t check_state(const struct rnn *rnn, int batch, dnn_tensor_descriptor_t descriptor)
{
    REQUIRE(dnn_is_set(descriptor, KIND_tensor_descriptor), CUDNN_STATUS_BAD_PARAM);
    const struct tensor *t = &descriptor->value;
    REQUIRE(t->rank == 3 && t->dim[0] == rnn->layers * rnn->directions && t->dim[1] == batch
                && t->dim[2] == rnn->hidden_size && t->type == rnn->type && dnn_is_packed(t, FORMAT_NCHW),
            CUDNN_STATUS_BAD_PARAM);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, dnn_rnn_descriptor_t descriptor, int mode,
                                     uint64_t device_lengths, dnn_rnn_data_descriptor_t x_desc, uint64_t x,
                                     dnn_rnn_data_descriptor_t y_desc, uint64_t y, dnn_tensor_descriptor_t h_desc,
                                     uint64_t hx, uint64_t hy, dnn_tensor_descriptor_t c_desc, uint64_t cx, uint64_t cy,
                                     size_t weight_size, uint64_t weights, size_t workspace_size, uint64_t workspace,
                                     size_t reserve_size, uint64_t reserve)
{
    DNN_ENTER();
    (void)device_lengths; /* not needed since 8.9.1: the descriptors hold them */
    (void)reserve_size;
    (void)reserve;
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(descriptor, KIND_rnn_descriptor)
                && dnn_is_set(x_desc, KIND_rnn_data_descriptor) && dnn_is_set(y_desc, KIND_rnn_data_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(mode == 0, CUDNN_STATUS_NOT_SUPPORTED); /* inference only */
    REQUIRE(x != 0 && y != 0 && weights != 0, CUDNN_STATUS_BAD_PARAM);
    const struct rnn *rnn = &descriptor->value;
    PROPAGATE(check_data(rnn, &x_desc->value, &y_desc->value));
    if (hx != 0 || hy != 0)
        PROPAGATE(check_state(rnn, x_desc->value.batch, h_desc));
    if (rnn->cell == RNN_LSTM && (cx != 0 || cy != 0))
        PROPAGATE(check_state(rnn, x_desc->value.batch, c_desc));
    REQUIRE(weight_size >= (size_t)rnn_weight_elements(rnn) * dnn_element_size(rnn->type),
            CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
    size_t needed = rnn_workspace(rnn, &x_desc->value);
    REQUIRE(workspace_size >= needed, CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
    REQUIRE(emu_host(workspace, needed) != NULL, CUDNN_STATUS_BAD_PARAM);
    struct rnn_work work = {*rnn, x_desc->value, y_desc->value, x, y, hx, hy, rnn->cell == RNN_LSTM ? cx : 0, cy, weights};
    return dnn_submit(handle, run, &work, sizeof work);
}
