/* NVIDIA's own cuDNN, loaded next to the emulation in a separate namespace. */
#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../gpus.h"

enum { DEVICE_PROPERTIES = 38, PROPERTIES_JSON = 2702, HEUR_DEVICE = 204, PLAN_DEVICE = 407,
       NOTE_TENSOR_CORE = 0, MOST_NOTES = 16, MOST_DESCRIPTORS = 64, MOST_ENGINES = 1024 };

/* The library's functions; may only be called on its own thread. */
static struct {
    cudnnStatus_t (*create)(int, void **);
    cudnnStatus_t (*destroy)(void *);
    cudnnStatus_t (*finalize)(void *);
    cudnnStatus_t (*set)(void *, int, int, int64_t, const void *);
    cudnnStatus_t (*get)(void *, int, int, int64_t, int64_t *, void *);
    void (*last_error)(char *, size_t);
    size_t (*version)(void);
} library;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool on;
static void *device; /* its properties, as a descriptor */
static const struct gpu *gpu;
static size_t version;
static FILE *record;

/* ---- The library's thread ----
 * A namespace has its own C library, which reuses the first one's keys for thread-specific data. A thread without the
 * first one's values keeps the two apart. The compiler inside cuDNN also needs a deep stack. */

enum { STACK_BYTES = 64 << 20 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*body)(void *);
    void *argument;
} work = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, NULL};

static void *serve(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&work.lock);
    for (;;) {
        while (work.body == NULL)
            pthread_cond_wait(&work.changed, &work.lock);
        work.body(work.argument);
        work.body = NULL;
        pthread_cond_broadcast(&work.changed);
    }
    return NULL;
}

static void on_its_thread(void (*body)(void *), void *argument)
{
    pthread_mutex_lock(&work.lock);
    while (work.body != NULL)
        pthread_cond_wait(&work.changed, &work.lock);
    work.body = body;
    work.argument = argument;
    pthread_cond_broadcast(&work.changed);
    while (work.body == body && work.argument == argument)
        pthread_cond_wait(&work.changed, &work.lock);
    pthread_mutex_unlock(&work.lock);
}

/* One call, and the library's message if it fails. */
struct call {
    enum { CREATE, DESTROY, FINALIZE, SET, GET } what;
    void *descriptor, **created;
    int name, type;
    int64_t count, *given;
    const void *values;
    void *room;
    cudnnStatus_t status;
};

static char refusal[1024];

/* ---- Crashes ----
 * Some versions crash on some graphs or GPUs (9.10.2 on every graph for a B200). A signal on the library's thread becomes an
 * error that names the signal; on other threads it goes to the previous handler, such as the JVM's. */

static const int deadly[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
enum { DEADLY = sizeof deadly / sizeof deadly[0] };
static struct sigaction before[DEADLY];
static __thread sigjmp_buf *way_back;

static void survive(int number, siginfo_t *information, void *context)
{
    if (way_back != NULL)
        siglongjmp(*way_back, number);
    int i = 0;
    while (deadly[i] != number)
        i++;
    if ((before[i].sa_flags & SA_SIGINFO) != 0) {
        before[i].sa_sigaction(number, information, context);
    } else if (before[i].sa_handler == SIG_DFL || before[i].sa_handler == SIG_IGN) {
        sigaction(number, &before[i], NULL); /* the faulting instruction raises it again */
        if (number == SIGABRT)
            raise(number);
    } else {
        before[i].sa_handler(number);
    }
}

static void handle_crashes(void)
{
    struct sigaction action = {.sa_sigaction = survive, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &action, &before[i]);
}

static void make_call(struct call *c)
{
    switch (c->what) {
    case CREATE: c->status = library.create(c->type, c->created); break;
    case DESTROY: c->status = library.destroy(c->descriptor); break;
    case FINALIZE: c->status = library.finalize(c->descriptor); break;
    case SET: c->status = library.set(c->descriptor, c->name, c->type, c->count, c->values); break;
    case GET: c->status = library.get(c->descriptor, c->name, c->type, c->count, c->given, c->room); break;
    }
}

static void run_call(void *argument)
{
    struct call *c = argument;
    sigjmp_buf here;
    int number = sigsetjmp(here, 1);
    if (number != 0) {
        way_back = NULL;
        c->status = CUDNN_STATUS_NOT_SUPPORTED;
        snprintf(refusal, sizeof refusal, "cuDNN %zu crashed while it planned for %s (signal %d)", version, gpu->device_name,
                 number);
        return;
    }
    way_back = &here;
    make_call(c);
    way_back = NULL;
    if (c->status == CUDNN_STATUS_SUCCESS)
        return;
    library.last_error(refusal, sizeof refusal);
    for (char *character = refusal; *character != '\0'; character++)
        if (*character == '\n' || *character == '"' || *character == '\\' || *character == '\t')
            *character = ' ';
}

static cudnnStatus_t called(struct call call)
{
    on_its_thread(run_call, &call);
    return call.status;
}

static cudnnStatus_t create(int type, void **descriptor)
{
    return called((struct call){.what = CREATE, .type = type, .created = descriptor});
}

static cudnnStatus_t set(void *descriptor, int name, int type, int64_t count, const void *values)
{
    return called((struct call){.what = SET, .descriptor = descriptor, .name = name, .type = type, .count = count,
                                .values = values});
}

static cudnnStatus_t get(void *descriptor, int name, int type, int64_t count, int64_t *given, void *room)
{
    return called((struct call){.what = GET, .descriptor = descriptor, .name = name, .type = type, .count = count,
                                .given = given, .room = room});
}

static cudnnStatus_t finalize(void *descriptor)
{
    return called((struct call){.what = FINALIZE, .descriptor = descriptor});
}

static void destroy(void *descriptor)
{
    called((struct call){.what = DESTROY, .descriptor = descriptor});
}

/* ---- Loading ---- */

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "emulated GPU: FLOPMETER_REAL_CUDNN: %s: %s\n", what, why == NULL ? "unknown" : why);
    abort();
}

static void *function(void *file, const char *name)
{
    void *found = dlsym(file, name);
    if (found == NULL)
        give_up(name, dlerror());
    return found;
}

/* Libraries are listed in the order of their dependencies; the last one is cuDNN. */
static void *load_libraries(const char *folder)
{
    char path[4096], line[2048];
    snprintf(path, sizeof path, "%s/libraries", folder);
    FILE *list = fopen(path, "r");
    if (list == NULL)
        give_up(path, "cannot be read; run src/test/bin/real-cudnn fetch");
    Lmid_t space = LM_ID_NEWLM;
    void *file = NULL;
    while (fgets(line, sizeof line, list) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, sizeof path, "%s/%s", folder, line);
        file = dlmopen(space, path, RTLD_NOW);
        if (file == NULL)
            give_up(path, dlerror());
        if (space == LM_ID_NEWLM)
            dlinfo(file, RTLD_DI_LMID, &space);
    }
    fclose(list);
    if (file == NULL)
        give_up(path, "lists no library");
    return file;
}

/* The keys depend on the version; these cover 9.10 to 9.28. */
static void describe_device(char *json, size_t size)
{
    snprintf(json, size,
             "{\"maxGridSize\":[2147483647,65535,65535],\"maxBlockSize\":[1024,1024,64],\"regsPerBlock\":65536,"
             "\"multiProcessorCount\":%d,\"warpSize\":32,\"maxSharedMemoryPerBlock\":49152,"
             "\"maxSharedMemoryPerBlockOptin\":%d,\"reservedSharedMemoryPerBlock\":1024,\"maxRegistersPerSM\":65536,"
             "\"maxCtasPerSM\":%d,\"maxThreadsPerBlock\":1024,\"maxThreadsPerSM\":%d,\"pciDeviceId\":0,"
             "\"isTccDriver\":0,\"supportCoopLaunch\":1,\"smClockRateKHz\":%d,\"memClockRateKHz\":%d,"
             "\"l2CacheSize\":%d,\"deviceName\":\"%s\",\"smCountOrigin\":0,\"oversizedSharedMemoryPerBlock\":0,"
             "\"memoryBusWidth\":%d,\"deviceVer\":%d,\"cudaDeviceId\":0,\"driverVer\":13000,\"totalGlobalMem\":%.0f}",
             gpu->multiprocessors, gpu->shared_bytes, gpu->blocks, gpu->threads, gpu->clock_mhz * 1000,
             gpu->memory_clock_mhz * 1000, gpu->l2_bytes, gpu->device_name, gpu->bus_bits, gpu->capability * 10,
             gpu->memory_bytes);
}

static void open_library(void *folder)
{
    void *file = load_libraries(folder);
    library.create = function(file, "cudnnBackendCreateDescriptor");
    library.destroy = function(file, "cudnnBackendDestroyDescriptor");
    library.finalize = function(file, "cudnnBackendFinalize");
    library.set = function(file, "cudnnBackendSetAttribute");
    library.get = function(file, "cudnnBackendGetAttribute");
    library.last_error = function(file, "cudnnGetLastErrorString");
    library.version = function(file, "cudnnGetVersion");
    version = library.version();
}

static void load(void)
{
    char *folder = getenv("FLOPMETER_REAL_CUDNN");
    if (folder == NULL || *folder == '\0')
        return;
    const char *name = emu_setting("GPU", "H100");
    gpu = gpu_of(name);
    if (gpu == NULL)
        give_up(name, "is not among the GPUs of gpus.h");
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0
        || pthread_create(&thread, &attributes, serve, NULL) != 0)
        give_up("its thread", "cannot be started");
    pthread_detach(thread);
    on_its_thread(open_library, folder);
    handle_crashes();
    char json[2048];
    describe_device(json, sizeof json);
    if (create(DEVICE_PROPERTIES, &device) != CUDNN_STATUS_SUCCESS
        || set(device, PROPERTIES_JSON, A_CHAR, (int64_t)strlen(json), json) != CUDNN_STATUS_SUCCESS
        || finalize(device) != CUDNN_STATUS_SUCCESS)
        give_up("the properties of the device", refusal);
    const char *path = getenv("FLOPMETER_REAL_RECORD");
    record = path == NULL || *path == '\0' ? NULL : fopen(path, "a");
    on = true;
}

bool real_is_on(void)
{
    pthread_once(&once, load);
    return on;
}

size_t real_version(void)
{
    return version;
}

/* ---- The record: a line of JSON for each plan and each rejected call ---- */

static const char *operation_name(const struct backend_operation *op)
{
    switch (op->kind) {
    case B_OP_CONVOLUTION: return "convolution";
    case B_OP_CONVOLUTION_BWD_DATA: return "backward-data";
    case B_OP_MATMUL: return "product";
    case B_OP_REDUCTION: return "reduction";
    case B_OP_RESAMPLE: return "pooling";
    case B_OP_NORM: return "normalisation";
    default: return "pointwise";
    }
}

static int describe_tensor(char *text, size_t size, const struct tensor *t)
{
    int at = snprintf(text, size, " %d:", t->type);
    for (int i = 0; i < t->rank && (size_t)at < size; i++)
        at += snprintf(text + at, size - (size_t)at, "%s%d", i == 0 ? "" : "x", t->dim[i]);
    return at;
}

static void describe_graph(char *text, size_t size, const struct backend_graph *graph)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; graph != NULL && i < graph->count && at + 128 < size; i++) {
        const struct backend_operation *op = &graph->operations[i];
        at += (size_t)snprintf(text + at, size - at, "%s%s", i == 0 ? "" : ", ", operation_name(op));
        if (op->kind == B_OP_POINTWISE) {
            at += (size_t)snprintf(text + at, size - at, " %d", op->pointwise.mode);
        } else if (op->kind == B_OP_RESAMPLE || op->kind == B_OP_NORM) {
            at += (size_t)describe_tensor(text + at, size - at, &op->x.tensor);
        } else if (op->kind != B_OP_REDUCTION) {
            at += (size_t)describe_tensor(text + at, size - at, &op->x.tensor);
            at += (size_t)describe_tensor(text + at, size - at, &op->b.tensor);
        }
    }
}

static void note(cudnnBackendDescriptor_t d, const char *what, const char *more)
{
    if (record == NULL)
        return;
    char graph[2048];
    describe_graph(graph, sizeof graph, d->graph);
    flockfile(record);
    fprintf(record, "{\"cudnn\":%zu,\"gpu\":\"%s\",\"what\":\"%s\",\"graph\":\"%s\",%s}\n", version, gpu->name,
            what, graph, more);
    fflush(record);
    funlockfile(record);
}

static cudnnStatus_t answered(cudnnBackendDescriptor_t d, cudnnStatus_t status, const char *call)
{
    if (status == CUDNN_STATUS_SUCCESS)
        return status;
    char more[1200];
    snprintf(more, sizeof more, "\"call\":\"%s\",\"kind\":%d,\"status\":%d,\"message\":\"%s\"", call, d->type, status,
             refusal);
    note(d, "refused", more);
    return dnn_fail(status, call, refusal);
}

/* ---- The calls ---- */

/* Only the emulation knows the addresses of tensors. */
static bool is_mirrored(const struct backend_descriptor *d)
{
    return d->type != B_VARIANT_PACK;
}

cudnnStatus_t real_create(cudnnBackendDescriptor_t d)
{
    if (!real_is_on() || !is_mirrored(d))
        return CUDNN_STATUS_SUCCESS;
    PROPAGATE(answered(d, create(d->type, &d->real), "create"));
    if (d->type == B_ENGINEHEUR || d->type == B_PLAN) {
        int name = d->type == B_PLAN ? PLAN_DEVICE : HEUR_DEVICE;
        return answered(d, set(d->real, name, A_DESCRIPTOR, 1, &device), "set the device");
    }
    return CUDNN_STATUS_SUCCESS;
}

void real_destroy(cudnnBackendDescriptor_t d)
{
    if (d->real != NULL)
        destroy(d->real);
    d->real = NULL;
}

static const char json_mark[] = "\"real\":";

char *real_json(cudnnBackendDescriptor_t plan)
{
    int64_t length = 0;
    if (plan->real == NULL || get(plan->real, PLAN_JSON, A_CHAR, 0, &length, NULL) != CUDNN_STATUS_SUCCESS)
        return plan->real == NULL ? strdup("null") : NULL;
    char *text = calloc(1, (size_t)length + 1);
    if (text == NULL || get(plan->real, PLAN_JSON, A_CHAR, length, &length, text) != CUDNN_STATUS_SUCCESS)
        abort();
    return text;
}

/* The library's part of the emulation's text. */
static cudnnStatus_t set_json(cudnnBackendDescriptor_t d, int64_t count, const char *text)
{
    const char *own = memmem(text, (size_t)count, json_mark, sizeof json_mark - 1);
    REQUIRE(own != NULL, CUDNN_STATUS_BAD_PARAM);
    own += sizeof json_mark - 1;
    return answered(d, set(d->real, PLAN_JSON, A_CHAR, text + count - 1 - own, own), "set");
}

cudnnStatus_t real_set(cudnnBackendDescriptor_t d, int name, int type, int64_t count, const void *values)
{
    /* The handle belongs to the emulation. Without one, the library plans without a device. */
    if (d->real == NULL || type == A_HANDLE)
        return CUDNN_STATUS_SUCCESS;
    if (d->type == B_PLAN && name == PLAN_JSON)
        return set_json(d, count, values);
    void *mapped[MOST_DESCRIPTORS];
    if (type == A_DESCRIPTOR) {
        REQUIRE(count <= MOST_DESCRIPTORS, CUDNN_STATUS_NOT_SUPPORTED);
        for (int64_t i = 0; i < count; i++)
            mapped[i] = ((cudnnBackendDescriptor_t const *)values)[i]->real;
        values = mapped;
    }
    return answered(d, set(d->real, name, type, count, values), "set");
}

static void note_plan(cudnnBackendDescriptor_t d)
{
    char more[256];
    snprintf(more, sizeof more, "\"engine\":%lld,\"tensor_cores\":%s,\"workspace\":%zu", (long long)d->engine_number,
             d->engine == 0 ? "true" : "false", d->workspace_size);
    note(d, backend_attribute(d, PLAN_JSON) == NULL ? "plan" : "restored plan", more);
}

/* Some engines compile for seconds and then need a real device (those for 16-bit normalisations: for an A100 in 9.28, for all
 * GPUs in 9.10). That does not count as rejected, and is the same for each of their settings: only the first is tried. */
static cudnnStatus_t finalize_plan(cudnnBackendDescriptor_t d)
{
    static cudnnStatus_t failed[B_OP_NORM + 1][MOST_ENGINES];
    cudnnStatus_t *known = d->graph == NULL || d->engine_number < 0 || d->engine_number >= MOST_ENGINES
        ? &(cudnnStatus_t){CUDNN_STATUS_SUCCESS} : &failed[d->graph->operations[0].kind][d->engine_number];
    if (*known != CUDNN_STATUS_SUCCESS) {
        snprintf(refusal, sizeof refusal, "engine %lld failed before", (long long)d->engine_number);
        return *known;
    }
    cudnnStatus_t status = finalize(d->real);
    if (status / 1000 == CUDNN_STATUS_INTERNAL_ERROR / 1000 || status / 1000 == CUDNN_STATUS_EXECUTION_FAILED / 1000)
        *known = status;
    return status;
}

cudnnStatus_t real_finalize(cudnnBackendDescriptor_t d)
{
    if (d->real == NULL)
        return CUDNN_STATUS_SUCCESS;
    PROPAGATE(answered(d, d->type == B_PLAN ? finalize_plan(d) : finalize(d->real), "finalize"));
    if (d->type == B_PLAN) {
        int64_t count, bytes = 0;
        PROPAGATE(answered(d, get(d->real, PLAN_WORKSPACE_SIZE, A_INT64, 1, &count, &bytes), "get"));
        d->workspace_size = (size_t)bytes;
        note_plan(d);
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t real_get(cudnnBackendDescriptor_t d, int name, int type, int64_t requested, int64_t *count, void *values)
{
    return answered(d, get(d->real, name, type, requested, count, values), "get");
}

cudnnStatus_t real_fill(cudnnBackendDescriptor_t d, int name, int64_t requested, int64_t *count,
                        cudnnBackendDescriptor_t *made)
{
    void *mapped[MOST_DESCRIPTORS];
    REQUIRE(requested <= MOST_DESCRIPTORS, CUDNN_STATUS_NOT_SUPPORTED);
    for (int64_t i = 0; i < requested; i++)
        mapped[i] = made[i]->real;
    PROPAGATE(answered(d, get(d->real, name, A_DESCRIPTOR, requested, count, mapped), "get"));
    if (d->type == B_ENGINEHEUR && *count == 0)
        note(d, "no engine", "\"status\":0");
    return CUDNN_STATUS_SUCCESS;
}

/* A product's engine 0 is cuBLASLt, which has no notes: it is unknown whether it uses TF32 for fp32, so assume it does. */
bool real_uses_tensor_cores(cudnnBackendDescriptor_t configuration)
{
    void *engine = NULL;
    int64_t count = 0, number = 0, notes[MOST_NOTES];
    bool found = false;
    if (create(B_ENGINE, &engine) != CUDNN_STATUS_SUCCESS)
        return false;
    if (get(configuration->real, CFG_ENGINE, A_DESCRIPTOR, 1, &count, &engine) == CUDNN_STATUS_SUCCESS
        && get(engine, ENGINE_INDEX, A_INT64, 1, &count, &number) == CUDNN_STATUS_SUCCESS) {
        configuration->engine_number = number;
        found = number == 0 && configuration->graph->operations[0].kind == B_OP_MATMUL;
        if (get(engine, ENGINE_NUMERICAL, A_NUMERICAL_NOTE, MOST_NOTES, &count, notes) == CUDNN_STATUS_SUCCESS)
            for (int64_t i = 0; i < count && i < MOST_NOTES; i++)
                found |= ((const int *)notes)[i] == NOTE_TENSOR_CORE;
    }
    destroy(engine);
    return found;
}
