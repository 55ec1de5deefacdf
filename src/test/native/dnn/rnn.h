/* Recurrent networks: declarations shared by rnn_descriptor.c and rnn.c. */
#ifndef RNN_H
#define RNN_H

#include "dnn.h"

enum { RNN_RELU = 0, RNN_TANH = 1, RNN_LSTM = 2, RNN_GRU = 3 };
enum { BIAS_NONE = 0, BIAS_INPUT = 1, BIAS_DOUBLE = 2, BIAS_RECURRENT = 3 };
enum { SEQUENCE_MAJOR_UNPACKED = 0, SEQUENCE_MAJOR_PACKED = 1, BATCH_MAJOR_UNPACKED = 2 };
enum { PADDED_IO_ENABLED = 1 };

#define MAX_BATCH 1024

struct rnn {
    int cell, bias_mode, directions, type, math_type;
    int input_size, hidden_size, layers;
    unsigned flags;
};

struct rnn_data {
    int type, layout, max_length, batch, vector;
    int lengths[MAX_BATCH];
    float padding;
};

DESCRIPTOR(dnn_rnn_descriptor, struct rnn);
DESCRIPTOR(dnn_rnn_data_descriptor, struct rnn_data);

/* Linear layers (gates) of one cell for the input or the recurrent side. */
int rnn_gates(int cell);
/* The offset of a matrix (or bias) of a pseudo-layer in the weight space, in elements; -1 if there is no such bias.
 * `gate` counts input gates first, then recurrent ones. The number of rows is the hidden size. */
int64_t rnn_matrix_offset(const struct rnn *rnn, int pseudo_layer, int gate, int *columns);
int64_t rnn_bias_offset(const struct rnn *rnn, int pseudo_layer, int gate);
int64_t rnn_weight_elements(const struct rnn *rnn);
size_t rnn_workspace(const struct rnn *rnn, const struct rnn_data *x);

#endif
