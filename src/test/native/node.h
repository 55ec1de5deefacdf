/* A scripted node: which processes use its GPUs at which time, which GPUs are throttled or lost, which errors occur. */
#ifndef NODE_H
#define NODE_H

#include <stdbool.h>

#define NODE_INSTANCES 7

struct node_process {
    unsigned pid, sm_percent;
    int instance; /* -1 for the whole GPU */
    unsigned long long memory;
    double start, end;
};

/* Numbers of fields, NVML_FI_DEV_ECC_SBE_VOL_TOTAL and ..._DBE_VOL_TOTAL, which are also events. */
#define NODE_ECC_CORRECTED 3
#define NODE_ECC_UNCORRECTED 4

struct node_event {
    double at;
    int instance; /* -1 for the whole GPU */
    unsigned long long type, data; /* nvmlEventType...; the number of an Xid */
};

enum node_feature { NODE_EVENTS, NODE_FIELDS, NODE_GPM, NODE_ENERGY, NODE_NVLINK };

/* Whether FLOPMETER_EMULATED_NODE names a script; the other functions may only be called if it does. */
bool node_is_scripted(void);
/* Seconds since the script's origin; they pass `speed` times as fast as real time, or in steps. */
double node_time(void);
/* Advances a script with `step` by one step, at a wait or if there was none since the last call. Whether it has `step`. */
bool node_steps(bool is_wait);
int node_instances(int gpu);
bool node_is_lost(int gpu);
/* thermal, power, hw or brake; NULL if the clock is not throttled. */
const char *node_throttle(int gpu);
/* The i-th process that was on the GPU within (since, node_time()], or NULL beyond the last; instance -1 takes all. */
const struct node_process *node_process(int gpu, int instance, double since, int i);
/* The i-th event of a GPU's script, in order of time, or NULL beyond the last. */
const struct node_event *node_event(int gpu, int i);
/* The current count of a field of nvmlDeviceGetFieldValues. */
unsigned long long node_field(int gpu, unsigned field);
bool node_lacks(int gpu, enum node_feature feature);

#endif
