/* A node after a script: which processes hold and use its GPUs at which time, what is throttled or lost, which errors come. */
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

/* Numbers of fields, NVML_FI_DEV_ECC_SBE_VOL_TOTAL and ..._DBE_VOL_TOTAL, which come as events, too. */
#define NODE_ECC_CORRECTED 3
#define NODE_ECC_UNCORRECTED 4

struct node_event {
    double at;
    int instance; /* -1 for the whole GPU */
    unsigned long long type, data; /* nvmlEventType...; the number of an Xid */
};

enum node_feature { NODE_EVENTS, NODE_FIELDS, NODE_GPM, NODE_ENERGY, NODE_NVLINK };

/* Whether FLOPMETER_EMULATED_NODE names a script; all others may be called only then. */
bool node_is_scripted(void);
/* Seconds since the script's origin; they pass `speed` times as fast as real ones, or in steps. */
double node_time(void);
/* Lets the time of a script with `step` pass by one, at a wait or if there was none since the last call; whether there is one. */
bool node_steps(bool is_wait);
int node_instances(int gpu);
bool node_is_lost(int gpu);
/* thermal, power, hw or brake; NULL where nothing holds the clock back. */
const char *node_throttle(int gpu);
/* The i-th process that was on the GPU within (since, node_time()], or NULL beyond the last; instance -1 takes all. */
const struct node_process *node_process(int gpu, int instance, double since, int i);
/* The i-th event of a GPU's script, in order of time, or NULL beyond the last. */
const struct node_event *node_event(int gpu, int i);
/* What a field of nvmlDeviceGetFieldValues has counted up to now. */
unsigned long long node_field(int gpu, unsigned field);
bool node_lacks(int gpu, enum node_feature feature);

#endif
