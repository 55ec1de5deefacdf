/*
 * Convolution on dense fp32 data. One or two spatial dimensions are treated as three. Forward: a matrix product of the
 * filter with the image's patches, packed on the fly; depthwise directly. Backward data: the transposed product,
 * scattered back.
 */
#define _GNU_SOURCE
#include "dnn.h"

#include <stdlib.h>
#include <string.h>

/* The geometry of a convolution, always with depth, height and width. */
struct geometry {
    int64_t images, groups;
    int64_t channels, filters; /* inputs and outputs per group */
    int64_t in[3], out[3], window[3];
    int64_t pad[3], stride[3], dilation[3];
    int64_t in_size, out_size, window_size; /* products of the three */
};

static struct geometry geometry_of(const struct convolution *conv, const struct tensor *x, const struct tensor *w,
                                   const struct tensor *y)
{
    struct geometry g = {.images = x->dim[0], .groups = conv->groups, .channels = w->dim[1],
                         .filters = w->dim[0] / conv->groups, .in_size = 1, .out_size = 1, .window_size = 1};
    int missing = 3 - conv->rank;
    for (int i = 0; i < 3; i++) {
        int s = i - missing;
        g.in[i] = s < 0 ? 1 : x->dim[s + 2];
        g.out[i] = s < 0 ? 1 : y->dim[s + 2];
        g.window[i] = s < 0 ? 1 : w->dim[s + 2];
        g.pad[i] = s < 0 ? 0 : conv->pad[s];
        g.stride[i] = s < 0 ? 1 : conv->stride[s];
        g.dilation[i] = s < 0 ? 1 : conv->dilation[s];
        g.in_size *= g.in[i];
        g.out_size *= g.out[i];
        g.window_size *= g.window[i];
    }
    return g;
}

/* CUDNN_CONVOLUTION (mode 0) mirrors the window in every spatial dimension: reverse each filter plane. */
static float *mirrored(const struct geometry *g, const float *w, int mode)
{
    int64_t planes = g->groups * g->filters * g->channels;
    if (mode == 1)
        return NULL;
    float *copy = dnn_floats(planes * g->window_size);
    for (int64_t p = 0; p < planes; p++)
        for (int64_t i = 0; i < g->window_size; i++)
            copy[p * g->window_size + i] = w[p * g->window_size + g->window_size - 1 - i];
    return copy;
}

struct patches {
    const struct geometry *g;
    const float *image; /* the group's channels of one image */
};

/* The output positions of one packed block that share a row of the output. */
struct run {
    int first, length;
    int64_t corner[3]; /* input position under the window's first element, for the first of them */
};

static int runs_of(const struct geometry *g, int64_t n0, int width, struct run runs[16])
{
    int count = 0;
    for (int i = 0; i < width;) {
        int64_t n = n0 + i, column = n % g->out[2], left = g->out[2] - column;
        struct run *run = &runs[count++];
        run->first = i;
        run->length = (int)(left < width - i ? left : width - i);
        run->corner[2] = column * g->stride[2] - g->pad[2];
        run->corner[1] = n / g->out[2] % g->out[1] * g->stride[1] - g->pad[1];
        run->corner[0] = n / g->out[2] / g->out[1] * g->stride[0] - g->pad[0];
        i += run->length;
    }
    return count;
}

/* Reads consecutive values of a plane, zeros outside the input. */
static void load_run(const struct geometry *g, const float *plane, const struct run *run, const int64_t offset[3], float *out)
{
    int64_t d = run->corner[0] + offset[0], h = run->corner[1] + offset[1], w = run->corner[2] + offset[2];
    int64_t step = g->stride[2];
    if ((uint64_t)d >= (uint64_t)g->in[0] || (uint64_t)h >= (uint64_t)g->in[1]) {
        memset(out, 0, (size_t)run->length * sizeof(float));
        return;
    }
    const float *row = plane + (d * g->in[1] + h) * g->in[2];
    if (step == 1 && w >= 0 && w + run->length <= g->in[2]) {
        memcpy(out, row + w, (size_t)run->length * sizeof(float));
        return;
    }
    for (int i = 0; i < run->length; i++, w += step)
        out[i] = (uint64_t)w < (uint64_t)g->in[2] ? row[w] : 0;
}

/* B of the product: rows are (channel, window position), columns are output positions. */
static void pack_patches(const struct gemm_b *self, int64_t k0, int64_t k1, int64_t n0, int width, float *out)
{
    const struct patches *patches = self->context;
    const struct geometry *g = patches->g;
    struct run runs[16];
    int count = runs_of(g, n0, width, runs);
    /* A 1 x 1 convolution without stride and padding reads the image directly. */
    bool plain = g->window_size == 1 && g->out_size == g->in_size && g->pad[0] + g->pad[1] + g->pad[2] == 0;
    for (int64_t k = k0; k < k1; k++, out += 16) {
        const float *plane = patches->image + k / g->window_size * g->in_size;
        if (plain) {
            memcpy(out, plane + n0, (size_t)width * sizeof(float));
        } else {
            int64_t w = k % g->window_size;
            int64_t offset[3] = {w / g->window[2] / g->window[1] * g->dilation[0],
                                 w / g->window[2] % g->window[1] * g->dilation[1], w % g->window[2] * g->dilation[2]};
            for (int r = 0; r < count; r++)
                load_run(g, plane, &runs[r], offset, out + runs[r].first);
        }
        for (int i = width; i < 16; i++)
            out[i] = 0;
    }
}

struct forward {
    const struct geometry *g;
    const float *x, *w;
    float *y;
    int threads;
};

static void forward_product(void *context, int64_t index)
{
    const struct forward *f = context;
    const struct geometry *g = f->g;
    int64_t group = index % g->groups, k = g->channels * g->window_size;
    struct patches patches = {g, f->x + index * g->channels * g->in_size}; /* index counts (image, group) */
    struct gemm_b b = {pack_patches, &patches};
    dnn_gemm(g->filters, g->out_size, k, f->w + group * g->filters * k, k, 1, &b,
             f->y + index * g->filters * g->out_size, g->out_size, f->threads);
}

/* Few channels per group: a product would mostly be packing. Processes one (image, group, filter) plane at a time. */
static void forward_plane(void *context, int64_t index)
{
    const struct forward *f = context;
    const struct geometry *g = f->g;
    int64_t image_group = index / g->filters;
    const float *image = f->x + image_group * g->channels * g->in_size;
    const float *w = f->w + (image_group % g->groups * g->filters + index % g->filters) * g->channels * g->window_size;
    float *y = f->y + index * g->out_size;
    memset(y, 0, (size_t)g->out_size * sizeof(float));
    for (int64_t c = 0; c < g->channels; c++) {
        for (int64_t k = 0; k < g->window_size; k++, w++) {
            int64_t dw = k % g->window[2] * g->dilation[2] - g->pad[2];
            int64_t dh = k / g->window[2] % g->window[1] * g->dilation[1] - g->pad[1];
            int64_t dd = k / g->window[2] / g->window[1] * g->dilation[0] - g->pad[0];
            int64_t first = dw >= 0 ? 0 : (-dw + g->stride[2] - 1) / g->stride[2];
            int64_t last = g->in[2] - 1 - dw < 0 ? -1 : (g->in[2] - 1 - dw) / g->stride[2];
            last = last < g->out[2] - 1 ? last : g->out[2] - 1;
            for (int64_t o = 0; o < g->out[0] * g->out[1]; o++) {
                int64_t d = o / g->out[1] * g->stride[0] + dd, h = o % g->out[1] * g->stride[1] + dh;
                if ((uint64_t)d >= (uint64_t)g->in[0] || (uint64_t)h >= (uint64_t)g->in[1])
                    continue;
                const float *from = image + c * g->in_size + (d * g->in[1] + h) * g->in[2] + dw;
                float *to = y + o * g->out[2];
                for (int64_t i = first; i <= last; i++)
                    to[i] += *w * from[i * g->stride[2]];
            }
        }
    }
}

void dnn_convolve(const struct convolution *convolution, const struct tensor *x_shape, const float *x,
                  const struct tensor *w_shape, const float *w, const struct tensor *y_shape, float *y)
{
    struct geometry g = geometry_of(convolution, x_shape, w_shape, y_shape);
    float *flipped = mirrored(&g, w, convolution->mode);
    struct forward f = {&g, x, flipped == NULL ? w : flipped, y, 1};
    int64_t products = g.images * g.groups;
    if (g.filters < 4 || g.channels * g.window_size < 8) {
        dnn_parallel(products * g.filters, forward_plane, &f);
    } else if (products == 1) {
        f.threads = 2;
        forward_product(&f, 0);
    } else {
        dnn_parallel(products, forward_product, &f);
    }
    free(flipped);
}

struct backward {
    const struct geometry *g;
    const float *w, *dy;
    float *dx;
};

static void backward_product(void *context, int64_t index)
{
    const struct backward *b = context;
    const struct geometry *g = b->g;
    int64_t k = g->channels * g->window_size;
    float *patches = dnn_floats(k * g->out_size);
    struct gemm_matrix dy = {b->dy + index * g->filters * g->out_size, g->out_size, 1};
    struct gemm_b right = dnn_gemm_matrix(&dy);
    /* patches[k][position] = sum over filters of w[filter][k] * dy[filter][position] */
    dnn_gemm(k, g->out_size, g->filters, b->w + index % g->groups * g->filters * k, 1, k, &right, patches, g->out_size, 1);
    float *dx = b->dx + index * g->channels * g->in_size;
    memset(dx, 0, (size_t)(g->channels * g->in_size) * sizeof(float));
    for (int64_t row = 0; row < k; row++) {
        int64_t w = row % g->window_size;
        int64_t dw = w % g->window[2] * g->dilation[2] - g->pad[2];
        int64_t dh = w / g->window[2] % g->window[1] * g->dilation[1] - g->pad[1];
        int64_t dd = w / g->window[2] / g->window[1] * g->dilation[0] - g->pad[0];
        float *plane = dx + row / g->window_size * g->in_size;
        for (int64_t o = 0; o < g->out_size; o++) {
            int64_t d = o / g->out[2] / g->out[1] * g->stride[0] + dd, h = o / g->out[2] % g->out[1] * g->stride[1] + dh;
            int64_t x = o % g->out[2] * g->stride[2] + dw;
            if ((uint64_t)d < (uint64_t)g->in[0] && (uint64_t)h < (uint64_t)g->in[1] && (uint64_t)x < (uint64_t)g->in[2])
                plane[(d * g->in[1] + h) * g->in[2] + x] += patches[row * g->out_size + o];
        }
    }
    free(patches);
}

void dnn_convolve_back(const struct convolution *convolution, const struct tensor *w_shape, const float *w,
                       const struct tensor *dy_shape, const float *dy, const struct tensor *dx_shape, float *dx)
{
    struct geometry g = geometry_of(convolution, dx_shape, w_shape, dy_shape);
    float *flipped = mirrored(&g, w, convolution->mode);
    struct backward b = {&g, flipped == NULL ? w : flipped, dy, dx};
    dnn_parallel(g.images * g.groups, backward_product, &b);
    free(flipped);
}

int dnn_output_size(int input, int window, int pad, int stride, int dilation)
{
    int extent = (window - 1) * dilation + 1;
    return input + 2 * pad < extent ? 0 : (input + 2 * pad - extent) / stride + 1;
}

bool dnn_uses_tf32(const struct convolution *convolution, int type)
{
    const char *override = getenv("NVIDIA_TF32_OVERRIDE"); /* 0 disables it, as in NVIDIA's libraries */
    return type == TYPE_FLOAT && convolution->math_type != MATH_FMA && !(override != NULL && strcmp(override, "0") == 0);
}
