/*
 * Fault switches: FLOPMETER_EMULATED_FAULT and the file FLOPMETER_EMULATED_FAULT_FILE, both read once at
 * process start. Grammar (README.md): items separated by commas or line breaks,
 *
 *   ERROR@launch:N | ERROR@alloc:N | ERROR@call:NAME[:N] | slow:P% | slow@call:NAME:Tms | SWITCH[:VALUE]
 */
#define _GNU_SOURCE
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fault {
    char name[48]; /* the effect: oom, hang, slow, or the name of a switch */
    char where[16]; /* launch, alloc, call; empty for a switch */
    char argument[96]; /* a switch's value, or the function's name for "call" */
    long at; /* fires at this count, 1-based; 0 means every time */
    double milliseconds; /* of slow@call */
    long seen[16]; /* events so far, by device */
    long fired;
};

static struct fault faults[32];
static int fault_count;
static int only_device = -1;
static double slow_percent;
static pthread_once_t parsed = PTHREAD_ONCE_INIT;

static int error_of(const char *name)
{
    static const struct {
        const char *name;
        int error;
    } table[] = {
        {"oom", CUDA_ERROR_OUT_OF_MEMORY},
        {"illegal-address", CUDA_ERROR_ILLEGAL_ADDRESS},
        {"ecc", CUDA_ERROR_ECC_UNCORRECTABLE},
        {"device-lost", CUDA_ERROR_UNKNOWN},
        {"launch-failed", CUDA_ERROR_LAUNCH_FAILED},
        {"hang", EMU_HANG},
        {"stub", 34}, /* CUDA_ERROR_STUB_LIBRARY */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].error;
    return 0;
}

static void refuse(const char *item)
{
    fprintf(stderr, "emulated GPU: FLOPMETER_EMULATED_FAULT: cannot read '%s'\n", item);
    exit(2);
}

static void parse_item(char *item)
{
    static const char *const switches[] = {"no-device", "old-driver", "cudnn-version", "missing-symbol", "missing-library", "busy",
                                           "throttle", "exclusive-device", "slow", "device-lost", "mig", "used-memory",
                                           "secret-tf32", "wrong-convolutions", "unwritable-plans"};
    while (*item == ' ' || *item == '\t')
        item++;
    item[strcspn(item, " \t#")] = '\0';
    if (*item == '\0')
        return;
    if (fault_count == (int)(sizeof faults / sizeof faults[0]))
        refuse(item);
    struct fault *fault = &faults[fault_count];
    memset(fault, 0, sizeof *fault);
    char copy[192] = "";
    snprintf(copy, sizeof copy, "%s", item);
    char *at = strchr(copy, '@');
    if (at == NULL) {
        char *colon = strchr(copy, ':');
        if (colon != NULL) {
            *colon = '\0';
            snprintf(fault->argument, sizeof fault->argument, "%.95s", colon + 1);
        }
        snprintf(fault->name, sizeof fault->name, "%.47s", copy);
        bool known = false;
        for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
            known |= strcmp(switches[i], fault->name) == 0;
        if (!known)
            refuse(item);
        if (strcmp(fault->name, "slow") == 0)
            slow_percent = atof(fault->argument);
        if (strcmp(fault->name, "exclusive-device") == 0)
            only_device = atoi(fault->argument);
    } else {
        *at = '\0';
        snprintf(fault->name, sizeof fault->name, "%.47s", copy);
        char *where = at + 1;
        char *colon = strchr(where, ':');
        if (colon == NULL || (error_of(fault->name) == 0 && strcmp(fault->name, "slow") != 0))
            refuse(item);
        *colon = '\0';
        char *rest = colon + 1;
        snprintf(fault->where, sizeof fault->where, "%.15s", where);
        if (strcmp(where, "call") == 0) {
            char *second = strchr(rest, ':');
            if (second != NULL)
                *second = '\0';
            snprintf(fault->argument, sizeof fault->argument, "%.95s", rest);
            if (strcmp(fault->name, "slow") == 0)
                fault->milliseconds = second == NULL ? 10 : atof(second + 1);
            else
                fault->at = second == NULL ? 1 : atol(second + 1);
        } else if (strcmp(where, "launch") == 0 || strcmp(where, "alloc") == 0) {
            fault->at = atol(rest);
            if (fault->at < 1)
                refuse(item);
        } else {
            refuse(item);
        }
    }
    fault_count++;
}

static void parse_text(char *text)
{
    for (char *line = text; line != NULL;) {
        char *next = strpbrk(line, ",\n");
        if (next != NULL)
            *next++ = '\0';
        parse_item(line);
        line = next;
    }
}

static void parse(void)
{
    const char *text = getenv("FLOPMETER_EMULATED_FAULT");
    if (text != NULL) {
        char *copy = strdup(text);
        parse_text(copy);
        free(copy);
    }
    const char *path = getenv("FLOPMETER_EMULATED_FAULT_FILE");
    FILE *file = path == NULL || *path == '\0' ? NULL : fopen(path, "r");
    if (file == NULL)
        return;
    char line[512];
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "#")] = '\0';
        parse_text(line);
    }
    fclose(file);
}

/* One item of the grammar for a process that goes on, in place of the one before; an empty item for none. */
EXPORT void emu_inject(const char *item)
{
    static int before = -1;
    pthread_once(&parsed, parse);
    before = fault_count = before < 0 ? fault_count : before;
    char copy[192];
    snprintf(copy, sizeof copy, "%s", item);
    parse_item(copy);
}

static bool aims_at(int device)
{
    return only_device < 0 || device < 0 || device == only_device;
}

EXPORT int emu_fault_at(enum emu_trigger trigger, int device)
{
    pthread_once(&parsed, parse);
    if (!aims_at(device))
        return 0;
    const char *where = trigger == AT_LAUNCH ? "launch" : "alloc";
    int result = 0;
    for (int i = 0; i < fault_count; i++) {
        struct fault *fault = &faults[i];
        if (strcmp(fault->where, where) != 0)
            continue;
        long seen = __atomic_add_fetch(&fault->seen[device & 15], 1, __ATOMIC_RELAXED);
        if (seen == fault->at) {
            fault->fired++;
            result = error_of(fault->name);
            if (strcmp(fault->name, "device-lost") == 0 && emu_device(device) != NULL)
                emu_device(device)->lost = true;
        }
    }
    return result;
}

EXPORT bool emu_switch(const char *name, int device, const char **value)
{
    pthread_once(&parsed, parse);
    for (int i = 0; i < fault_count; i++) {
        if (faults[i].where[0] != '\0' || strcmp(faults[i].name, name) != 0 || !aims_at(device))
            continue;
        faults[i].fired++;
        if (value != NULL)
            *value = faults[i].argument;
        return true;
    }
    return false;
}

EXPORT const char *emu_setting(const char *name, const char *otherwise)
{
    char key[96];
    snprintf(key, sizeof key, "FLOPMETER_EMULATED_%s", name);
    const char *value = getenv(key);
    return value == NULL || *value == '\0' ? otherwise : value;
}

EXPORT long long emu_setting_number(const char *name, long long otherwise)
{
    const char *value = emu_setting(name, NULL);
    return value == NULL ? otherwise : atoll(value);
}

EXPORT double emu_slow_percent(void)
{
    pthread_once(&parsed, parse);
    return slow_percent;
}

/* cuMemAlloc also matches cuMemAlloc_v2: the suffix belongs to the ABI, users do not write it. */
static bool same_function(const char *given, const char *actual)
{
    size_t length = strlen(given);
    return strncmp(given, actual, length) == 0
        && (actual[length] == '\0' || strcmp(actual + length, "_v2") == 0 || strcmp(actual + length, "_v3") == 0);
}

static struct emu_call *calls;

EXPORT int emu_enter(struct emu_call *call)
{
    pthread_once(&parsed, parse);
    if (__atomic_add_fetch(&call->count, 1, __ATOMIC_RELAXED) == 1) {
        emu_lock();
        call->next = calls;
        calls = call;
        emu_unlock();
    }
    int result = 0;
    for (int i = 0; i < fault_count; i++) {
        struct fault *fault = &faults[i];
        if (strcmp(fault->where, "call") != 0 || !same_function(fault->argument, call->name))
            continue;
        if (fault->milliseconds > 0) {
            fault->fired++;
            struct timespec pause = {(time_t)(fault->milliseconds / 1000),
                                     (long)(fault->milliseconds * 1e6) % 1000000000L};
            nanosleep(&pause, NULL);
        } else if (__atomic_add_fetch(&fault->seen[0], 1, __ATOMIC_RELAXED) == fault->at) {
            fault->fired++;
            result = error_of(fault->name);
            if (result == EMU_HANG)
                emu_block_for_ever();
            if (result != CUDA_ERROR_OUT_OF_MEMORY)
                emu_break_current_device(result, strcmp(fault->name, "device-lost") == 0);
        }
    }
    return result;
}

void emu_write_calls(void *file)
{
    const char *separator = "";
    for (struct emu_call *call = calls; call != NULL; call = call->next) {
        fprintf(file, "%s\"%s\":%ld", separator, call->name, call->count);
        separator = ",";
    }
}

void emu_write_faults(void *file)
{
    const char *separator = "";
    for (int i = 0; i < fault_count; i++) {
        const struct fault *fault = &faults[i];
        fprintf(file, "%s{\"fault\":\"%s\",\"at\":\"%s%s%s", separator, fault->name, fault->where,
                fault->where[0] != '\0' && fault->argument[0] != '\0' ? ":" : "", fault->argument);
        if (fault->at > 0)
            fprintf(file, ":%ld", fault->at);
        fprintf(file, "\",\"fired\":%ld}", fault->fired);
        separator = ",";
    }
}
