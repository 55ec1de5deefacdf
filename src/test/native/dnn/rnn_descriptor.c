/* Descriptors of recurrent networks, of their sequences and of dropout, and the layout of the weight space. */
#define _GNU_SOURCE
#include "rnn.h"

#include <string.h>

/* ---- Dropout: a descriptor that RNNs require; with a probability of 0 it needs no states. ---- */

DESCRIPTOR(dnn_dropout_descriptor, float);

EXPORT cudnnStatus_t cudnnCreateDropoutDescriptor(dnn_dropout_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_dropout_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyDropoutDescriptor(dnn_dropout_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_dropout_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDropoutGetStatesSize(cudnnHandle_t handle, size_t *size)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && size != NULL, CUDNN_STATUS_BAD_PARAM);
    *size = 65536;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetDropoutDescriptor(dnn_dropout_descriptor_t descriptor, cudnnHandle_t handle,
                                               float probability, uint64_t states, size_t states_size,
                                               unsigned long long seed)
{
    DNN_ENTER();
    (void)seed;
    REQUIRE(emu_object_is(descriptor, KIND_dropout_descriptor) && dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(probability >= 0 && probability <= 1, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(states == 0 || states_size >= 65536, CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
    descriptor->value = probability;
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- The network ---- */

EXPORT cudnnStatus_t cudnnCreateRNNDescriptor(dnn_rnn_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_rnn_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyRNNDescriptor(dnn_rnn_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_rnn_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetRNNDescriptor_v8(dnn_rnn_descriptor_t descriptor, int algorithm, int cell, int bias_mode,
                                              int direction, int input_mode, int type, int precision, int math_type,
                                              int input_size, int hidden_size, int projection_size, int layers,
                                              dnn_dropout_descriptor_t dropout, unsigned flags)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_rnn_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(algorithm >= 0 && algorithm <= 3 && cell >= RNN_RELU && cell <= RNN_GRU, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(bias_mode >= BIAS_NONE && bias_mode <= BIAS_RECURRENT, CUDNN_STATUS_BAD_PARAM);
    REQUIRE((direction == 0 || direction == 1) && (input_mode == 0 || input_mode == 1), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(math_type >= MATH_DEFAULT && math_type <= MATH_FMA, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(input_size > 0 && hidden_size > 0 && layers > 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(projection_size > 0 && projection_size <= hidden_size, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_set(dropout, KIND_dropout_descriptor), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_floating(type) && precision == TYPE_FLOAT, CUDNN_STATUS_NOT_SUPPORTED);
    /* Not emulated: other algorithms, skipping the input product, projection. */
    REQUIRE(algorithm == 0 && input_mode == 0 && projection_size == hidden_size, CUDNN_STATUS_NOT_SUPPORTED);
    descriptor->value = (struct rnn){cell, bias_mode, direction + 1, type, math_type, input_size, hidden_size, layers,
                                     flags};
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

int rnn_gates(int cell)
{
    return cell == RNN_LSTM ? 4 : cell == RNN_GRU ? 3 : 1;
}

static int input_columns(const struct rnn *rnn, int pseudo_layer)
{
    return pseudo_layer < rnn->directions ? rnn->input_size : rnn->hidden_size * rnn->directions;
}

/* The weight space: all matrices, pseudo-layer by pseudo-layer, then all biases. */
int64_t rnn_matrix_offset(const struct rnn *rnn, int pseudo_layer, int gate, int *columns)
{
    int gates = rnn_gates(rnn->cell);
    int64_t offset = 0;
    for (int layer = 0; layer < pseudo_layer; layer++)
        offset += (int64_t)gates * rnn->hidden_size * (input_columns(rnn, layer) + rnn->hidden_size);
    int inputs = input_columns(rnn, pseudo_layer);
    *columns = gate < gates ? inputs : rnn->hidden_size;
    int64_t before = gate < gates ? (int64_t)gate * inputs : (int64_t)gates * inputs + (int64_t)(gate - gates) * rnn->hidden_size;
    return offset + before * rnn->hidden_size;
}

static int64_t matrix_elements(const struct rnn *rnn)
{
    int columns, last = rnn->layers * rnn->directions - 1, gates = rnn_gates(rnn->cell);
    return rnn_matrix_offset(rnn, last, 2 * gates - 1, &columns) + (int64_t)rnn->hidden_size * rnn->hidden_size;
}

int64_t rnn_bias_offset(const struct rnn *rnn, int pseudo_layer, int gate)
{
    int gates = rnn_gates(rnn->cell);
    bool input = gate < gates;
    if (rnn->bias_mode == BIAS_NONE || (rnn->bias_mode == BIAS_INPUT && !input) || (rnn->bias_mode == BIAS_RECURRENT && input))
        return -1;
    int per_layer = rnn->bias_mode == BIAS_DOUBLE ? 2 * gates : gates;
    int index = rnn->bias_mode == BIAS_RECURRENT ? gate - gates : gate;
    return matrix_elements(rnn) + ((int64_t)pseudo_layer * per_layer + index) * rnn->hidden_size;
}

int64_t rnn_weight_elements(const struct rnn *rnn)
{
    int sides = rnn->bias_mode == BIAS_NONE ? 0 : rnn->bias_mode == BIAS_DOUBLE ? 2 : 1;
    return matrix_elements(rnn) + (int64_t)rnn->layers * rnn->directions * sides * rnn_gates(rnn->cell) * rnn->hidden_size;
}

EXPORT cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t handle, dnn_rnn_descriptor_t rnn, size_t *size)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(rnn, KIND_rnn_descriptor) && size != NULL, CUDNN_STATUS_BAD_PARAM);
    *size = (size_t)rnn_weight_elements(&rnn->value) * dnn_element_size(rnn->value.type);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t handle, dnn_rnn_descriptor_t descriptor, int pseudo_layer,
                                             size_t space_size, uint64_t space, int gate,
                                             dnn_tensor_descriptor_t matrix, uint64_t *matrix_address,
                                             dnn_tensor_descriptor_t bias, uint64_t *bias_address)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(descriptor, KIND_rnn_descriptor), CUDNN_STATUS_BAD_PARAM);
    const struct rnn *rnn = &descriptor->value;
    size_t element = dnn_element_size(rnn->type);
    REQUIRE(pseudo_layer >= 0 && pseudo_layer < rnn->layers * rnn->directions, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(gate >= 0 && gate < 2 * rnn_gates(rnn->cell), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(space_size >= (size_t)rnn_weight_elements(rnn) * element, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(emu_object_is(matrix, KIND_tensor_descriptor) && emu_object_is(bias, KIND_tensor_descriptor)
                && matrix_address != NULL && bias_address != NULL,
            CUDNN_STATUS_BAD_PARAM);
    int columns;
    *matrix_address = space + (uint64_t)rnn_matrix_offset(rnn, pseudo_layer, gate, &columns) * element;
    matrix->value = (struct tensor){rnn->type, 3, {1, rnn->hidden_size, columns}, {0}};
    dnn_set_strides(&matrix->value, FORMAT_NCHW);
    matrix->set = true;
    int64_t offset = rnn_bias_offset(rnn, pseudo_layer, gate);
    *bias_address = offset < 0 ? 0 : space + (uint64_t)offset * element;
    bias->value = (struct tensor){rnn->type, 3, {1, rnn->hidden_size, 1}, {0}};
    dnn_set_strides(&bias->value, FORMAT_NCHW);
    bias->set = true;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Sequences ---- */

EXPORT cudnnStatus_t cudnnCreateRNNDataDescriptor(dnn_rnn_data_descriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM);
    *descriptor = emu_object_new(KIND_rnn_data_descriptor, sizeof **descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnDestroyRNNDataDescriptor(dnn_rnn_data_descriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_rnn_data_descriptor), CUDNN_STATUS_BAD_PARAM);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetRNNDataDescriptor(dnn_rnn_data_descriptor_t descriptor, int type, int layout,
                                               int max_length, int batch, int vector, const int *lengths,
                                               const void *padding)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_rnn_data_descriptor) && lengths != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(layout >= SEQUENCE_MAJOR_UNPACKED && layout <= BATCH_MAJOR_UNPACKED, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(max_length > 0 && batch > 0 && vector > 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(dnn_is_floating(type) && batch <= MAX_BATCH, CUDNN_STATUS_NOT_SUPPORTED);
    struct rnn_data *value = &descriptor->value;
    *value = (struct rnn_data){type, layout, max_length, batch, vector, {0}, 0};
    for (int i = 0; i < batch; i++) {
        REQUIRE(lengths[i] >= 0 && lengths[i] <= max_length, CUDNN_STATUS_BAD_PARAM);
        /* Packed sequences are sorted by length, longest first. */
        REQUIRE(layout != SEQUENCE_MAJOR_PACKED || i == 0 || lengths[i] <= lengths[i - 1], CUDNN_STATUS_BAD_PARAM);
        value->lengths[i] = lengths[i];
    }
    if (padding != NULL)
        value->padding = dnn_scalar(type, padding);
    descriptor->set = true;
    return CUDNN_STATUS_SUCCESS;
}

size_t rnn_workspace(const struct rnn *rnn, const struct rnn_data *x)
{
    size_t bytes = (size_t)x->max_length * (size_t)x->batch * (size_t)rnn->hidden_size * (size_t)rnn->directions * 8 * 4;
    return (bytes + 511) / 512 * 512;
}

EXPORT cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t handle, dnn_rnn_descriptor_t rnn, int mode,
                                               dnn_rnn_data_descriptor_t x, size_t *workspace, size_t *reserve)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle) && dnn_is_set(rnn, KIND_rnn_descriptor) && dnn_is_set(x, KIND_rnn_data_descriptor),
            CUDNN_STATUS_BAD_PARAM);
    REQUIRE(mode == 0 || mode == 1, CUDNN_STATUS_BAD_PARAM);
    if (workspace != NULL)
        *workspace = rnn_workspace(&rnn->value, &x->value);
    if (reserve != NULL)
        *reserve = mode == 0 ? 0 : rnn_workspace(&rnn->value, &x->value);
    return CUDNN_STATUS_SUCCESS;
}
