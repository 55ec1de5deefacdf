/* Recurrent networks: weights are written to the addresses that the library returns; results are compared with plain loops. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int cudnnCreateDropoutDescriptor(dnn *);
int cudnnDestroyDropoutDescriptor(dnn);
int cudnnSetDropoutDescriptor(dnn, dnn, float, address, size_t, unsigned long long);
int cudnnCreateRNNDescriptor(dnn *);
int cudnnDestroyRNNDescriptor(dnn);
int cudnnSetRNNDescriptor_v8(dnn, int, int, int, int, int, int, int, int, int, int, int, int, dnn, unsigned);
int cudnnGetRNNWeightSpaceSize(dnn, dnn, size_t *);
int cudnnGetRNNWeightParams(dnn, dnn, int, size_t, address, int, dnn, address *, dnn, address *);
int cudnnGetRNNTempSpaceSizes(dnn, dnn, int, dnn, size_t *, size_t *);
int cudnnCreateRNNDataDescriptor(dnn *);
int cudnnDestroyRNNDataDescriptor(dnn);
int cudnnSetRNNDataDescriptor(dnn, int, int, int, int, int, const int *, const void *);
int cudnnRNNForward(dnn, dnn, int, address, dnn, address, dnn, address, dnn, address, address, dnn, address, address,
                    size_t, address, size_t, address, size_t, address);

enum { T = 4, B = 3, I = 5, H = 6 };

/* weights[direction][gate][row][column], biases likewise; gates: input side first, then the recurrent side */
struct cell {
    float w[2][8][H][H], b[2][8][H];
};

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double gate(const struct cell *cell, int direction, int g, const float *x, int columns, int row)
{
    double sum = cell->b[direction][g][row];
    for (int i = 0; i < columns; i++)
        sum += (double)cell->w[direction][g][row][i] * x[i];
    return sum;
}

static void plain(const struct cell *cell, int kind, int directions, const int *lengths, const float *x, float *y, float *h_out)
{
    int gates = kind == 2 ? 4 : kind == 3 ? 3 : 1;
    for (int d = 0; d < directions; d++)
        for (int b = 0; b < B; b++) {
            float h[H] = {0}, c[H] = {0};
            for (int i = 0; i < lengths[b]; i++) {
                int t = d == 0 ? i : lengths[b] - 1 - i;
                const float *in = x + (t * B + b) * I;
                float next[H];
                for (int r = 0; r < H; r++) {
                    double in_sum[4], h_sum[4];
                    for (int g = 0; g < gates; g++) {
                        in_sum[g] = gate(cell, d, g, in, I, r);
                        h_sum[g] = gate(cell, d, gates + g, h, H, r);
                    }
                    if (kind == 2) {
                        c[r] = (float)(sigmoid(in_sum[1] + h_sum[1]) * c[r]
                                       + sigmoid(in_sum[0] + h_sum[0]) * tanh(in_sum[2] + h_sum[2]));
                        next[r] = (float)(sigmoid(in_sum[3] + h_sum[3]) * tanh(c[r]));
                    } else if (kind == 3) {
                        double reset = sigmoid(in_sum[0] + h_sum[0]), update = sigmoid(in_sum[1] + h_sum[1]);
                        next[r] = (float)((1 - update) * tanh(in_sum[2] + reset * h_sum[2]) + update * h[r]);
                    } else {
                        next[r] = (float)(kind == 1 ? tanh(in_sum[0] + h_sum[0]) : fmax(in_sum[0] + h_sum[0], 0));
                    }
                }
                memcpy(h, next, sizeof h);
                memcpy(y + ((t * B + b) * directions + d) * H, h, sizeof h);
            }
            memcpy(h_out + (d * B + b) * H, h, sizeof h);
        }
}

static void network(int kind, int directions)
{
    int gates = kind == 2 ? 4 : kind == 3 ? 3 : 1, lengths[B] = {4, 2, 3};
    dnn dropout, rnn, x_desc, y_desc, matrix, bias, h_desc;
    OK(cudnnCreateDropoutDescriptor(&dropout));
    OK(cudnnSetDropoutDescriptor(dropout, handle, 0, 0, 0, 0));
    OK(cudnnCreateRNNDescriptor(&rnn));
    OK(cudnnSetRNNDescriptor_v8(rnn, 0, kind, 2, directions - 1, 0, FP32, FP32, 3, I, H, H, 1, dropout, 1));
    size_t size, work, reserve;
    OK(cudnnGetRNNWeightSpaceSize(handle, rnn, &size));
    CHECK(size == (size_t)directions * (size_t)gates * (H * (I + H) + 2 * H) * 4);
    address weights = device_memory(size);
    OK(cudnnCreateTensorDescriptor(&matrix));
    OK(cudnnCreateTensorDescriptor(&bias));
    OK(cudnnCreateTensorDescriptor(&h_desc));
    OK(cudnnSetTensorNdDescriptorEx(h_desc, NCHW, FP32, 3, (int[]){directions, B, H}));
    static struct cell cell;
    for (int d = 0; d < directions; d++)
        for (int g = 0; g < 2 * gates; g++) {
            address at = 0, bias_at = 0;
            int columns = g < gates ? I : H;
            OK(cudnnGetRNNWeightParams(handle, rnn, d, size, weights, g, matrix, &at, bias, &bias_at));
            for (int r = 0; r < H; r++) {
                cell.b[d][g][r] = random_value();
                for (int i = 0; i < columns; i++)
                    cell.w[d][g][r][i] = random_value();
                OK(cuMemcpyHtoD_v2(at + (address)(r * columns) * 4, cell.w[d][g][r], (size_t)columns * 4));
            }
            OK(cuMemcpyHtoD_v2(bias_at, cell.b[d][g], H * 4));
        }
    struct test_tensor x = tensor_new(FP32, NCHW, 3, (int[]){T, B, I}), y = tensor_new(FP32, NCHW, 3, (int[]){T, B, directions * H});
    struct test_tensor h = tensor_new(FP32, NCHW, 3, (int[]){directions, B, H});
    OK(cudnnCreateRNNDataDescriptor(&x_desc));
    OK(cudnnCreateRNNDataDescriptor(&y_desc));
    OK(cudnnSetRNNDataDescriptor(x_desc, FP32, 0, T, B, I, lengths, NULL));
    OK(cudnnSetRNNDataDescriptor(y_desc, FP32, 0, T, B, directions * H, lengths, NULL));
    OK(cudnnGetRNNTempSpaceSizes(handle, rnn, 0, x_desc, &work, &reserve));
    address workspace = device_memory(work);
    STATUS(2006, cudnnRNNForward(handle, rnn, 0, 0, x_desc, x.memory, y_desc, y.memory, h_desc, 0, h.memory, h_desc, 0, 0,
                                 size, weights, work - 1, workspace, 0, 0));
    STATUS(BAD_PARAM, cudnnRNNForward(handle, rnn, 0, 0, y_desc, x.memory, y_desc, y.memory, h_desc, 0, h.memory, h_desc,
                                      0, 0, size, weights, work, workspace, 0, 0));
    OK(cudnnRNNForward(handle, rnn, 0, 0, x_desc, x.memory, y_desc, y.memory, h_desc, 0, h.memory, h_desc, 0, 0, size,
                       weights, work, workspace, 0, 0));
    float *expected = calloc((size_t)y.count, 4), *expected_h = calloc((size_t)h.count, 4);
    plain(&cell, kind, directions, lengths, x.values, expected, expected_h);
    float *actual = tensor_read(&y), *actual_h = tensor_read(&h);
    CHECK(difference(actual, expected, y.count) < 1e-5);
    CHECK(difference(actual_h, expected_h, h.count) < 1e-5);
    free(expected);
    free(expected_h);
    free(actual);
    free(actual_h);
    OK(cuMemFree_v2(workspace));
    OK(cuMemFree_v2(weights));
    OK(cudnnDestroyRNNDataDescriptor(x_desc));
    OK(cudnnDestroyRNNDataDescriptor(y_desc));
    OK(cudnnDestroyRNNDescriptor(rnn));
    OK(cudnnDestroyDropoutDescriptor(dropout));
    OK(cudnnDestroyTensorDescriptor(matrix));
    OK(cudnnDestroyTensorDescriptor(bias));
    OK(cudnnDestroyTensorDescriptor(h_desc));
    tensor_free(&x);
    tensor_free(&y);
    tensor_free(&h);
}

void test_rnn(void)
{
    for (int kind = 0; kind <= 3; kind++)
        for (int directions = 1; directions <= 2; directions++)
            network(kind, directions);
}
