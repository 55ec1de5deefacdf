/*
 * NVML: the sensors of the emulated devices. Values are plausible, follow the launched work where that is cheap,
 * and are controlled by the fault switches busy, throttle, device-lost, mig and used-memory, or by a node's script (node.h).
 */
#define _GNU_SOURCE
#include "emulated.h"
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int nvmlReturn_t;
typedef struct emu_device *nvmlDevice_t;

#define NVML_RETURNS(X) \
    X(NVML_SUCCESS, 0, "Success") \
    X(NVML_ERROR_UNINITIALIZED, 1, "Uninitialized") \
    X(NVML_ERROR_INVALID_ARGUMENT, 2, "Invalid Argument") \
    X(NVML_ERROR_NOT_SUPPORTED, 3, "Not Supported") \
    X(NVML_ERROR_NO_PERMISSION, 4, "Insufficient Permissions") \
    X(NVML_ERROR_NOT_FOUND, 6, "Not Found") \
    X(NVML_ERROR_INSUFFICIENT_SIZE, 7, "Insufficient Size") \
    X(NVML_ERROR_DRIVER_NOT_LOADED, 9, "Driver Not Loaded") \
    X(NVML_ERROR_TIMEOUT, 10, "Timeout") \
    X(NVML_ERROR_FUNCTION_NOT_FOUND, 13, "Function Not Found") \
    X(NVML_ERROR_GPU_IS_LOST, 15, "GPU is lost") \
    X(NVML_ERROR_UNKNOWN, 999, "Unknown Error")
#define NVML_CONSTANT(name, number, text) name = number,
enum { NVML_RETURNS(NVML_CONSTANT) };
#undef NVML_CONSTANT

enum { CLOCK_GRAPHICS = 0, CLOCK_SM = 1, CLOCK_MEM = 2, CLOCK_VIDEO = 3 };
enum { REASON_IDLE = 0x1, REASON_POWER_CAP = 0x4, REASON_HW_SLOWDOWN = 0x8, REASON_SW_THERMAL = 0x20,
       REASON_HW_THERMAL = 0x40, REASON_POWER_BRAKE = 0x80 };

#define IDLE_WATTS 50.0
#define LIMIT_MILLIWATTS 400000u

static int references;
static int generation; /* of the initialisation; its end invalidates all handles */

EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
#define NVML_CASE(name, number, text) \
    case number: \
        return text;
    switch (result) {
        NVML_RETURNS(NVML_CASE)
    default:
        return "Unknown Error";
    }
#undef NVML_CASE
}

EXPORT bool emu_is_initialized(void);
static bool was_used;

/* A process that opened a device already writes a report. */
__attribute__((destructor)) static void report_at_exit(void)
{
    if (was_used && !emu_is_initialized())
        emu_report();
}

EXPORT nvmlReturn_t nvmlInit_v2(void)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (emu_device_count() == 0)
        return NVML_ERROR_DRIVER_NOT_LOADED;
    was_used = true;
    references++;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    return nvmlInit_v2();
}

EXPORT nvmlReturn_t nvmlShutdown(void)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    references--;
    generation += references == 0;
    return NVML_SUCCESS;
}

static bool is_lost(const struct emu_device *device)
{
    return device->lost || (node_is_scripted() && node_is_lost(device->index));
}

/* Marks samples as not real. */
EXPORT int nvml_is_emulated(void)
{
    return 1;
}

/* Checks of every query: NVML is initialised, the device exists and is not lost, the result pointer is not NULL. */
static nvmlReturn_t check(nvmlDevice_t device, const void *result)
{
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (device == NULL || device->index < 0 || device != emu_device(device->index) || result == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    return is_lost(device) ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

/* ---- MIG instances: separate handles, which only some functions accept. ---- */

static struct emu_device parts[16][NODE_INSTANCES];

static int instances(int gpu)
{
    return node_is_scripted() ? node_instances(gpu) : 0;
}

/* Checks a device or an instance; *part is -1 for a device. */
static nvmlReturn_t check_part(nvmlDevice_t *device, int *part, const void *result)
{
    const struct emu_device *all = &parts[0][0];
    *part = -1;
    if (*device >= all && *device < all + 16 * NODE_INSTANCES) {
        int gpu = (int)(*device - all) / NODE_INSTANCES;
        *part = (int)(*device - all) % NODE_INSTANCES;
        *device = *part < instances(gpu) ? emu_device(gpu) : NULL;
    }
    return check(*device, result);
}

#define QUERY_PART(device, part, result) \
    int part = -1; \
    do { \
        ENTER_WITH(return NVML_ERROR_UNKNOWN); \
        nvmlReturn_t checked_ = check_part(&device, &part, result); \
        if (checked_ != NVML_SUCCESS) \
            return checked_; \
    } while (0)

#define QUERY(device, result) \
    do { \
        ENTER_WITH(return NVML_ERROR_UNKNOWN); \
        nvmlReturn_t checked_ = check(device, result); \
        if (checked_ != NVML_SUCCESS) \
            return checked_; \
    } while (0)

static nvmlReturn_t put_text(char *to, unsigned length, const char *text)
{
    if (to == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (length <= strlen(text))
        return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(to, text);
    return NVML_SUCCESS;
}

/* ---- The system ---- */

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    return put_text(version, length, emu_switch("old-driver", -1, NULL) ? "450.51.06"
                                                                       : emu_setting("DRIVER", "560.35.03"));
}

static nvmlReturn_t cuda_version(int *version)
{
    if (version == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *version = emu_switch("old-driver", -1, NULL) ? 11000 : (int)emu_setting_number("DRIVER_VERSION", 12060);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    return cuda_version(version);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    return cuda_version(version);
}

EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    return put_text(version, length, "12.560.35.03");
}

/* ---- Finding devices ---- */

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    node_steps(false);
    *count = (unsigned)emu_device_count();
    return NVML_SUCCESS;
}

static nvmlReturn_t find(bool (*matches)(const struct emu_device *, const char *), const char *key,
                         nvmlDevice_t *device)
{
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (key == NULL || device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (int i = 0; i < emu_device_count(); i++) {
        if (matches(emu_device(i), key)) {
            *device = emu_device(i);
            return is_lost(*device) ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (device == NULL || index >= (unsigned)emu_device_count())
        return NVML_ERROR_INVALID_ARGUMENT;
    *device = emu_device((int)index);
    return is_lost(*device) ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

/* "0000:0A:00.0" and "00000000:0a:00.0" mean the same. */
static bool has_bus(const struct emu_device *device, const char *id)
{
    unsigned domain, bus;
    return sscanf(id, "%x:%x", &domain, &bus) == 2 && domain == 0 && (int)bus == device->bus;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *id, nvmlDevice_t *device)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    return find(has_bus, id, device);
}

static void uuid_text(const struct emu_device *device, char text[64])
{
    const unsigned char *u = device->uuid;
    snprintf(text, 64, "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
             u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static bool has_uuid(const struct emu_device *device, const char *uuid)
{
    char text[64];
    uuid_text(device, text);
    return strcmp(text, uuid) == 0;
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length);

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    for (int i = 0; uuid != NULL && device != NULL && strncmp(uuid, "MIG-", 4) == 0 && i < 16 * NODE_INSTANCES; i++) {
        char text[64];
        if (emu_device(i / NODE_INSTANCES) != NULL && i % NODE_INSTANCES < instances(i / NODE_INSTANCES)
            && nvmlDeviceGetUUID(&parts[0][i], text, sizeof text) == NVML_SUCCESS && strcmp(text, uuid) == 0) {
            *device = &parts[0][i];
            return NVML_SUCCESS;
        }
    }
    return find(has_uuid, uuid, device);
}

/* ---- Properties of a device ---- */

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
    QUERY(device, index);
    *index = (unsigned)device->index;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    QUERY_PART(device, part, name);
    char text[120];
    snprintf(text, sizeof text, part < 0 ? "%s" : "%s MIG 1g.%dgb", device->name,
             (int)(device->memory_bytes / 8 >> 30));
    return put_text(name, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    QUERY_PART(device, part, uuid);
    char text[64];
    uuid_text(device, text);
    if (part >= 0) {
        memcpy(text, "MIG", 3);
        text[strlen(text) - 3] = (char)('1' + part);
    }
    return put_text(uuid, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    QUERY(device, major == NULL ? NULL : minor);
    *major = device->major;
    *minor = device->minor;
    return NVML_SUCCESS;
}

struct pci_info {
    char short_id[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char id[32];
};

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, struct pci_info *info)
{
    QUERY(device, info);
    memset(info, 0, sizeof *info);
    snprintf(info->short_id, sizeof info->short_id, "0000:%02X:00.0", (unsigned)device->bus & 0xff);
    snprintf(info->id, sizeof info->id, "00000000:%02X:00.0", (unsigned)device->bus & 0xff);
    info->bus = (unsigned)device->bus;
    info->device_id = 0xffff10de;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    QUERY(device, current == NULL ? NULL : pending);
    *current = *pending = emu_switch("mig", device->index, NULL) || instances(device->index) > 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
    QUERY(device, count);
    *count = NODE_INSTANCES;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *instance)
{
    QUERY(device, instance);
    if (index >= NODE_INSTANCES)
        return NVML_ERROR_INVALID_ARGUMENT;
    if ((int)index >= instances(device->index))
        return NVML_ERROR_NOT_FOUND;
    *instance = &parts[device->index][index];
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id)
{
    QUERY_PART(device, part, id);
    *id = (unsigned)part + 7; /* an A100's ids for its smallest instances */
    return part < 0 ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t instance, nvmlDevice_t *device)
{
    nvmlDevice_t whole = instance;
    QUERY_PART(whole, part, device);
    if (part < 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    *device = whole;
    return NVML_SUCCESS;
}

struct attributes {
    unsigned multiprocessors, copy_engines, decoders, encoders, jpegs, flows, gpu_slices, compute_slices;
    unsigned long long memory_mib;
};

/* The smallest instance: about a seventh of the multiprocessors (some are left unused) and an eighth of the memory. */
EXPORT nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, struct attributes *attributes)
{
    QUERY_PART(device, part, attributes);
    if (part < 0)
        return NVML_ERROR_NOT_SUPPORTED;
    *attributes = (struct attributes){.multiprocessors = device->sm_count < 15 ? 1 : (unsigned)device->sm_count / 15 * 2, .copy_engines = 1,
                                      .gpu_slices = 1, .compute_slices = 1,
                                      .memory_mib = device->memory_bytes / 8 >> 20};
    return NVML_SUCCESS;
}

/* ---- Load: throttling halves the SM clock, a busy neighbour raises utilisation, power and temperature. ---- */

static unsigned percent_busy(const struct emu_device *device)
{
    const char *value = NULL;
    int percent = emu_switch("busy", device->index, &value) ? atoi(value) : 0;
    const struct node_process *process;
    for (int i = 0; node_is_scripted() && (process = node_process(device->index, -1, node_time() - 1, i)) != NULL; i++)
        percent += (int)process->sm_percent;
    return percent < 0 ? 0 : percent > 100 ? 100 : (unsigned)percent;
}

static unsigned long long throttle_reasons(const struct emu_device *device)
{
    const char *kind = NULL;
    if (!emu_switch("throttle", device->index, &kind)
        && (!node_is_scripted() || (kind = node_throttle(device->index)) == NULL))
        return 0;
    if (strcmp(kind, "power") == 0)
        return REASON_POWER_CAP;
    if (strcmp(kind, "hw") == 0)
        return REASON_HW_SLOWDOWN;
    if (strcmp(kind, "brake") == 0)
        return REASON_HW_SLOWDOWN | REASON_POWER_BRAKE;
    return REASON_SW_THERMAL;
}

static unsigned clock_of(const struct emu_device *device, unsigned type, bool throttled)
{
    int clock = type == CLOCK_MEM ? device->memory_clock_mhz : device->clock_mhz;
    return (unsigned)(throttled && type != CLOCK_MEM ? clock / 2 : clock);
}

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, unsigned type, unsigned *mhz)
{
    QUERY(device, mhz);
    if (type > CLOCK_VIDEO)
        return NVML_ERROR_INVALID_ARGUMENT;
    *mhz = clock_of(device, type, throttle_reasons(device) != 0);
    return NVML_SUCCESS;
}

static nvmlReturn_t nominal_clock(nvmlDevice_t device, unsigned type, unsigned *mhz)
{
    if (type > CLOCK_VIDEO)
        return NVML_ERROR_INVALID_ARGUMENT;
    *mhz = clock_of(device, type, false);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, unsigned type, unsigned *mhz)
{
    QUERY(device, mhz);
    return nominal_clock(device, type, mhz);
}

EXPORT nvmlReturn_t nvmlDeviceGetApplicationsClock(nvmlDevice_t device, unsigned type, unsigned *mhz)
{
    QUERY(device, mhz);
    return nominal_clock(device, type, mhz);
}

EXPORT nvmlReturn_t nvmlDeviceGetDefaultApplicationsClock(nvmlDevice_t device, unsigned type, unsigned *mhz)
{
    QUERY(device, mhz);
    return nominal_clock(device, type, mhz);
}

static double watts(const struct emu_device *device)
{
    double load = device->busy_seconds > 0 ? 1.0 : percent_busy(device) / 100.0;
    return IDLE_WATTS + load * 200.0;
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts)
{
    QUERY(device, milliwatts);
    *milliwatts = (unsigned)(watts(device) * 1000);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    QUERY(device, milliwatts);
    *milliwatts = LIMIT_MILLIWATTS;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    QUERY(device, milliwatts);
    *milliwatts = LIMIT_MILLIWATTS;
    return NVML_SUCCESS;
}

/* Idle power over the uptime, plus the energy of launched work; never decreases. */
EXPORT nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long *millijoules)
{
    QUERY(device, millijoules);
    if (node_is_scripted() && node_lacks(device->index, NODE_ENERGY))
        return NVML_ERROR_NOT_SUPPORTED;
    *millijoules = (unsigned long long)((emu_seconds() * IDLE_WATTS + device->busy_seconds * 200.0) * 1000);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned *celsius)
{
    QUERY(device, celsius);
    if (sensor != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    *celsius = (throttle_reasons(device) & (REASON_SW_THERMAL | REASON_HW_SLOWDOWN)) != 0
        ? 92 : (unsigned)(35 + percent_busy(device) * 30 / 100);
    return NVML_SUCCESS;
}

static nvmlReturn_t reasons(nvmlDevice_t device, unsigned long long *mask)
{
    unsigned long long throttled = throttle_reasons(device);
    bool idle = throttled == 0 && percent_busy(device) == 0 && device->busy_seconds == 0;
    *mask = idle ? REASON_IDLE : throttled;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, unsigned long long *mask)
{
    QUERY(device, mask);
    return reasons(device, mask);
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, unsigned long long *mask)
{
    QUERY(device, mask);
    return reasons(device, mask);
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedClocksThrottleReasons(nvmlDevice_t device, unsigned long long *mask)
{
    QUERY(device, mask);
    *mask = 0x1ff;
    return NVML_SUCCESS;
}

struct utilization {
    unsigned gpu, memory;
};

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, struct utilization *rates)
{
    QUERY_PART(device, part, rates);
    if (part >= 0 || instances(device->index) > 0)
        return NVML_ERROR_NOT_SUPPORTED;
    rates->gpu = percent_busy(device);
    rates->memory = rates->gpu / 2;
    return NVML_SUCCESS;
}

/* ---- Memory and processes ---- */

static unsigned long long used_memory(const struct emu_device *device, int part)
{
    unsigned long long scripted = 0;
    const struct node_process *process;
    for (int i = 0; node_is_scripted() && (process = node_process(device->index, part, node_time(), i)) != NULL; i++)
        scripted += process->memory;
    if (node_is_scripted())
        return scripted;
    const char *value = NULL;
    unsigned long long others = emu_switch("used-memory", device->index, &value) ? strtoull(value, NULL, 10) : 0;
    return device->used_bytes + others;
}

struct memory {
    unsigned long long total, free, used;
};

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, struct memory *memory)
{
    QUERY_PART(device, part, memory);
    memory->total = part < 0 ? device->memory_bytes : device->memory_bytes / 8;
    memory->used = used_memory(device, part);
    memory->free = memory->total - memory->used;
    return NVML_SUCCESS;
}

struct memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
};

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, struct memory_v2 *memory)
{
    QUERY(device, memory);
    if (memory->version != (sizeof *memory | 2u << 24))
        return NVML_ERROR_INVALID_ARGUMENT;
    memory->total = device->memory_bytes;
    memory->reserved = 0;
    memory->used = used_memory(device, -1);
    memory->free = memory->total - memory->used;
    return NVML_SUCCESS;
}

struct process {
    unsigned pid;
    unsigned long long used_memory;
    unsigned gpu_instance, compute_instance;
};

#define MOST_PROCESSES 256

/* This process if it holds memory, one other if the device is busy, and those of the script. */
static nvmlReturn_t processes(nvmlDevice_t device, int part, unsigned *count, struct process *infos)
{
    struct process found[MOST_PROCESSES];
    unsigned n = 0;
    if (device->used_bytes > 0)
        found[n++] = (struct process){(unsigned)getpid(), device->used_bytes, ~0u, ~0u};
    if (percent_busy(device) > 0 && !node_is_scripted())
        found[n++] = (struct process){1, 1ull << 30, ~0u, ~0u};
    const struct node_process *process;
    for (int i = 0; node_is_scripted() && n < MOST_PROCESSES
                    && (process = node_process(device->index, part, node_time(), i)) != NULL; i++) {
        unsigned instance = process->instance < 0 ? ~0u : (unsigned)process->instance + 7;
        found[n++] = (struct process){process->pid, process->memory, instance, process->instance < 0 ? ~0u : 0};
    }
    unsigned room = *count;
    *count = n;
    if (n > room || (n > 0 && infos == NULL))
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < n; i++)
        infos[i] = found[i];
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned *count, struct process *infos)
{
    QUERY_PART(device, part, count);
    return processes(device, part, count, infos);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, struct process *infos)
{
    QUERY_PART(device, part, count);
    return processes(device, part, count, infos);
}

EXPORT nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned *count, struct process *infos)
{
    QUERY_PART(device, part, count);
    (void)part;
    (void)infos;
    *count = 0;
    return NVML_SUCCESS;
}

struct process_utilization {
    unsigned pid;
    unsigned long long time_us;
    unsigned sm, memory, encoder, decoder;
};

#define BUFFER_SECONDS 15.0 /* how long a sample is kept */

/* One row per process that has used the GPU since then; as in the real library, no row is an error. */
EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, struct process_utilization *rows,
                                                    unsigned *count, unsigned long long since_us)
{
    QUERY_PART(device, part, count);
    if (part >= 0 || instances(device->index) > 0 || !node_is_scripted())
        return NVML_ERROR_NOT_SUPPORTED;
    double now = node_time(), since = (double)since_us * 1e-6;
    if (since < now - BUFFER_SECONDS)
        since = now - BUFFER_SECONDS;
    const struct node_process *process;
    unsigned n = 0, room = rows == NULL ? 0 : *count;
    for (int i = 0; (process = node_process(device->index, -1, since, i)) != NULL; i++) {
        if (process->sm_percent == 0)
            continue;
        double last = process->end < now ? process->end : now;
        if (n < room)
            rows[n] = (struct process_utilization){process->pid, (unsigned long long)(last * 1e6), process->sm_percent,
                                                   process->sm_percent / 2, 0, 0};
        n++;
    }
    *count = n;
    return n == 0 ? NVML_ERROR_NOT_FOUND : n > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

/* Rows of the first version have no instance ids. */
struct process_v1 {
    unsigned pid;
    unsigned long long used_memory;
};

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned *count, struct process_v1 *infos)
{
    QUERY(device, count);
    struct process found[MOST_PROCESSES];
    unsigned room = *count, n = MOST_PROCESSES;
    nvmlReturn_t result = processes(device, -1, &n, found);
    *count = n;
    if (result != NVML_SUCCESS || n > room || (n > 0 && infos == NULL))
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < n; i++)
        infos[i] = (struct process_v1){found[i].pid, found[i].used_memory};
    return NVML_SUCCESS;
}

/* ---- Health: events and counters. ---- */

#define MOST_GPUS 16

struct event_set {
    struct emu_object object;
    int generation;
    unsigned long long types[MOST_GPUS];
    int next[MOST_GPUS];
};

struct event_data {
    nvmlDevice_t device;
    unsigned long long type, data;
    unsigned gpu_instance, compute_instance;
};

EXPORT nvmlReturn_t nvmlEventSetCreate(struct event_set **set)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *set = emu_object_new(KIND_nvml_event_set, sizeof **set);
    (*set)->generation = generation;
    return NVML_SUCCESS;
}

static bool is_event_set(const struct event_set *set)
{
    return emu_object_is(set, KIND_nvml_event_set) && set->generation == generation;
}

EXPORT nvmlReturn_t nvmlEventSetFree(struct event_set *set)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (!is_event_set(set))
        return NVML_ERROR_INVALID_ARGUMENT;
    emu_object_destroy(set);
    return NVML_SUCCESS;
}

/* Xids and both kinds of ECC errors; none if a script says so, as on some virtual GPUs. */
static unsigned long long event_types(const struct emu_device *device)
{
    return node_is_scripted() && node_lacks(device->index, NODE_EVENTS) ? 0 : 1 | 2 | 8;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
    QUERY(device, types);
    *types = event_types(device);
    return NVML_SUCCESS;
}

/* One unsupported type makes the call fail. Only later events are delivered. */
EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, struct event_set *set)
{
    QUERY(device, set);
    if (!is_event_set(set))
        return NVML_ERROR_INVALID_ARGUMENT;
    if (types == 0 || (types & ~event_types(device)) != 0)
        return NVML_ERROR_NOT_SUPPORTED;
    int gpu = device->index;
    set->types[gpu] |= types;
    const struct node_event *event;
    while (node_is_scripted() && (event = node_event(gpu, set->next[gpu])) != NULL && event->at <= node_time())
        set->next[gpu]++;
    return NVML_SUCCESS;
}

/* The earliest event that has not been delivered yet. */
static bool take_event(struct event_set *set, struct event_data *data)
{
    const struct node_event *first = NULL;
    int from = -1;
    for (int gpu = 0; node_is_scripted() && gpu < emu_device_count() && gpu < MOST_GPUS; gpu++) {
        const struct node_event *event;
        while (set->types[gpu] != 0 && (event = node_event(gpu, set->next[gpu])) != NULL && event->at <= node_time()) {
            if ((event->type & set->types[gpu]) != 0) {
                if (first == NULL || event->at < first->at) {
                    first = event;
                    from = gpu;
                }
                break;
            }
            set->next[gpu]++;
        }
    }
    if (first == NULL)
        return false;
    set->next[from]++;
    unsigned instance = first->instance < 0 ? ~0u : (unsigned)first->instance + 7;
    *data = (struct event_data){emu_device(from), first->type, first->data, instance, first->instance < 0 ? ~0u : 0};
    return true;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(struct event_set *set, struct event_data *data, unsigned timeout_ms)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (!is_event_set(set) || data == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    double end = timeout_ms > 0 && node_steps(true) ? 0 : emu_seconds() + timeout_ms * 1e-3;
    do {
        if (take_event(set, data))
            return NVML_SUCCESS;
        for (int gpu = 0; gpu < emu_device_count() && gpu < MOST_GPUS; gpu++)
            if (set->types[gpu] != 0 && is_lost(emu_device(gpu)))
                return NVML_ERROR_GPU_IS_LOST;
        usleep(10000); /* the real library sleeps; polling every millisecond would cost more than all samples */
    } while (emu_seconds() < end);
    return NVML_ERROR_TIMEOUT;
}

struct field_value {
    unsigned field, scope;
    long long timestamp, latency_us;
    int type;
    nvmlReturn_t result;
    unsigned long long value;
};

enum { TYPE_UNSIGNED_INT = 1, TYPE_UNSIGNED_LONG_LONG = 3 };

/* ECC, the PCIe replay counter, remapped rows (from Ampere on), and NVLink if a script says so. */
static bool has_field(const struct emu_device *device, unsigned field)
{
    if (node_lacks(device->index, NODE_FIELDS))
        return false;
    if (field >= 142 && field <= 145)
        return device->major >= 8;
    if (field == 38 || field == 45 || field == 52 || field == 59)
        return !node_lacks(device->index, NODE_NVLINK);
    return field == NODE_ECC_CORRECTED || field == NODE_ECC_UNCORRECTED || field == 94;
}

/* As in the real library, each value has its own result and type; the rest of the union is not touched. */
EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, struct field_value *values)
{
    QUERY(device, values);
    if (count < 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (int i = 0; i < count; i++) {
        struct field_value *value = &values[i];
        bool known = node_is_scripted() && has_field(device, value->field);
        value->result = known ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
        if (!known)
            continue;
        unsigned long long counted = node_field(device->index, value->field);
        if (value->field >= 94) {
            value->type = TYPE_UNSIGNED_INT;
            memcpy(&value->value, &(unsigned){(unsigned)counted}, sizeof(unsigned));
        } else {
            value->type = TYPE_UNSIGNED_LONG_LONG;
            value->value = counted;
        }
    }
    return NVML_SUCCESS;
}

/* ---- GPM: from Hopper on. ---- */

struct gpm_sample {
    struct emu_object object;
    int generation, gpu, part;
    double at;
};

struct gpm_support {
    unsigned version, is_supported;
};

struct gpm_metric {
    unsigned id;
    nvmlReturn_t result;
    double value;
    char *short_name, *long_name, *unit;
};

struct gpm_metrics {
    unsigned version, count;
    struct gpm_sample *first, *second;
    struct gpm_metric metrics[];
};

static bool has_gpm(const struct emu_device *device)
{
    return device->major >= 9 && node_is_scripted() && !node_lacks(device->index, NODE_GPM);
}

EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, struct gpm_support *support)
{
    QUERY(device, support);
    if (support->version != 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    support->is_supported = has_gpm(device);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleAlloc(struct gpm_sample **sample)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (references == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (sample == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *sample = emu_object_new(KIND_gpm_sample, sizeof **sample);
    **sample = (struct gpm_sample){(*sample)->object, generation, -1, -1, 0};
    return NVML_SUCCESS;
}

static bool is_gpm_sample(const struct gpm_sample *sample)
{
    return emu_object_is(sample, KIND_gpm_sample) && sample->generation == generation;
}

/* The most recently released samples are kept so that their use is detected; keeping all would be a leak in a soak test. */
EXPORT nvmlReturn_t nvmlGpmSampleFree(struct gpm_sample *sample)
{
    static struct gpm_sample *released[1024];
    static unsigned next;
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (!is_gpm_sample(sample))
        return NVML_ERROR_INVALID_ARGUMENT;
    emu_object_destroy(sample);
    free(released[next]);
    released[next] = sample;
    next = (next + 1) % 1024;
    return NVML_SUCCESS;
}

static nvmlReturn_t gpm_sample(const struct emu_device *device, int part, struct gpm_sample *sample)
{
    if (!has_gpm(device))
        return NVML_ERROR_NOT_SUPPORTED;
    if (!is_gpm_sample(sample))
        return NVML_ERROR_INVALID_ARGUMENT;
    sample->gpu = device->index;
    sample->part = part;
    sample->at = node_time();
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, struct gpm_sample *sample)
{
    QUERY(device, sample);
    return gpm_sample(device, -1, sample);
}

EXPORT nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned instance, struct gpm_sample *sample)
{
    QUERY(device, sample);
    if (instance < 7 || (int)instance - 7 >= instances(device->index))
        return NVML_ERROR_INVALID_ARGUMENT;
    return gpm_sample(device, (int)instance - 7, sample);
}

/* Two samples of one GPU or instance, the earlier first. Values are percent: time busy, multiprocessors, warps, tensor cores, DRAM. */
EXPORT nvmlReturn_t nvmlGpmMetricsGet(struct gpm_metrics *get)
{
    ENTER_WITH(return NVML_ERROR_UNKNOWN);
    if (get == NULL || get->version != 1 || !is_gpm_sample(get->first) || !is_gpm_sample(get->second)
        || get->first->gpu < 0 || get->first->gpu != get->second->gpu || get->first->part != get->second->part
        || get->first->at >= get->second->at)
        return NVML_ERROR_INVALID_ARGUMENT;
    double percent = 0;
    const struct node_process *process;
    for (int i = 0; (process = node_process(get->second->gpu, get->second->part, get->first->at, i)) != NULL; i++)
        percent += process->sm_percent;
    for (unsigned i = 0; i < get->count; i++) {
        struct gpm_metric *metric = &get->metrics[i];
        double part = metric->id == 1 || metric->id == 2 ? 1 : metric->id == 3 || metric->id == 5 ? 0.5
            : metric->id == 10 ? 0.25 : -1;
        metric->result = part < 0 ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
        if (part >= 0)
            metric->value = part * percent;
    }
    return NVML_SUCCESS;
}
