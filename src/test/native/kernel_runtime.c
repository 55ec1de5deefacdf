/*
 * Runs our kernels on the CPU: every thread of every block, one after the other. If a kernel uses barriers, the
 * threads of a block are fibers that switch at each barrier. Every access to global memory is checked; the first bad
 * one ends the launch.
 */
#define _GNU_SOURCE
#include "emulated.h"
#include "kernel.h"

#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK_BYTES 65536

__thread struct emu_thread emu_thread;

static __thread jmp_buf escape; /* out of a kernel without barriers */
static __thread int error;

/* The allocations touched last, so that the table need not be searched for every element. */
struct window {
    uint64_t base;
    size_t size;
    char *host;
};
static __thread struct window windows[4];
static __thread int next_window;

struct fibers {
    const struct emu_kernel *kernel;
    const void *arguments;
    ucontext_t scheduler;
    ucontext_t contexts[1024];
    bool done[1024];
    bool in_fiber;
    unsigned current;
    char *stacks;
};
static __thread struct fibers *fibers;

__attribute__((noreturn)) static void fail(int with)
{
    error = with;
    if (fibers != NULL && fibers->in_fiber) {
        setcontext(&fibers->scheduler); /* the fiber is never resumed */
        abort();
    }
    longjmp(escape, 1);
}

void *emu_pointer(const volatile void *address, unsigned long size)
{
    uint64_t at = (uint64_t)(uintptr_t)address;
    for (int i = 0; i < 4; i++) {
        uint64_t offset = at - windows[i].base;
        if (offset < windows[i].size && size <= windows[i].size - offset) {
            if (at % size != 0)
                fail(CUDA_ERROR_MISALIGNED_ADDRESS);
            return windows[i].host + offset;
        }
    }
    struct window *window = &windows[next_window++ & 3];
    if (!emu_allocation(at, &window->base, &window->size, &window->host)
        || size > window->size - (at - window->base)) {
        *window = (struct window){0};
        fail(CUDA_ERROR_ILLEGAL_ADDRESS);
    }
    if (at % size != 0)
        fail(CUDA_ERROR_MISALIGNED_ADDRESS);
    return window->host + (at - window->base);
}

static void set_thread(unsigned linear)
{
    emu_thread.thread[0] = linear % emu_thread.block_size[0];
    emu_thread.thread[1] = linear / emu_thread.block_size[0] % emu_thread.block_size[1];
    emu_thread.thread[2] = linear / emu_thread.block_size[0] / emu_thread.block_size[1];
}

void emu_barrier(void)
{
    swapcontext(&fibers->contexts[fibers->current], &fibers->scheduler);
    set_thread(fibers->current);
}

static void fiber_main(void)
{
    fibers->kernel->function(fibers->arguments);
    fibers->done[fibers->current] = true;
}

/* Not inlined: getcontext can return twice, which would make the caller's loop variable unsafe. */
__attribute__((noinline)) static void make_fiber(unsigned i)
{
    ucontext_t *context = &fibers->contexts[i];
    fibers->done[i] = false;
    getcontext(context);
    context->uc_stack.ss_sp = fibers->stacks + (size_t)i * STACK_BYTES;
    context->uc_stack.ss_size = STACK_BYTES;
    context->uc_link = &fibers->scheduler;
    makecontext(context, fiber_main, 0);
}

/* A GPU guarantees no order between barriers: forward and reverse order alternate here. */
static unsigned in_turn(unsigned turn, unsigned place, unsigned threads)
{
    return turn % 2 == 0 ? threads - 1 - place : place;
}

/* Runs each fiber to its next barrier, in rounds, until all have ended. */
static void run_fibers(unsigned threads)
{
    for (unsigned i = 0; i < threads; i++)
        make_fiber(i);
    unsigned round = 0;
    for (unsigned ended = 0; ended < threads; round++) {
        ended = 0;
        for (unsigned place = 0; place < threads; place++) {
            unsigned i = in_turn(round, place, threads);
            if (!fibers->done[i]) {
                fibers->current = i;
                fibers->in_fiber = true;
                set_thread(i);
                swapcontext(&fibers->scheduler, &fibers->contexts[i]);
                fibers->in_fiber = false;
                if (error != 0)
                    return;
            }
            ended += fibers->done[i];
        }
        /* A block in which some threads ended and others wait at a barrier hangs on older GPUs: refuse it. */
        if (ended > 0 && ended < threads) {
            error = CUDA_ERROR_LAUNCH_FAILED;
            return;
        }
    }
}

static void run_blocks(const struct emu_kernel *kernel, const unsigned grid[3], unsigned threads, const void *arguments)
{
    for (unsigned z = 0; z < grid[2]; z++) {
        for (unsigned y = 0; y < grid[1]; y++) {
            for (unsigned x = 0; x < grid[0]; x++) {
                emu_thread.block[0] = x;
                emu_thread.block[1] = y;
                emu_thread.block[2] = z;
                if (kernel->uses_barrier) {
                    run_fibers(threads);
                    if (error != 0)
                        return;
                } else {
                    for (unsigned place = 0; place < threads; place++) {
                        set_thread(in_turn(x, place, threads));
                        kernel->function(arguments);
                    }
                }
            }
        }
    }
}

EXPORT int emu_run_kernel(const struct emu_kernel *kernel, const unsigned grid[3], const unsigned block[3],
                          const void *arguments)
{
    unsigned threads = block[0] * block[1] * block[2];
    for (int i = 0; i < 3; i++) {
        emu_thread.grid_size[i] = grid[i];
        emu_thread.block_size[i] = block[i];
    }
    for (int i = 0; i < 4; i++)
        windows[i] = (struct window){0};
    error = 0;
    if (kernel->uses_barrier) {
        fibers = calloc(1, sizeof *fibers);
        if (fibers == NULL || (fibers->stacks = malloc((size_t)threads * STACK_BYTES)) == NULL)
            abort();
        fibers->kernel = kernel;
        fibers->arguments = arguments;
    }
    if (setjmp(escape) == 0)
        run_blocks(kernel, grid, threads, arguments);
    if (fibers != NULL) {
        free(fibers->stacks);
        free(fibers);
        fibers = NULL;
    }
    return error;
}
