/* One time step of a recurrent cell; one thread per sequence and hidden unit. The state is fp32. */
#include "arithmetic.h"

enum cell { CELL_RNN = 0, CELL_GRU = 1, CELL_LSTM = 2 };
enum gate_function { GATE_SIGMOID = 0, GATE_TANH = 1, GATE_RELU = 2 };

struct recurrent_step_arguments {
    const float *projected; /* [time][batch][gates * hidden], x times the input weights */
    const void *weights; /* [gates * hidden][hidden] */
    const void *bias; /* [2 * gates * hidden]; may be null */
    const void *peepholes; /* of an LSTM, [3 * hidden] in the order i, o, f; may be null */
    const float *h, *c; /* [batch][hidden] */
    float *h_next, *c_next;
    float *gates; /* of a GRU, [batch][2 * hidden]: z and r, from phase 0 for phase 1 */
    void *y; /* may be null */
    const long *lengths; /* of each sequence; may be null */
    long y_time, y_batch; /* strides */
    int step, steps, batch, hidden;
    int cell, phase, reverse, type;
    int linear_before_reset;
    int f, g, k; /* functions of the gates, of the cell's input and of its output */
};

DEVICE float gate(int function, float x)
{
    return function == GATE_SIGMOID ? sigmoid(x) : function == GATE_TANH ? hyperbolic_tangent(x) : x > 0.0f ? x : 0.0f;
}

DEVICE float recurrent_dot(const struct recurrent_step_arguments *a, long row, long sequence)
{
    float sum = 0.0f;
    for (long k = 0; k < a->hidden; k++)
        sum += load(a->weights, a->type, row * a->hidden + k) * *AT(const float, a->h, sequence * a->hidden + k);
    return sum;
}

DEVICE float recurrent_bias(const struct recurrent_step_arguments *a, long row)
{
    return a->bias == 0 ? 0.0f : load(a->bias, a->type, row);
}

KERNEL(recurrent_step, struct recurrent_step_arguments)
{
    const struct recurrent_step_arguments *a = &arguments;
    long hidden = a->hidden;
    long gate_count = a->cell == CELL_LSTM ? 4 : a->cell == CELL_GRU ? 3 : 1;
    long all = gate_count * hidden;
    FOR_EACH_INDEX(i, (long)a->batch * hidden)
    {
        long sequence = i / hidden, j = i % hidden;
        long length = a->lengths == 0 ? a->steps : *AT(const long, a->lengths, sequence);
        int ended = a->step >= length;
        long time = a->reverse && !ended ? length - 1 - a->step : a->step;
        long x = (time * a->batch + sequence) * all + j;
        float before = *AT(const float, a->h, i), after = before, cell = 0.0f;
        if (a->cell == CELL_LSTM)
            cell = *AT(const float, a->c, i);
        if (!ended && a->cell == CELL_RNN) {
            after = gate(a->f, *AT(const float, a->projected, x) + recurrent_dot(a, j, sequence)
                                   + recurrent_bias(a, j) + recurrent_bias(a, all + j));
        } else if (!ended && a->cell == CELL_LSTM) {
            float sums[4];
            UNROLL
            for (int g = 0; g < 4; g++)
                sums[g] = *AT(const float, a->projected, x + g * hidden) + recurrent_dot(a, g * hidden + j, sequence)
                    + recurrent_bias(a, g * hidden + j) + recurrent_bias(a, all + g * hidden + j);
            int peeps = a->peepholes != 0;
            float in = gate(a->f, sums[0] + (peeps ? load(a->peepholes, a->type, j) * cell : 0.0f));
            float forget = gate(a->f, sums[2] + (peeps ? load(a->peepholes, a->type, 2 * hidden + j) * cell : 0.0f));
            cell = forget * cell + in * gate(a->g, sums[3]);
            float out = gate(a->f, sums[1] + (peeps ? load(a->peepholes, a->type, hidden + j) * cell : 0.0f));
            after = out * gate(a->k, cell);
        } else if (!ended && a->phase == 0) {
            UNROLL
            for (int g = 0; g < 2; g++) {
                float sum = *AT(const float, a->projected, x + g * hidden) + recurrent_dot(a, g * hidden + j, sequence)
                    + recurrent_bias(a, g * hidden + j) + recurrent_bias(a, all + g * hidden + j);
                *AT(float, a->gates, sequence * 2 * hidden + g * hidden + j) = gate(a->f, sum);
            }
        } else if (!ended) {
            float z = *AT(const float, a->gates, sequence * 2 * hidden + j);
            float sum = *AT(const float, a->projected, x + 2 * hidden) + recurrent_bias(a, 2 * hidden + j);
            if (a->linear_before_reset) {
                float r = *AT(const float, a->gates, sequence * 2 * hidden + hidden + j);
                sum += r * (recurrent_dot(a, 2 * hidden + j, sequence) + recurrent_bias(a, all + 2 * hidden + j));
            } else {
                sum += recurrent_bias(a, all + 2 * hidden + j);
                for (long k = 0; k < hidden; k++)
                    sum += load(a->weights, a->type, (2 * hidden + j) * hidden + k)
                        * *AT(const float, a->gates, sequence * 2 * hidden + hidden + k)
                        * *AT(const float, a->h, sequence * hidden + k);
            }
            after = (1.0f - z) * gate(a->g, sum) + z * before;
        }
        if (a->cell == CELL_GRU && a->phase == 0)
            continue;
        *AT(float, a->h_next, i) = after;
        if (a->cell == CELL_LSTM)
            *AT(float, a->c_next, i) = cell;
        if (a->y != 0)
            store(a->y, a->type, time * a->y_time + sequence * a->y_batch + j, ended ? 0.0f : after);
    }
}
