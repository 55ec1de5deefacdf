/* The graph ("backend") API: descriptors with attributes, which are checked and become plain values when finalised. */
#ifndef BACKEND_H
#define BACKEND_H

#include "dnn.h"

#define MAX_OPERATIONS 32

/* The emulated values of cudnnBackendDescriptorType_t. */
enum { B_POINTWISE = 0, B_CONVOLUTION = 1, B_ENGINE = 2, B_ENGINECFG = 3, B_ENGINEHEUR = 4, B_PLAN = 5,
       B_KNOB_CHOICE = 7, B_OP_CONVOLUTION = 10, B_OP_CONVOLUTION_BWD_DATA = 12, B_OP_POINTWISE = 13, B_GRAPH = 15,
       B_VARIANT_PACK = 16, B_TENSOR = 17, B_MATMUL = 18, B_OP_MATMUL = 19, B_REDUCTION = 21, B_OP_REDUCTION = 22,
       B_RESAMPLE = 24, B_OP_RESAMPLE = 25, B_OP_NORM = 29, KINDS };

/* Values of cudnnBackendAttributeType_t. */
enum { A_HANDLE = 0, A_DATA_TYPE = 1, A_BOOLEAN = 2, A_INT64 = 3, A_FLOAT = 4, A_DOUBLE = 5, A_VOID_PTR = 6,
       A_CONVOLUTION_MODE = 7, A_HEUR_MODE = 8, A_KNOB_TYPE = 9, A_NAN_PROPAGATION = 10, A_NUMERICAL_NOTE = 11,
       A_LAYOUT_TYPE = 12, A_ATTRIB_NAME = 13, A_POINTWISE_MODE = 14, A_DESCRIPTOR = 15, A_REDUCTION_OPERATOR = 18,
       A_BEHAVIOR_NOTE = 19, A_RESAMPLE_MODE = 21, A_PADDING_MODE = 22, A_INT32 = 23, A_CHAR = 24, A_NORM_MODE = 27,
       A_NORM_PHASE = 28 };

/* Values of cudnnBackendAttributeName_t. */
enum { POINTWISE_MODE = 0, POINTWISE_MATH_PREC = 1, POINTWISE_NAN = 2, POINTWISE_RELU_LOWER = 3,
       POINTWISE_RELU_UPPER = 4, POINTWISE_RELU_SLOPE = 5, POINTWISE_ELU_ALPHA = 6, POINTWISE_SOFTPLUS_BETA = 7,
       POINTWISE_SWISH_BETA = 8, POINTWISE_AXIS = 9,
       CONV_COMP_TYPE = 100, CONV_MODE = 101, CONV_DILATIONS = 102, CONV_STRIDES = 103, CONV_POST_PAD = 104,
       CONV_PRE_PAD = 105, CONV_SPATIAL_DIMS = 106,
       HEUR_MODE = 200, HEUR_GRAPH = 201, HEUR_RESULTS = 202, HEUR_SM_COUNT = 203,
       CFG_ENGINE = 300, CFG_INTERMEDIATE = 301, CFG_KNOBS = 302, CFG_WORKSPACE_SIZE = 303,
       PLAN_HANDLE = 400, PLAN_CONFIG = 401, PLAN_WORKSPACE_SIZE = 402, PLAN_JSON = 405,
       KNOB_TYPE = 600, KNOB_VALUE = 601,
       OPC_ALPHA = 700, OPC_BETA = 701, OPC_CONV = 702, OPC_W = 703, OPC_X = 704, OPC_Y = 705,
       OPD_ALPHA = 706, OPD_BETA = 707, OPD_CONV = 708, OPD_W = 709, OPD_DX = 710, OPD_DY = 711,
       OPP_POINTWISE = 750, OPP_X = 751, OPP_B = 752, OPP_Y = 753, OPP_ALPHA1 = 754, OPP_ALPHA2 = 755, OPP_T = 758,
       GRAPH_HANDLE = 800, GRAPH_OPS = 801, GRAPH_ENGINE_COUNT = 802,
       TENSOR_ALIGNMENT = 900, TENSOR_TYPE = 901, TENSOR_DIMENSIONS = 902, TENSOR_STRIDES = 903,
       TENSOR_VECTOR_COUNT = 904, TENSOR_VECTORIZED_DIM = 905, TENSOR_ID = 906, TENSOR_VIRTUAL = 907,
       TENSOR_BY_VALUE = 908, TENSOR_REORDERING = 909,
       PACK_IDS = 1000, PACK_POINTERS = 1001, PACK_INTERMEDIATES = 1002, PACK_WORKSPACE = 1003,
       ENGINE_GRAPH = 1300, ENGINE_INDEX = 1301, ENGINE_KNOBS = 1302, ENGINE_NUMERICAL = 1303, ENGINE_LAYOUT = 1304,
       ENGINE_BEHAVIOR = 1305, ENGINE_SM_COUNT = 1306,
       MATMUL_COMP_TYPE = 1500, MATMUL_PADDING = 1503, OPM_A = 1520, OPM_B = 1521, OPM_C = 1522, OPM_MATMUL = 1523,
       REDUCTION_OPERATOR = 1600, REDUCTION_COMP_TYPE = 1601, OPR_X = 1610, OPR_Y = 1611, OPR_REDUCTION = 1612,
       RESAMPLE_MODE = 1700, RESAMPLE_COMP_TYPE = 1701, RESAMPLE_SPATIAL_DIMS = 1702, RESAMPLE_POST_PAD = 1703,
       RESAMPLE_PRE_PAD = 1704, RESAMPLE_STRIDES = 1705, RESAMPLE_WINDOW = 1706, RESAMPLE_PADDING = 1708,
       OPS_X = 1710, OPS_Y = 1711, OPS_RESAMPLE = 1716,
       OPN_MODE = 2000, OPN_PHASE = 2001, OPN_X = 2002, OPN_SCALE = 2005, OPN_BIAS = 2006, OPN_EPSILON = 2007,
       OPN_Y = 2013 };

/* Values of cudnnPointwiseMode_t and cudnnReduceTensorOp_t that identify patterns. */
enum { P_ADD = 0, P_MULTIPLY = 1, P_DIVIDE = 6, P_SUBTRACT = 9, P_EXP = 13, P_LOG = 15, P_IDENTITY = 21, P_GREATER_OR_EQUAL = 303,
       P_INDEX = 501, P_SELECT = 601, R_SUM = 0, R_MAXIMUM = 3 };

/* Values of cudnnBackendNormMode_t for inference. */
enum { N_LAYER = 0, N_INSTANCE = 1, N_RMS = 4 };

struct attribute {
    int name, type;
    int64_t count;
    void *values;
    struct attribute *next;
};

struct backend_tensor {
    struct tensor tensor;
    int64_t id, alignment;
    bool is_virtual, by_value;
};

struct backend_pointwise {
    int mode;
    double lower, upper, slope; /* of ReLU */
    double elu_alpha, softplus_beta, swish_beta;
    int axis; /* whose index GEN_INDEX gives */
};

/* One operation with everything it refers to, by value, so that later changes and destructions have no effect. */
struct backend_operation {
    int kind; /* B_OP_... */
    struct backend_tensor x, b, t, y; /* convolution: x, w = b, y; product: a = x, b, c = y; norm: scale = b, bias = t */
    bool has_b, has_t;
    float alpha, beta; /* of pointwise: alpha1, alpha2 */
    struct convolution convolution;
    struct backend_pointwise pointwise;
    int reduction;
    struct pooling pooling;
    int norm; /* N_... */
    struct backend_tensor epsilon;
};

struct backend_graph {
    int count;
    struct backend_operation operations[MAX_OPERATIONS];
};

struct backend_pack {
    int count;
    int64_t ids[4 * MAX_OPERATIONS];
    uint64_t pointers[4 * MAX_OPERATIONS];
    uint64_t workspace;
};

typedef struct backend_descriptor {
    struct emu_object object;
    int type;
    bool finalized;
    struct attribute *attributes;
    /* The result of finalising; the type determines which member is used. */
    struct backend_tensor tensor;
    struct convolution convolution;
    struct backend_pointwise pointwise;
    int reduction;
    struct pooling pooling;
    struct backend_operation *operation;
    struct backend_graph *graph; /* also of heuristics, engine, configuration and plan */
    struct backend_pack *pack;
    int64_t engine; /* 0 on tensor cores, 1 without */
    int64_t engine_number; /* of the real library */
    size_t workspace_size;
    char *json; /* of a plan, once requested */
    void *real; /* the same descriptor of NVIDIA's library (real.h), or NULL */
} *cudnnBackendDescriptor_t;

/* The attribute, or NULL if it was not set. */
const struct attribute *backend_attribute(cudnnBackendDescriptor_t descriptor, int name);
cudnnStatus_t backend_finalize(cudnnBackendDescriptor_t descriptor);
size_t backend_workspace_size(const struct backend_graph *graph);
/* A plan as text, from which another process can restore it; not zero-terminated. */
const char *backend_json(cudnnBackendDescriptor_t plan, int64_t *length);
int64_t backend_engine_count(const struct backend_graph *graph);
bool backend_engine_uses_tensor_cores(const struct backend_graph *graph, int64_t engine);
cudnnStatus_t backend_execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack);

#endif
