/* Fault switches. Each case runs in a separate process, because faults are read at process start and errors are sticky. */
#include "api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int nvmlInit_v2(void);
int nvmlDeviceGetHandleByIndex_v2(unsigned, void **);
int nvmlDeviceGetClockInfo(void *, unsigned, unsigned *);
int nvmlDeviceGetUtilizationRates(void *, unsigned[2]);
int nvmlDeviceGetTotalEnergyConsumption(void *, unsigned long long *);
int nvmlDeviceGetCurrentClocksThrottleReasons(void *, unsigned long long *);
size_t cudnnGetVersion(void);

static dnn activation;
static struct test_tensor x;

/* An operation on device memory that cuDNN launches. */
static int relu(address memory)
{
    return cudnnActivationForward(handle, activation, &one, x.descriptor, memory, &zero, x.descriptor, memory);
}

static void begin(int device)
{
    CUcontext context;
    OK(cuInit(0));
    OK(cuDevicePrimaryCtxRetain(&context, device));
    OK(cuCtxSetCurrent(context));
    OK(cuStreamCreate(&stream, 1));
    OK(cudnnCreate(&handle));
    OK(cudnnSetStream(handle, stream));
    OK(cudnnCreateActivationDescriptor(&activation));
    OK(cudnnSetActivationDescriptor(activation, 1, 0, 0));
    x = tensor_new(FP32, NCHW, 4, (int[]){1, 1, 4, 4});
}

static void sticky(int error)
{
    OK(relu(x.memory));
    OK(cuStreamSynchronize(stream));
    OK(relu(x.memory)); /* the launch itself succeeds; its error shows later */
    STATUS(error, cuStreamSynchronize(stream));
    STATUS(error, cuMemAlloc_v2(&(CUdeviceptr){0}, 4));
    STATUS(error, cuMemFree_v2(x.memory));
    STATUS(5003, relu(x.memory));
}

static void freed_memory(void)
{
    begin(0);
    address other = device_memory(64);
    OK(relu(other));
    OK(cuMemFree_v2(other));
    OK(relu(other));
    STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
}

static void overrun(void)
{
    begin(0);
    address small = device_memory(60);
    OK(relu(small)); /* one element too few */
    STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
}

static void misaligned(void)
{
    begin(0);
    address large = device_memory(128);
    OK(relu(large + 2));
    STATUS(CUDA_ERROR_MISALIGNED_ADDRESS, cuCtxSynchronize());
}

static void kernel_overrun(void)
{
    begin(0);
    CUmodule module;
    CUfunction fill;
    static char text[1 << 20];
    FILE *file = fopen(PTX_FILE, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    OK(cuModuleLoadData(&module, text));
    OK(cuModuleGetFunction(&fill, module, "fill"));
    struct {
        address to;
        long count;
        float value;
        int type;
    } arguments = {device_memory(64), 17, 1, FP32};
    OK(cuLaunchKernel(fill, 1, 1, 1, 32, 1, 1, 0, stream, (void *[]){&arguments}, NULL));
    STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
}

static void out_of_memory(void)
{
    begin(0);
    STATUS(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&(CUdeviceptr){0}, 64));
    OK(cuMemAlloc_v2(&(CUdeviceptr){0}, 64));
    OK(relu(x.memory));
}

static void illegal_address(void)
{
    begin(0);
    sticky(CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void ecc(void)
{
    begin(0);
    sticky(CUDA_ERROR_ECC_UNCORRECTABLE);
}

static void device_lost(void)
{
    void *device;
    begin(0);
    OK(nvmlInit_v2());
    OK(nvmlDeviceGetHandleByIndex_v2(0, &device));
    sticky(CUDA_ERROR_UNKNOWN);
    STATUS(15, nvmlDeviceGetHandleByIndex_v2(0, &device));
    STATUS(15, nvmlDeviceGetClockInfo(device, 1, &(unsigned){0}));
}

static void other_device(void)
{
    begin(0);
    for (int i = 0; i < 5; i++)
        OK(relu(x.memory));
    OK(cuStreamSynchronize(stream));
    begin(1);
    sticky(CUDA_ERROR_ECC_UNCORRECTABLE);
}

static void call_fault(void)
{
    begin(0);
    STATUS(CUDA_ERROR_OUT_OF_MEMORY, cuGraphInstantiateWithFlags(NULL, NULL, 0));
    STATUS(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiateWithFlags(NULL, NULL, 0));
}

static void slow_call(void)
{
    begin(0);
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    OK(relu(x.memory));
    clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK((double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) * 1e-6 >= 20);
}

static void no_device(void)
{
    STATUS(CUDA_ERROR_NO_DEVICE, cuInit(0));
    STATUS(9, nvmlInit_v2());
    STATUS(1001, cudnnCreate(&handle));
}

static void versions(void)
{
    int cuDriverGetVersion(int *);
    int version;
    OK(cuDriverGetVersion(&version));
    CHECK(version == 11000);
    CHECK(cudnnGetVersion() == 80907);
}

static void sensors(void)
{
    void *device;
    unsigned mhz, utilization[2];
    unsigned long long reasons, before, after;
    OK(nvmlInit_v2());
    OK(nvmlDeviceGetHandleByIndex_v2(0, &device));
    OK(nvmlDeviceGetClockInfo(device, 1, &mhz));
    CHECK(mhz == 705);
    OK(nvmlDeviceGetUtilizationRates(device, utilization));
    CHECK(utilization[0] == 80);
    OK(nvmlDeviceGetCurrentClocksThrottleReasons(device, &reasons));
    CHECK(reasons == 0x20);
    OK(nvmlDeviceGetTotalEnergyConsumption(device, &before));
    OK(nvmlDeviceGetTotalEnergyConsumption(device, &after));
    CHECK(after >= before);
}

/* After a hang the launch returns, a query returns "not ready", and only a wait never ends: the parent ends this process. */
static void hang(void)
{
    begin(0);
    OK(relu(x.memory));
    STATUS(CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
    OK(relu(x.memory));
    alarm(1);
    cuStreamSynchronize(stream);
    CHECK(false);
}

static void unpacked_heads(void)
{
    begin(0);
    test_unpacked_heads();
}

static const struct fault_case {
    const char *name;
    const char *faults;
    void (*run)(void);
    int signal; /* that ends it; 0 if it exits by itself */
} cases[] = {
    {"freed_memory", "", freed_memory, 0},
    {"overrun", "", overrun, 0},
    {"misaligned", "", misaligned, 0},
    {"kernel_overrun", "", kernel_overrun, 0},
    {"out_of_memory", "oom@alloc:2", out_of_memory, 0},
    {"illegal_address", "illegal-address@launch:2", illegal_address, 0},
    {"ecc", "ecc@launch:2", ecc, 0},
    {"device_lost", "device-lost@launch:2", device_lost, 0},
    {"other_device", "exclusive-device:1,ecc@launch:2", other_device, 0},
    {"call_fault", "oom@call:cuGraphInstantiateWithFlags", call_fault, 0},
    {"slow_call", "slow@call:cudnnActivationForward:20ms", slow_call, 0},
    {"no_device", "no-device", no_device, 0},
    {"versions", "old-driver,cudnn-version:80907", versions, 0},
    {"sensors", "busy:80%,throttle", sensors, 0},
    {"unpacked_heads", "", unpacked_heads, 6},
    {"hang", "hang@launch:1", hang, 14},
};

int run_fault_case(const char *name)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(cases[i].name, name) == 0)
            cases[i].run();
    return failures > 100 ? 100 : failures;
}

void test_faults(const char *program)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            setenv("FLOPMETER_EMULATED_FAULT", cases[i].faults, 1);
            setenv("FLOPMETER_EMULATED_DEVICES", "2", 1);
            unsetenv("FLOPMETER_EMULATED_REPORT");
            execl(program, program, cases[i].name, (char *)NULL);
            _exit(127);
        }
        int status = 0;
        waitpid(child, &status, 0);
        bool good = cases[i].signal != 0 ? WIFSIGNALED(status) && WTERMSIG(status) == cases[i].signal
                                         : WIFEXITED(status) && WEXITSTATUS(status) == 0;
        checks++;
        if (!good) {
            failures++;
            printf("fault case %s failed\n", cases[i].name);
        }
    }
}
