/* A node after a script: which processes hold and use its GPUs at which time, what is throttled or lost, which Xids come. */
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

/* Whether FLOPMETER_EMULATED_NODE names a script; all others may be called only then. */
bool node_is_scripted(void);
/* Seconds since the script's origin; they pass `speed` times as fast as real ones. */
double node_time(void);
int node_instances(int gpu);
bool node_is_lost(int gpu);
/* thermal, power, hw or brake; NULL where nothing holds the clock back. */
const char *node_throttle(int gpu);
/* The i-th process that was on the GPU within (since, node_time()], or NULL beyond the last; instance -1 takes all. */
const struct node_process *node_process(int gpu, int instance, double since, int i);
/* The first Xid of a GPU in `gpus` (a bit each) within (since, until]: its time, or -1. */
double node_xid(unsigned gpus, double since, double until, int *gpu, unsigned *code);

#endif
