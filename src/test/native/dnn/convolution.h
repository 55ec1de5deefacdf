/* Shared by the files about convolution: what an algorithm supports, needs and costs. */
#ifndef CONVOLUTION_H
#define CONVOLUTION_H

#include "dnn.h"

enum { FWD_IMPLICIT_GEMM = 0, FWD_IMPLICIT_PRECOMP_GEMM = 1, FWD_GEMM = 2, FWD_DIRECT = 3, FWD_FFT = 4,
       FWD_FFT_TILING = 5, FWD_WINOGRAD = 6, FWD_WINOGRAD_NONFUSED = 7, FWD_COUNT = 8 };
enum { BWD_0 = 0, BWD_1 = 1, BWD_FFT = 2, BWD_FFT_TILING = 3, BWD_WINOGRAD = 4, BWD_WINOGRAD_NONFUSED = 5, BWD_COUNT = 6 };

/* The operands of one convolution call; for backward data x is dx and y is dy. */
struct conv_problem {
    struct convolution conv;
    struct tensor x, y;
    struct filter w;
};

/* Families of algorithms, for both directions. */
enum conv_family { FAMILY_IMPLICIT, FAMILY_PRECOMPUTED, FAMILY_GEMM, FAMILY_FFT, FAMILY_FFT_TILING, FAMILY_WINOGRAD,
                   FAMILY_WINOGRAD_NONFUSED, FAMILY_NONE };

cudnnStatus_t dnn_convolution_output(const struct convolution *conv, const struct tensor *x, const struct tensor *w,
                                     int *dimensions);
/* Whether shapes, types and layouts are consistent. */
cudnnStatus_t dnn_check_problem(const struct conv_problem *problem);
enum conv_family dnn_forward_family(int algorithm);
enum conv_family dnn_backward_family(int algorithm);
bool dnn_family_supports(enum conv_family family, const struct conv_problem *problem);
size_t dnn_family_workspace(enum conv_family family, const struct conv_problem *problem);
/* Whether math type, data type and channel counts allow tensor cores. */
bool dnn_tensor_cores(const struct conv_problem *problem);
/* Deterministic emulated milliseconds; `tensor_op`: with tensor cores. */
float dnn_family_milliseconds(enum conv_family family, const struct conv_problem *problem, bool tensor_op);

/* A result row of the algorithm searches, in the layout of the caller's array. */
struct algorithm_performance {
    int algorithm;
    cudnnStatus_t status;
    float milliseconds;
    size_t memory;
    int determinism;
    int math_type;
    int reserved[3];
};

#endif
