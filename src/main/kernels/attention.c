/* The parts of attention besides products and softmax. */
#include "arithmetic.h"

/*
 * scores[batch][head][query][key], in place: tanh-capped, masked, limited to the sequence's length and to a window around
 * the query. fp32 or the plan's type.
 */
struct attention_scores_arguments {
    void *scores;
    const void *mask; /* an addend, or booleans; may be null */
    const long *lengths; /* valid keys, per batch; may be null */
    long count;
    long queries, keys, heads;
    long mask_batch, mask_head, mask_query, mask_key; /* strides */
    long mask_keys; /* keys that the mask has; the others are hidden */
    long past; /* keys before the first query; with `lengths` the last query is at the last valid key */
    long before, behind; /* number of keys that a query sees before and after itself; negative for all */
    int type, mask_type, mask_is_boolean;
    float softcap; /* 0 for none */
};

KERNEL(attention_scores, struct attention_scores_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long keys = arguments.keys, start = arguments.past, length = keys;
        long key = i % keys, query = i / arguments.keys % arguments.queries;
        long head = i / arguments.keys / arguments.queries % arguments.heads;
        long batch = i / arguments.keys / arguments.queries / arguments.heads;
        float score = load(arguments.scores, arguments.type, i);
        if (arguments.softcap != 0.0f)
            score = arguments.softcap * hyperbolic_tangent(score / arguments.softcap);
        if (arguments.mask != 0 && key >= arguments.mask_keys) {
            score = -INFINITE;
        } else if (arguments.mask != 0) {
            float mask = load(arguments.mask, arguments.mask_type,
                              batch * arguments.mask_batch + head * arguments.mask_head
                                  + query * arguments.mask_query + key * arguments.mask_key);
            score = !arguments.mask_is_boolean ? score + mask : mask != 0.0f ? score : -INFINITE;
        }
        if (arguments.lengths != 0) {
            length = *AT(const long, arguments.lengths, batch);
            start = length - arguments.queries;
        }
        long distance = key - query - start;
        if (key >= length || (arguments.behind >= 0 && distance > arguments.behind)
            || (arguments.before >= 0 && distance < -arguments.before))
            score = -INFINITE;
        store(arguments.scores, arguments.type, i, score);
    }
}

/* y = x with pairs of the first `rotated` elements of each head turned by the angle of the position. */
struct rotate_arguments {
    const void *x;
    void *y;
    const void *cosine, *sine; /* [positions or batch * sequence][rotated / 2] */
    const long *positions; /* [batch][sequence]; if null, the tables are per batch and position */
    long count;
    long batch_stride, sequence_stride, head_stride; /* of x and y */
    long sequences, heads, width; /* of the logical [batch][head][sequence][width] */
    int rotated, interleaved, type, unused;
};

KERNEL(rotate, struct rotate_arguments)
{
    FOR_EACH_INDEX(i, arguments.count)
    {
        long e = i % arguments.width, sequence = i / arguments.width % arguments.sequences;
        long head = i / arguments.width / arguments.sequences % arguments.heads;
        long batch = i / arguments.width / arguments.sequences / arguments.heads;
        long base = batch * arguments.batch_stride + sequence * arguments.sequence_stride + head * arguments.head_stride;
        float value = load(arguments.x, arguments.type, base + e);
        if (e < arguments.rotated) {
            long half = arguments.rotated / 2;
            long pair = arguments.interleaved ? e / 2 : e % half;
            int second = arguments.interleaved ? (int)(e % 2) : e >= half;
            long other = arguments.interleaved ? (second ? e - 1 : e + 1) : (second ? e - half : e + half);
            long row = arguments.positions == 0 ? batch * arguments.sequences + sequence
                : *AT(const long, arguments.positions, batch * arguments.sequences + sequence);
            float c = load(arguments.cosine, arguments.type, row * half + pair);
            float s = load(arguments.sine, arguments.type, row * half + pair);
            float partner = load(arguments.x, arguments.type, base + other);
            value = second ? s * partner + c * value : c * value - s * partner;
        }
        store(arguments.y, arguments.type, base + e, value);
    }
}
