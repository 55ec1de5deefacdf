/* Handles, the global lock, the clock, and the report of objects that are still alive. */
#define _GNU_SOURCE
#include "driver.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0xE30B1EC7u

static long live[KIND_COUNT];

static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

EXPORT void emu_lock(void)
{
    pthread_mutex_lock(&mutex);
}

EXPORT void emu_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

EXPORT double emu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

EXPORT void emu_block_for_ever(void)
{
    for (;;)
        pause();
}

EXPORT void *emu_object_new(enum emu_kind kind, size_t size)
{
    struct emu_object *object = calloc(1, size);
    if (object == NULL)
        abort();
    object->magic = MAGIC;
    object->kind = (int32_t)kind;
    __atomic_add_fetch(&live[kind], 1, __ATOMIC_RELAXED);
    return object;
}

EXPORT bool emu_object_is(const void *object, enum emu_kind kind)
{
    const struct emu_object *header = object;
    return header != NULL && ((uintptr_t)header & 7) == 0 && header->magic == MAGIC && header->kind == (int32_t)kind;
}

EXPORT void emu_object_destroy(void *object)
{
    struct emu_object *header = object;
    __atomic_sub_fetch(&live[header->kind], 1, __ATOMIC_RELAXED);
    header->kind = -1;
}

EXPORT long emu_live(enum emu_kind kind)
{
    return __atomic_load_n(&live[kind], __ATOMIC_RELAXED);
}

EXPORT char *emu_report_text(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    if (file == NULL)
        abort();
    uint64_t bytes;
    emu_lock();
    long allocations = emu_live_allocations(&bytes);
    fprintf(file, "{\"pid\":%d,\"live\":{\"allocations\":%ld,\"bytes\":%llu,\"host_allocations\":%ld", (int)getpid(),
            allocations, (unsigned long long)bytes, emu_live_host_allocations());
#define WRITE_KIND(name) fprintf(file, ",\"" #name "\":%ld", emu_live(KIND_##name));
    EMU_OBJECT_KINDS(WRITE_KIND)
#undef WRITE_KIND
    fprintf(file, "},\"sticky_errors\":[");
    const char *separator = "";
    for (int i = 0; i < emu_device_count(); i++) {
        if (emu_device(i)->sticky != CUDA_SUCCESS) {
            fprintf(file, "%s%d", separator, emu_device(i)->sticky);
            separator = ",";
        }
    }
    fprintf(file, "],\"faults\":[");
    emu_write_faults(file);
    fprintf(file, "],\"calls\":{");
    emu_write_calls(file);
    fprintf(file, "}}\n");
    emu_unlock();
    fclose(file);
    return text;
}

EXPORT void emu_report(void)
{
    const char *path = emu_setting("REPORT", NULL);
    if (path == NULL)
        return;
    char *text = emu_report_text();
    size_t length = strlen(text);
    /* One write, so that lines of several processes that share the file do not mix. */
    int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (descriptor >= 0) {
        if (write(descriptor, text, length) != (ssize_t)length)
            fprintf(stderr, "emulated GPU: cannot write %s\n", path);
        close(descriptor);
    }
    free(text);
}

/* Only a process that called the driver writes a report. */
__attribute__((destructor)) static void report_at_exit(void)
{
    if (emu_is_initialized())
        emu_report();
}
