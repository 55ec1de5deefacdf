/* Reads the script of a node (README.md, "A whole node"). Times are seconds of the node's own clock. */
#define _GNU_SOURCE
#include "node.h"
#include "emulated.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GPUS 16

struct span {
    double start, end;
    char kind[12]; /* of throttling; "lost" */
};

/* The increment of a counter; a negative amount clears a state such as pending rows. */
struct rise {
    double start;
    unsigned field;
    long long amount;
};

static struct {
    int instances;
    struct node_process *processes;
    struct span *spans;
    struct node_event *events;
    struct rise *rises;
    int process_count, span_count, event_count, rise_count;
    bool nvlink, no_events, no_fields, no_gpm, no_energy;
} gpus[MAX_GPUS];

static bool scripted;
static double speed = 1, origin, step;
static atomic_long steps;
static pthread_once_t read_once = PTHREAD_ONCE_INIT;

static void refuse(const char *line)
{
    fprintf(stderr, "emulated GPU: FLOPMETER_EMULATED_NODE: cannot read '%s'\n", line);
    exit(2);
}

static void *grown(void *array, int count, size_t size)
{
    /* The capacity doubles at each power of two. */
    return (count & (count - 1)) == 0 ? realloc(array, size * (size_t)(count == 0 ? 1 : 2 * count)) : array;
}

/* Keeps events ordered by time. */
static void add_event(int gpu, struct node_event event)
{
    gpus[gpu].events = grown(gpus[gpu].events, gpus[gpu].event_count, sizeof event);
    int at = gpus[gpu].event_count++;
    for (; at > 0 && gpus[gpu].events[at - 1].at > event.at; at--)
        gpus[gpu].events[at] = gpus[gpu].events[at - 1];
    gpus[gpu].events[at] = event;
}

static void add_rise(int gpu, struct rise rise)
{
    gpus[gpu].rises = grown(gpus[gpu].rises, gpus[gpu].rise_count, sizeof rise);
    gpus[gpu].rises[gpus[gpu].rise_count++] = rise;
    if (rise.field == NODE_ECC_CORRECTED || rise.field == NODE_ECC_UNCORRECTED)
        add_event(gpu, (struct node_event){rise.start, -1, rise.field == NODE_ECC_CORRECTED ? 1 : 2, 0});
}

static void read_line(const char *line)
{
    int gpu = 0;
    struct node_process process = {.instance = -1};
    struct span span = {0};
    struct node_event event = {.instance = -1, .type = 8};
    struct rise rise;
    char where[16];
    if (sscanf(line, "speed %lf", &speed) == 1 || sscanf(line, "origin %lf", &origin) == 1
        || sscanf(line, "step %lf", &step) == 1)
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
    } else if (sscanf(line, "xid %15s %lf %llu", where, &event.at, &event.data) == 3
               && sscanf(where, "%d:%d", &gpu, &event.instance) >= 1 && gpu >= 0 && gpu < MAX_GPUS) {
        add_event(gpu, event);
    } else if (sscanf(line, "field %d %lf %u %lld", &gpu, &rise.start, &rise.field, &rise.amount) == 4 && gpu >= 0
               && gpu < MAX_GPUS) {
        add_rise(gpu, rise);
    } else if (sscanf(line, "has %d %15s", &gpu, where) == 2 && gpu >= 0 && gpu < MAX_GPUS
               && strcmp(where, "nvlink") == 0) {
        gpus[gpu].nvlink = true;
    } else if (sscanf(line, "lacks %d %15s", &gpu, where) == 2 && gpu >= 0 && gpu < MAX_GPUS) {
        gpus[gpu].no_events |= strcmp(where, "events") == 0;
        gpus[gpu].no_fields |= strcmp(where, "fields") == 0;
        gpus[gpu].no_gpm |= strcmp(where, "gpm") == 0;
        gpus[gpu].no_energy |= strcmp(where, "energy") == 0;
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
    return step > 0 ? (double)steps * step : (emu_seconds() - origin) * speed;
}

bool node_steps(bool is_wait)
{
    static atomic_bool has_waited = true;
    if (!node_is_scripted() || step <= 0)
        return false;
    if (is_wait || !has_waited)
        steps++;
    has_waited = is_wait;
    return true;
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

const struct node_event *node_event(int gpu, int index)
{
    return index < gpus[gpu].event_count ? &gpus[gpu].events[index] : NULL;
}

bool node_lacks(int gpu, enum node_feature feature)
{
    switch (feature) {
    case NODE_EVENTS:
        return gpus[gpu].no_events;
    case NODE_FIELDS:
        return gpus[gpu].no_fields;
    case NODE_GPM:
        return gpus[gpu].no_gpm;
    case NODE_ENERGY:
        return gpus[gpu].no_energy;
    default:
        return !gpus[gpu].nvlink;
    }
}

unsigned long long node_field(int gpu, unsigned field)
{
    double now = node_time();
    long long sum = 0;
    for (int i = 0; i < gpus[gpu].rise_count; i++)
        if (gpus[gpu].rises[i].field == field && gpus[gpu].rises[i].start <= now)
            sum += gpus[gpu].rises[i].amount;
    return sum < 0 ? 0 : (unsigned long long)sum;
}
