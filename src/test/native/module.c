/*
 * Modules and kernel launches. Only version, target, entries and their parameters are read from the PTX text; the
 * code that runs is the same kernel source, compiled for the CPU in libflopmeter-kernels.so.
 */
#define _GNU_SOURCE
#include "driver.h"
#include "kernels.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARAMETERS 64
#define MAX_PARAMETER_BYTES 4096

struct emu_function {
    struct emu_object object;
    char name[128];
    struct emu_module *module;
    int parameter_count;
    struct {
        size_t offset, size;
    } parameters[MAX_PARAMETERS];
    size_t bytes;
    const struct emu_kernel *kernel;
    struct emu_function *next;
};

struct emu_module {
    struct emu_object object;
    struct emu_function *functions;
};

static void *kernel_library;
static emu_kernel_runner run_kernel;

EXPORT CUresult cuModuleUnload(CUmodule module);

static void open_kernel_library(void)
{
    Dl_info here;
    char path[4096] = "libflopmeter-kernels.so";
    if (dladdr((void *)(uintptr_t)&cuModuleUnload, &here) != 0 && strchr(here.dli_fname, '/') != NULL)
        snprintf(path, sizeof path, "%.*s/libflopmeter-kernels.so",
                 (int)(strrchr(here.dli_fname, '/') - here.dli_fname), here.dli_fname);
    kernel_library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (kernel_library == NULL)
        fprintf(stderr, "emulated GPU: %s\n", dlerror());
    else
        run_kernel = (emu_kernel_runner)dlsym(kernel_library, "emu_run_kernel");
}

static const struct emu_kernel *find_kernel(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_kernel_library);
    char symbol[160];
    snprintf(symbol, sizeof symbol, "emu_kernel_%s", name);
    return kernel_library == NULL || run_kernel == NULL ? NULL : dlsym(kernel_library, symbol);
}

/* ---- Reading PTX ---- */

static const char *skip_space(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* The size in bytes of the ".param ..." declaration at text, or 0 if it is malformed; sets *alignment. */
static size_t parameter_size(const char *text, size_t *alignment)
{
    static const struct {
        const char *type;
        size_t size;
    } types[] = {{".u64", 8}, {".s64", 8}, {".b64", 8}, {".f64", 8}, {".u32", 4}, {".s32", 4}, {".b32", 4}, {".f32", 4},
                 {".u16", 2}, {".s16", 2}, {".b16", 2}, {".f16", 2}, {".u8", 1}, {".s8", 1}, {".b8", 1}};
    size_t align = 0, size = 0, length = 1;
    text = skip_space(text + strlen(".param"));
    while (*text != ',' && *text != ')' && *text != '\0') {
        if (strncmp(text, ".align", 6) == 0) {
            char *end;
            align = strtoul(text + 6, &end, 10);
            text = end;
        } else if (*text == '[') {
            length = strtoul(text + 1, NULL, 10);
            text = strchr(text, ']') == NULL ? text + 1 : strchr(text, ']') + 1;
        } else {
            for (size_t i = 0; size == 0 && i < sizeof types / sizeof types[0]; i++)
                if (strncmp(text, types[i].type, strlen(types[i].type)) == 0
                    && isspace((unsigned char)text[strlen(types[i].type)]))
                    size = types[i].size;
            while (*text != '\0' && !isspace((unsigned char)*text) && *text != ',' && *text != ')' && *text != '[')
                text++;
        }
        text = skip_space(text);
    }
    *alignment = align != 0 ? align : size;
    return size * length;
}

static bool read_entry(const char *text, struct emu_module *module)
{
    struct emu_function *function = emu_object_new(KIND_function, sizeof *function);
    function->module = module;
    function->next = module->functions;
    module->functions = function;
    text = skip_space(text);
    size_t length = strcspn(text, "( \t\r\n");
    snprintf(function->name, sizeof function->name, "%.*s", (int)length, text);
    text = skip_space(text + length);
    if (*text != '(')
        return true; /* an entry without parameters */
    const char *end = strchr(text, ')');
    if (end == NULL)
        return false;
    while ((text = strstr(text, ".param")) != NULL && text < end) {
        size_t alignment;
        size_t size = parameter_size(text, &alignment);
        if (size == 0 || function->parameter_count == MAX_PARAMETERS)
            return false;
        function->bytes = (function->bytes + alignment - 1) / alignment * alignment;
        function->parameters[function->parameter_count].offset = function->bytes;
        function->parameters[function->parameter_count++].size = size;
        function->bytes += size;
        text += strlen(".param");
    }
    return function->bytes <= MAX_PARAMETER_BYTES;
}

/* The directive at the start of a line, outside comments; NULL if there is none. */
static const char *directive(const char *text, const char *name)
{
    for (const char *found = text; (found = strstr(found, name)) != NULL; found += strlen(name)) {
        const char *line = found;
        while (line > text && line[-1] != '\n')
            line--;
        if (strncmp(skip_space(line), "//", 2) != 0 && isspace((unsigned char)found[strlen(name)]))
            return found + strlen(name);
    }
    return NULL;
}

static CUresult read_ptx(const char *text, const struct emu_device *device, struct emu_module *module)
{
    const char *version = directive(text, ".version");
    const char *target = directive(text, ".target");
    int major, minor, sm;
    if (version == NULL || sscanf(version, "%d.%d", &major, &minor) != 2)
        return CUDA_ERROR_INVALID_IMAGE;
    if (major > 8 || (major == 8 && minor > 0))
        return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
    if (target == NULL || sscanf(skip_space(target), "sm_%d", &sm) != 1)
        return CUDA_ERROR_INVALID_PTX;
    if (sm > device->major * 10 + device->minor)
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    for (const char *entry = text; (entry = directive(entry, ".entry")) != NULL;)
        if (!read_entry(entry, module))
            return CUDA_ERROR_INVALID_PTX;
    return CUDA_SUCCESS;
}

static void destroy_module(struct emu_module *module)
{
    for (struct emu_function *f = module->functions; f != NULL; f = f->next)
        emu_object_destroy(f);
    emu_object_destroy(module);
}

static CUresult load(CUmodule *module, const char *image)
{
    CUresult status;
    struct emu_context *context = emu_require_context(&status);
    if (context == NULL)
        return status;
    if (module == NULL || image == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    if ((status = emu_unsafe_call()) != CUDA_SUCCESS)
        return status;
    struct emu_module *made = emu_object_new(KIND_module, sizeof *made);
    status = read_ptx(image, context->device, made);
    if (status == CUDA_SUCCESS)
        *module = made;
    else
        destroy_module(made);
    return status;
}

EXPORT CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
    ENTER();
    return load(module, image);
}

EXPORT CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, int *options, void **values)
{
    ENTER();
    (void)count;
    (void)options;
    (void)values;
    return load(module, image);
}

EXPORT CUresult cuModuleUnload(CUmodule module)
{
    ENTER();
    if (!emu_object_is(module, KIND_module))
        return CUDA_ERROR_INVALID_HANDLE;
    CUresult status;
    emu_require_context(&status);
    destroy_module(module);
    return status;
}

EXPORT CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
    ENTER();
    CUresult status;
    if (emu_require_context(&status) == NULL)
        return status;
    if (!emu_object_is(module, KIND_module))
        return CUDA_ERROR_INVALID_HANDLE;
    if (function == NULL || name == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    for (struct emu_function *f = module->functions; f != NULL; f = f->next) {
        if (strcmp(f->name, name) != 0)
            continue;
        f->kernel = find_kernel(name);
        if (f->kernel == NULL || f->kernel->arguments_size != f->bytes) {
            fprintf(stderr, "emulated GPU: kernel %s: the PTX and the kernels compiled for the CPU differ"
                            " (%zu against %zu bytes of parameters); run src/test/bin/make-kernels\n",
                    name, f->bytes, f->kernel == NULL ? (size_t)0 : f->kernel->arguments_size);
            return CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND;
        }
        *function = f;
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_NOT_FOUND;
}

EXPORT CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction function)
{
    ENTER();
    if (!emu_object_is(function, KIND_function))
        return CUDA_ERROR_INVALID_HANDLE;
    static const int values[] = {1024, 0, 0, 0, 32, 70, 80, 0, 49152, -1}; /* order of CUfunction_attribute */
    if (value == NULL || attribute < 0 || attribute > 15)
        return CUDA_ERROR_INVALID_VALUE;
    *value = attribute < (int)(sizeof values / sizeof values[0]) ? values[attribute] : 0;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value)
{
    ENTER();
    if (!emu_object_is(function, KIND_function))
        return CUDA_ERROR_INVALID_HANDLE;
    return attribute < 8 || attribute > 15 || value < -1 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int block_size,
                                                            size_t shared_bytes)
{
    ENTER();
    if (!emu_object_is(function, KIND_function))
        return CUDA_ERROR_INVALID_HANDLE;
    if (blocks == NULL || block_size < 1 || block_size > 1024 || shared_bytes > 49152)
        return CUDA_ERROR_INVALID_VALUE;
    *blocks = 2048 / ((block_size + 31) / 32 * 32);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuFuncGetModule(CUmodule *module, CUfunction function)
{
    ENTER();
    if (!emu_object_is(function, KIND_function))
        return CUDA_ERROR_INVALID_HANDLE;
    if (module == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *module = function->module;
    return CUDA_SUCCESS;
}

/* ---- Launching ---- */

struct launch {
    struct emu_function *function;
    unsigned grid[3], block[3];
    _Alignas(16) char arguments[];
};

static CUresult run_launch(void *parameters)
{
    const struct launch *launch = parameters;
    if (!emu_object_is(launch->function, KIND_function))
        return CUDA_ERROR_LAUNCH_FAILED; /* the module was unloaded between capture and replay */
    return run_kernel(launch->function->kernel, launch->grid, launch->block, launch->arguments);
}

/* Collects the arguments in the PTX's layout; they are passed in one of two ways, never both. */
static CUresult collect(const struct emu_function *function, void **parameters, void **extra, char *arguments)
{
    if (parameters != NULL && extra != NULL)
        return CUDA_ERROR_INVALID_VALUE;
    if (extra != NULL) {
        const void *buffer = NULL;
        size_t size = 0;
        for (int i = 0; extra[i] != CU_LAUNCH_PARAM_END; i += 2) {
            if (extra[i] == CU_LAUNCH_PARAM_BUFFER_POINTER)
                buffer = extra[i + 1];
            else if (extra[i] == CU_LAUNCH_PARAM_BUFFER_SIZE)
                size = *(size_t *)extra[i + 1];
            else
                return CUDA_ERROR_INVALID_VALUE;
        }
        if (size < function->bytes || (buffer == NULL && size > 0))
            return CUDA_ERROR_INVALID_VALUE;
        memcpy(arguments, buffer, function->bytes);
        return CUDA_SUCCESS;
    }
    if (parameters == NULL && function->parameter_count > 0)
        return CUDA_ERROR_INVALID_VALUE;
    for (int i = 0; i < function->parameter_count; i++) {
        if (parameters[i] == NULL)
            return CUDA_ERROR_INVALID_VALUE;
        memcpy(arguments + function->parameters[i].offset, parameters[i], function->parameters[i].size);
    }
    return CUDA_SUCCESS;
}

EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                               unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream stream,
                               void **parameters, void **extra)
{
    ENTER();
    CUresult status = emu_stream_check(stream);
    if (status != CUDA_SUCCESS)
        return status;
    if (!emu_object_is(function, KIND_function))
        return CUDA_ERROR_INVALID_HANDLE;
    if (grid_x == 0 || grid_y == 0 || grid_z == 0 || block_x == 0 || block_y == 0 || block_z == 0
        || grid_x > 2147483647u || grid_y > 65535 || grid_z > 65535 || block_x > 1024 || block_y > 1024 || block_z > 64
        || (unsigned long)block_x * block_y * block_z > 1024 || shared_bytes > 49152)
        return CUDA_ERROR_INVALID_VALUE;
    size_t size = sizeof(struct launch) + function->bytes;
    struct launch *launch = calloc(1, size);
    if (launch == NULL)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *launch = (struct launch){function, {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}};
    status = collect(function, parameters, extra, launch->arguments);
    if (status == CUDA_SUCCESS)
        status = emu_submit(stream, NODE_KERNEL, run_launch, launch, size);
    free(launch);
    return status;
}
