/* Reads the script of a node (README.md, "A whole node"). Times are seconds of the node's own clock. */
#define _GNU_SOURCE
#include "node.h"
#include "emulated.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GPUS 16

struct span {
    double start, end;
    char kind[12]; /* of throttling; "lost" */
    unsigned code; /* of an Xid */
};

static struct {
    int instances;
    struct node_process *processes;
    struct span *spans, *xids;
    int process_count, span_count, xid_count;
} gpus[MAX_GPUS];

static bool scripted;
static double speed = 1, origin;
static pthread_once_t read_once = PTHREAD_ONCE_INIT;

static void refuse(const char *line)
{
    fprintf(stderr, "emulated GPU: FLOPMETER_EMULATED_NODE: cannot read '%s'\n", line);
    exit(2);
}

static void *grown(void *array, int count, size_t size)
{
    /* Room doubles at each power of two. */
    return (count & (count - 1)) == 0 ? realloc(array, size * (size_t)(count == 0 ? 1 : 2 * count)) : array;
}

static void read_line(const char *line)
{
    int gpu = 0;
    struct node_process process = {.instance = -1};
    struct span span = {0};
    char where[16];
    if (sscanf(line, "speed %lf", &speed) == 1 || sscanf(line, "origin %lf", &origin) == 1)
        return;
    if (sscanf(line, "instances %d %*d", &gpu) == 1 && gpu >= 0 && gpu < MAX_GPUS) {
        if (sscanf(line, "instances %*d %d", &gpus[gpu].instances) != 1 || gpus[gpu].instances > NODE_INSTANCES)
            refuse(line);
    } else if (sscanf(line, "process %15s %u %lf %lf %llu %u", where, &process.pid, &process.start, &process.end,
                      &process.memory, &process.sm_percent) == 6
               && sscanf(where, "%d:%d", &gpu, &process.instance) >= 1 && gpu >= 0 && gpu < MAX_GPUS) {
        gpus[gpu].processes = grown(gpus[gpu].processes, gpus[gpu].process_count, sizeof process);
        gpus[gpu].processes[gpus[gpu].process_count++] = process;
    } else if (sscanf(line, "throttle %d %lf %lf %11s", &gpu, &span.start, &span.end, span.kind) == 4 && gpu >= 0
               && gpu < MAX_GPUS) {
        gpus[gpu].spans = grown(gpus[gpu].spans, gpus[gpu].span_count, sizeof span);
        gpus[gpu].spans[gpus[gpu].span_count++] = span;
    } else if (sscanf(line, "lost %d %lf %lf", &gpu, &span.start, &span.end) == 3 && gpu >= 0 && gpu < MAX_GPUS) {
        strcpy(span.kind, "lost");
        gpus[gpu].spans = grown(gpus[gpu].spans, gpus[gpu].span_count, sizeof span);
        gpus[gpu].spans[gpus[gpu].span_count++] = span;
    } else if (sscanf(line, "xid %d %lf %u", &gpu, &span.start, &span.code) == 3 && gpu >= 0 && gpu < MAX_GPUS) {
        gpus[gpu].xids = grown(gpus[gpu].xids, gpus[gpu].xid_count, sizeof span);
        gpus[gpu].xids[gpus[gpu].xid_count++] = span;
    } else {
        refuse(line);
    }
}

static void read_script(void)
{
    const char *file = emu_setting("NODE", NULL);
    if (file == NULL)
        return;
    FILE *in = fopen(file, "r");
    if (in == NULL)
        refuse(file);
    origin = emu_seconds();
    char line[256];
    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")] != '\0')
            read_line(line);
    }
    fclose(in);
    scripted = true;
}

bool node_is_scripted(void)
{
    pthread_once(&read_once, read_script);
    return scripted;
}

double node_time(void)
{
    return (emu_seconds() - origin) * speed;
}

int node_instances(int gpu)
{
    return gpus[gpu].instances;
}

static const struct span *span_now(int gpu, bool lost)
{
    double now = node_time();
    for (int i = 0; i < gpus[gpu].span_count; i++) {
        const struct span *span = &gpus[gpu].spans[i];
        if (span->start <= now && now < span->end && (strcmp(span->kind, "lost") == 0) == lost)
            return span;
    }
    return NULL;
}

bool node_is_lost(int gpu)
{
    return span_now(gpu, true) != NULL;
}

const char *node_throttle(int gpu)
{
    const struct span *span = span_now(gpu, false);
    return span == NULL ? NULL : span->kind;
}

const struct node_process *node_process(int gpu, int instance, double since, int index)
{
    double now = node_time();
    for (int i = 0; i < gpus[gpu].process_count; i++) {
        const struct node_process *process = &gpus[gpu].processes[i];
        bool here = instance < 0 || process->instance == instance;
        if (here && process->start <= now && process->end > since && index-- == 0)
            return process;
    }
    return NULL;
}

double node_xid(unsigned wanted, double since, double until, int *gpu, unsigned *code)
{
    double first = -1;
    for (int g = 0; g < MAX_GPUS; g++) {
        for (int i = 0; (wanted >> g & 1) != 0 && i < gpus[g].xid_count; i++) {
            const struct span *xid = &gpus[g].xids[i];
            if (xid->start > since && xid->start <= until && (first < 0 || xid->start < first)) {
                first = xid->start;
                *gpu = g;
                *code = xid->code;
            }
        }
    }
    return first;
}
