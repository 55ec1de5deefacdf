/* Backend descriptors: creation, attributes, and computed queries. */
#define _GNU_SOURCE
#include "backend.h"

#include "real.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls are also counted per kind of descriptor, under names such as cudnnBackendFinalize/16, so that a fault can target
 * them. */
static cudnnStatus_t enter_kind(struct emu_call calls[KINDS], const char *function, int kind)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    if (kind < 0 || kind >= KINDS)
        return CUDNN_STATUS_SUCCESS;
    pthread_mutex_lock(&lock);
    if (calls[kind].name == NULL) {
        char name[64];
        snprintf(name, sizeof name, "%s/%d", function, kind);
        calls[kind].name = strdup(name);
    }
    pthread_mutex_unlock(&lock);
    return dnn_status_of(emu_enter(&calls[kind]));
}
#define ENTER_KIND(kind) \
    do { \
        static struct emu_call calls_[KINDS]; \
        PROPAGATE(enter_kind(calls_, __func__, (kind))); \
    } while (0)

static size_t value_size(int type)
{
    switch (type) {
    case A_HANDLE: case A_INT64: case A_DOUBLE: case A_VOID_PTR: case A_DESCRIPTOR: return 8;
    case A_BOOLEAN: case A_CHAR: return 1;
    default: return 4;
    }
}

/* The attributes of each descriptor and their types, one row each. */
static const struct {
    int descriptor, name, type;
} known[] = {
    {B_TENSOR, TENSOR_ALIGNMENT, A_INT64}, {B_TENSOR, TENSOR_TYPE, A_DATA_TYPE}, {B_TENSOR, TENSOR_DIMENSIONS, A_INT64},
    {B_TENSOR, TENSOR_STRIDES, A_INT64}, {B_TENSOR, TENSOR_VECTOR_COUNT, A_INT64},
    {B_TENSOR, TENSOR_VECTORIZED_DIM, A_INT64}, {B_TENSOR, TENSOR_ID, A_INT64}, {B_TENSOR, TENSOR_VIRTUAL, A_BOOLEAN},
    {B_TENSOR, TENSOR_BY_VALUE, A_BOOLEAN},
    {B_POINTWISE, POINTWISE_MODE, A_POINTWISE_MODE}, {B_POINTWISE, POINTWISE_MATH_PREC, A_DATA_TYPE},
    {B_POINTWISE, POINTWISE_NAN, A_NAN_PROPAGATION}, {B_POINTWISE, POINTWISE_RELU_LOWER, A_DOUBLE},
    {B_POINTWISE, POINTWISE_RELU_UPPER, A_DOUBLE}, {B_POINTWISE, POINTWISE_RELU_SLOPE, A_DOUBLE},
    {B_POINTWISE, POINTWISE_ELU_ALPHA, A_DOUBLE}, {B_POINTWISE, POINTWISE_SOFTPLUS_BETA, A_DOUBLE},
    {B_POINTWISE, POINTWISE_SWISH_BETA, A_DOUBLE}, {B_POINTWISE, POINTWISE_AXIS, A_INT64},
    {B_CONVOLUTION, CONV_COMP_TYPE, A_DATA_TYPE}, {B_CONVOLUTION, CONV_MODE, A_CONVOLUTION_MODE},
    {B_CONVOLUTION, CONV_DILATIONS, A_INT64}, {B_CONVOLUTION, CONV_STRIDES, A_INT64},
    {B_CONVOLUTION, CONV_POST_PAD, A_INT64}, {B_CONVOLUTION, CONV_PRE_PAD, A_INT64},
    {B_CONVOLUTION, CONV_SPATIAL_DIMS, A_INT64},
    {B_MATMUL, MATMUL_COMP_TYPE, A_DATA_TYPE}, {B_MATMUL, MATMUL_PADDING, A_DOUBLE},
    {B_REDUCTION, REDUCTION_OPERATOR, A_REDUCTION_OPERATOR}, {B_REDUCTION, REDUCTION_COMP_TYPE, A_DATA_TYPE},
    {B_OP_CONVOLUTION, OPC_X, A_DESCRIPTOR}, {B_OP_CONVOLUTION, OPC_W, A_DESCRIPTOR},
    {B_OP_CONVOLUTION, OPC_Y, A_DESCRIPTOR}, {B_OP_CONVOLUTION, OPC_CONV, A_DESCRIPTOR},
    {B_OP_CONVOLUTION_BWD_DATA, OPD_DX, A_DESCRIPTOR}, {B_OP_CONVOLUTION_BWD_DATA, OPD_W, A_DESCRIPTOR},
    {B_OP_CONVOLUTION_BWD_DATA, OPD_DY, A_DESCRIPTOR}, {B_OP_CONVOLUTION_BWD_DATA, OPD_CONV, A_DESCRIPTOR},
    {B_OP_POINTWISE, OPP_POINTWISE, A_DESCRIPTOR}, {B_OP_POINTWISE, OPP_X, A_DESCRIPTOR},
    {B_OP_POINTWISE, OPP_B, A_DESCRIPTOR}, {B_OP_POINTWISE, OPP_Y, A_DESCRIPTOR},
    {B_OP_POINTWISE, OPP_T, A_DESCRIPTOR},
    {B_OP_MATMUL, OPM_A, A_DESCRIPTOR}, {B_OP_MATMUL, OPM_B, A_DESCRIPTOR}, {B_OP_MATMUL, OPM_C, A_DESCRIPTOR},
    {B_OP_MATMUL, OPM_MATMUL, A_DESCRIPTOR},
    {B_OP_REDUCTION, OPR_X, A_DESCRIPTOR}, {B_OP_REDUCTION, OPR_Y, A_DESCRIPTOR},
    {B_OP_REDUCTION, OPR_REDUCTION, A_DESCRIPTOR},
    {B_RESAMPLE, RESAMPLE_MODE, A_RESAMPLE_MODE}, {B_RESAMPLE, RESAMPLE_COMP_TYPE, A_DATA_TYPE},
    {B_RESAMPLE, RESAMPLE_SPATIAL_DIMS, A_INT64}, {B_RESAMPLE, RESAMPLE_POST_PAD, A_INT64},
    {B_RESAMPLE, RESAMPLE_PRE_PAD, A_INT64}, {B_RESAMPLE, RESAMPLE_STRIDES, A_INT64},
    {B_RESAMPLE, RESAMPLE_WINDOW, A_INT64}, {B_RESAMPLE, RESAMPLE_PADDING, A_PADDING_MODE},
    {B_OP_RESAMPLE, OPS_X, A_DESCRIPTOR}, {B_OP_RESAMPLE, OPS_Y, A_DESCRIPTOR},
    {B_OP_RESAMPLE, OPS_RESAMPLE, A_DESCRIPTOR},
    {B_OP_NORM, OPN_MODE, A_NORM_MODE}, {B_OP_NORM, OPN_PHASE, A_NORM_PHASE}, {B_OP_NORM, OPN_X, A_DESCRIPTOR},
    {B_OP_NORM, OPN_SCALE, A_DESCRIPTOR}, {B_OP_NORM, OPN_BIAS, A_DESCRIPTOR}, {B_OP_NORM, OPN_EPSILON, A_DESCRIPTOR},
    {B_OP_NORM, OPN_Y, A_DESCRIPTOR},
    {B_GRAPH, GRAPH_HANDLE, A_HANDLE}, {B_GRAPH, GRAPH_OPS, A_DESCRIPTOR},
    {B_ENGINEHEUR, HEUR_MODE, A_HEUR_MODE}, {B_ENGINEHEUR, HEUR_GRAPH, A_DESCRIPTOR},
    {B_ENGINE, ENGINE_GRAPH, A_DESCRIPTOR}, {B_ENGINE, ENGINE_INDEX, A_INT64},
    {B_ENGINECFG, CFG_ENGINE, A_DESCRIPTOR}, {B_ENGINECFG, CFG_KNOBS, A_DESCRIPTOR},
    {B_KNOB_CHOICE, KNOB_TYPE, A_KNOB_TYPE}, {B_KNOB_CHOICE, KNOB_VALUE, A_INT64},
    {B_PLAN, PLAN_HANDLE, A_HANDLE}, {B_PLAN, PLAN_CONFIG, A_DESCRIPTOR}, {B_PLAN, PLAN_JSON, A_CHAR},
    {B_VARIANT_PACK, PACK_IDS, A_INT64}, {B_VARIANT_PACK, PACK_POINTERS, A_VOID_PTR},
    {B_VARIANT_PACK, PACK_WORKSPACE, A_VOID_PTR},
};

/* The scaling factors may be given as float or double. */
static bool is_scale(int name)
{
    return name == OPC_ALPHA || name == OPC_BETA || name == OPD_ALPHA || name == OPD_BETA || name == OPP_ALPHA1
        || name == OPP_ALPHA2;
}

static cudnnStatus_t check_attribute(int descriptor, int name, int type)
{
    if (is_scale(name)) {
        int owner = name <= OPC_BETA ? B_OP_CONVOLUTION : name <= OPD_BETA ? B_OP_CONVOLUTION_BWD_DATA : B_OP_POINTWISE;
        REQUIRE(descriptor == owner, CUDNN_STATUS_BAD_PARAM);
        REQUIRE(type == A_FLOAT || type == A_DOUBLE, CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
        return CUDNN_STATUS_SUCCESS;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].descriptor == descriptor && known[i].name == name) {
            REQUIRE(type == known[i].type, CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
            return CUDNN_STATUS_SUCCESS;
        }
    }
    return dnn_fail(CUDNN_STATUS_BAD_PARAM, __func__, "the descriptor has this attribute");
}

EXPORT cudnnStatus_t cudnnBackendCreateDescriptor(int type, cudnnBackendDescriptor_t *descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        found |= known[i].descriptor == type;
    REQUIRE(found, CUDNN_STATUS_NOT_SUPPORTED);
    ENTER_KIND(type);
    *descriptor = emu_object_new(KIND_backend_descriptor, sizeof **descriptor);
    (*descriptor)->type = type;
    return real_create(*descriptor);
}

static void clear(cudnnBackendDescriptor_t descriptor)
{
    while (descriptor->attributes != NULL) {
        struct attribute *next = descriptor->attributes->next;
        free(descriptor->attributes->values);
        free(descriptor->attributes);
        descriptor->attributes = next;
    }
    descriptor->finalized = false;
    free(descriptor->json);
    descriptor->json = NULL;
}

/* A plan's graph is kept because recorded work may still refer to it. */
EXPORT cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor)
{
    DNN_ENTER();
    if (descriptor == NULL)
        return CUDNN_STATUS_SUCCESS;
    REQUIRE(emu_object_is(descriptor, KIND_backend_descriptor), CUDNN_STATUS_BAD_PARAM);
    ENTER_KIND(descriptor->type);
    clear(descriptor);
    real_destroy(descriptor);
    emu_object_destroy(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBackendInitialize(cudnnBackendDescriptor_t descriptor)
{
    DNN_ENTER();
    REQUIRE(emu_object_is(descriptor, KIND_backend_descriptor), CUDNN_STATUS_BAD_PARAM);
    clear(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

const struct attribute *backend_attribute(cudnnBackendDescriptor_t descriptor, int name)
{
    for (const struct attribute *a = descriptor->attributes; a != NULL; a = a->next)
        if (a->name == name)
            return a;
    return NULL;
}

EXPORT cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, int name, int type, int64_t count,
                                              const void *values)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    REQUIRE(emu_object_is(descriptor, KIND_backend_descriptor), CUDNN_STATUS_BAD_PARAM);
    ENTER_KIND(descriptor->type);
    REQUIRE(!descriptor->finalized, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(count >= 0, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(values != NULL || count == 0, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    PROPAGATE(check_attribute(descriptor->type, name, type));
    if (type == A_DESCRIPTOR) {
        for (int64_t i = 0; i < count; i++) {
            cudnnBackendDescriptor_t referred = ((cudnnBackendDescriptor_t const *)values)[i];
            REQUIRE(emu_object_is(referred, KIND_backend_descriptor), CUDNN_STATUS_BAD_PARAM);
            REQUIRE(referred->finalized, CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
        }
    }
    struct attribute *attribute = (struct attribute *)backend_attribute(descriptor, name);
    if (attribute == NULL) {
        attribute = calloc(1, sizeof *attribute);
        if (attribute == NULL)
            return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
        attribute->name = name;
        attribute->next = descriptor->attributes;
        descriptor->attributes = attribute;
    }
    free(attribute->values);
    attribute->type = type;
    attribute->count = count;
    attribute->values = malloc((size_t)count * value_size(type) + 1);
    if (attribute->values == NULL)
        return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    memcpy(attribute->values, values == NULL ? "" : values, (size_t)count * value_size(type));
    return real_set(descriptor, name, type, count, attribute->values);
}

EXPORT cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor)
{
    DNN_ENTER();
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    REQUIRE(emu_object_is(descriptor, KIND_backend_descriptor), CUDNN_STATUS_BAD_PARAM);
    ENTER_KIND(descriptor->type);
    REQUIRE(!descriptor->finalized, CUDNN_STATUS_BAD_PARAM);
    PROPAGATE(backend_finalize(descriptor));
    PROPAGATE(real_finalize(descriptor));
    descriptor->finalized = true;
    return CUDNN_STATUS_SUCCESS;
}

/* The configurations that the heuristics propose, best first, in descriptors that the caller created. */
static cudnnStatus_t get_results(cudnnBackendDescriptor_t heuristics, int64_t requested, int64_t *count, void *values)
{
    int64_t engines = backend_engine_count(heuristics->graph);
    if (values == NULL || requested == 0) {
        *count = engines;
        return CUDNN_STATUS_SUCCESS;
    }
    cudnnBackendDescriptor_t *configurations = values;
    int64_t written = requested < engines ? requested : engines;
    bool mirrored = heuristics->real != NULL;
    if (mirrored) {
        PROPAGATE(real_fill(heuristics, HEUR_RESULTS, requested, count, configurations));
        written = requested < *count ? requested : *count;
    }
    for (int64_t i = 0; i < written; i++) {
        REQUIRE(emu_object_is(configurations[i], KIND_backend_descriptor) && configurations[i]->type == B_ENGINECFG,
                CUDNN_STATUS_BAD_PARAM);
        configurations[i]->graph = heuristics->graph;
        configurations[i]->engine = mirrored ? !real_uses_tensor_cores(configurations[i]) : i;
        configurations[i]->finalized = true;
    }
    *count = written;
    return CUDNN_STATUS_SUCCESS;
}

/* The engine of a configuration, in a descriptor that the caller created. */
static cudnnStatus_t get_engine(cudnnBackendDescriptor_t configuration, int64_t requested, int64_t *count, void *values)
{
    *count = 1;
    if (requested < 1 || values == NULL)
        return CUDNN_STATUS_SUCCESS;
    cudnnBackendDescriptor_t engine = *(cudnnBackendDescriptor_t *)values;
    REQUIRE(emu_object_is(engine, KIND_backend_descriptor) && engine->type == B_ENGINE, CUDNN_STATUS_BAD_PARAM);
    if (configuration->real != NULL)
        PROPAGATE(real_fill(configuration, CFG_ENGINE, 1, count, &engine));
    engine->graph = configuration->graph;
    engine->engine = configuration->engine;
    engine->finalized = true;
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t get_number(int64_t value, int64_t requested, int64_t *count, void *values, size_t size)
{
    *count = 1;
    if (requested >= 1 && values != NULL)
        memcpy(values, &value, size); /* little endian */
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, int name, int type,
                                              int64_t requested, int64_t *given_count, void *values)
{
    DNN_ENTER();
    int64_t ignored, *count = given_count == NULL ? &ignored : given_count;
    REQUIRE(descriptor != NULL, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    REQUIRE(emu_object_is(descriptor, KIND_backend_descriptor), CUDNN_STATUS_BAD_PARAM);
    ENTER_KIND(descriptor->type);
    REQUIRE(descriptor->finalized, CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
    REQUIRE(requested >= 0, CUDNN_STATUS_BAD_PARAM);
    if (descriptor->real != NULL && (descriptor->type == B_ENGINE || name == PLAN_WORKSPACE_SIZE
                                     || name == CFG_WORKSPACE_SIZE))
        return real_get(descriptor, name, type, requested, count, values);
    switch (name) {
    case HEUR_RESULTS:
        REQUIRE(descriptor->type == B_ENGINEHEUR && type == A_DESCRIPTOR, CUDNN_STATUS_BAD_PARAM);
        return get_results(descriptor, requested, count, values);
    case CFG_ENGINE:
        REQUIRE(descriptor->type == B_ENGINECFG && type == A_DESCRIPTOR, CUDNN_STATUS_BAD_PARAM);
        return get_engine(descriptor, requested, count, values);
    case PLAN_WORKSPACE_SIZE:
        REQUIRE(descriptor->type == B_PLAN && type == A_INT64, CUDNN_STATUS_BAD_PARAM);
        return get_number((int64_t)descriptor->workspace_size, requested, count, values, 8);
    case CFG_WORKSPACE_SIZE:
        REQUIRE(descriptor->type == B_ENGINECFG && type == A_INT64, CUDNN_STATUS_BAD_PARAM);
        return get_number((int64_t)backend_workspace_size(descriptor->graph), requested, count, values, 8);
    case PLAN_JSON:
        REQUIRE(descriptor->type == B_PLAN && type == A_CHAR, CUDNN_STATUS_BAD_PARAM);
        const char *json = backend_json(descriptor, count);
        REQUIRE(json != NULL, CUDNN_STATUS_NOT_SUPPORTED);
        if (values != NULL)
            memcpy(values, json, (size_t)(requested < *count ? requested : *count));
        return CUDNN_STATUS_SUCCESS;
    case GRAPH_ENGINE_COUNT:
        REQUIRE(descriptor->type == B_GRAPH && type == A_INT64, CUDNN_STATUS_BAD_PARAM);
        return get_number(backend_engine_count(descriptor->graph), requested, count, values, 8);
    case ENGINE_INDEX:
        REQUIRE(descriptor->type == B_ENGINE && type == A_INT64, CUDNN_STATUS_BAD_PARAM);
        return get_number(descriptor->engine, requested, count, values, 8);
    case ENGINE_NUMERICAL:
        REQUIRE(descriptor->type == B_ENGINE && type == A_NUMERICAL_NOTE, CUDNN_STATUS_BAD_PARAM);
        if (backend_engine_uses_tensor_cores(descriptor->graph, descriptor->engine))
            return get_number(0, requested, count, values, 4); /* CUDNN_NUMERICAL_NOTE_TENSOR_CORE */
        *count = 0;
        return CUDNN_STATUS_SUCCESS;
    case ENGINE_BEHAVIOR: case ENGINE_KNOBS: case ENGINE_LAYOUT:
        REQUIRE(descriptor->type == B_ENGINE, CUDNN_STATUS_BAD_PARAM);
        *count = 0;
        return CUDNN_STATUS_SUCCESS;
    default:
        break;
    }
    const struct attribute *attribute = backend_attribute(descriptor, name);
    REQUIRE(attribute != NULL, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(attribute->type == type, CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
    int64_t written = requested < attribute->count ? requested : attribute->count;
    if (values != NULL)
        memcpy(values, attribute->values, (size_t)written * value_size(type));
    *count = attribute->count;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                         cudnnBackendDescriptor_t pack)
{
    DNN_ENTER();
    REQUIRE(dnn_is_handle(handle), CUDNN_STATUS_BAD_PARAM);
    REQUIRE(emu_object_is(plan, KIND_backend_descriptor) && plan->type == B_PLAN, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(emu_object_is(pack, KIND_backend_descriptor) && pack->type == B_VARIANT_PACK, CUDNN_STATUS_BAD_PARAM);
    REQUIRE(plan->finalized && pack->finalized, CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
    return backend_execute(handle, plan, pack);
}
