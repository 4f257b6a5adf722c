/* SPDX-License-Identifier: MIT
 *
 * What the files of the training graph share: what a step keeps for its way back, and the operators.  Every
 * operator is a forward next to its backward.  Products cannot fail but by wrong shapes, a mistake of ours: the first such
 * status stays in the graph and is handed out when the step ends.
 */
#ifndef PM_NN_GRAPH_PRIVATE_H
#define PM_NN_GRAPH_PRIVATE_H

#include "math/attention.h"
#include "math/gemm.h"
#include "math/product.h"
#include "math/rows.h"
#include "nn/graph.h"

enum {
    GRAPH_ROWS =
        64, /* rows of one piece of work: fixed, so that sums do not depend on the threads */
    GRAPH_COLS = 128
};

typedef struct graph_linear { /* out = x w' + b, of a layout's parameters */
    size_t w, b;              /* or NN_NONE */
    size_t n_in, n_out;
    const nn_lora_param *lora; /* of this step; NULL: none */
    pm_mat low;                /* [tokens x rank]: x A', kept */
} graph_linear;

typedef struct graph_norm {
    size_t g, b; /* NN_NONE: RMSNorm has no shift */
    float *mean, *rstd;
} graph_norm;

typedef struct graph_layer {
    graph_linear q, k, v, o, gate, up, down;
    graph_norm norm_1, norm_2;
    int index;
    /* kept; every matrix has room for max_tokens rows */
    pm_mat in;         /* what came in */
    pm_mat attended;   /* what q, k and v read: in, or norm_1 of it (norm_first) */
    pm_mat qs, ks, vs; /* after the rotation */
    pm_mat context;    /* what the heads gave */
    float *lse;        /* [n_heads x tokens] */
    pm_mat sum_1;      /* o of it + in */
    pm_mat widened;    /* what gate and up read: norm_1 of sum_1, or norm_2 (norm_first) */
    pm_mat gates, ups; /* before the activation */
    pm_mat inner;      /* after it */
    pm_mat sum_2;      /* down of it + the residual: post-norm only */
} graph_layer;

typedef enum graph_place { /* of dropout in a layer */
                           GRAPH_AT_EMBED = 0,
                           GRAPH_AT_PROBABILITIES,
                           GRAPH_AT_ATTENTION,
                           GRAPH_AT_INNER,
                           GRAPH_AT_HEAD,
                           GRAPH_N_PLACES
} graph_place;

typedef struct graph_lm { /* the head of language models, for the rows asked */
    graph_linear dense;
    graph_norm norm;
    size_t out, bias;           /* parameters; bias may be NN_NONE */
    size_t block;               /* rows of logits at once */
    pm_mat rows;                /* hidden states asked */
    pm_mat wide, acted, normed; /* NN_LM_MASKED */
    pm_mat logits;              /* [block x n_vocab]; made when first asked for */
    float *nats, *weight;
    pm_mat d_rows, d_wide;
} graph_lm;

typedef struct graph_heads {
    graph_linear pooler, dense, out;
    pm_mat first, pooled, wide, read; /* [max_sequences x width] */
    pm_mat outputs, d_outputs, d_read, d_pooled;
} graph_heads;

struct nn_graph {
    const compute *c;
    threads *pool;
    arena *room;
    const nn_layout *l;
    const nn_config *m;
    size_t max_tokens, max_sequences, longest;
    graph_layer *layer;
    graph_norm embed_norm, final_norm;
    size_t embed_tokens, embed_positions, embed_types;
    pm_mat embedded;    /* before its norm */
    pm_mat top;         /* what the last layer gave */
    pm_mat hidden;      /* after the final norm */
    float *rotary;      /* [longest x head_dim] */
    uint32_t *position; /* [tokens] */
    uint64_t *places;   /* [sequences]: first index of their dropout of probabilities */
    graph_lm lm;
    graph_heads heads;
    /* on the way back */
    pm_mat d, d_1, d_2; /* [tokens x width] */
    pm_mat d_context, d_q, d_k, d_v;
    pm_mat d_inner, d_gate; /* [tokens x inner] */
    float *part;            /* partial sums of norms: [blocks x 2 width] */
    char *attention_room;   /* for each thread */
    size_t attention_bytes;
    void *product_room;
    size_t low_rank; /* room for adapters made so far */
    pm_mat d_low;
    /* of this step */
    const float *w;
    float *grad; /* NULL: weights stay as they are */
    nn_lora *lora;
    const nn_step *s;
    bool back;
    size_t tokens, sequences;
    uint64_t seed;
    pm_status status;
    pm_err *err;
};

static inline pm_mat graph_cut(pm_mat m, size_t rows)
{
    m.rows = rows;
    return m;
}
static inline pm_cmat graph_read(pm_mat m)
{
    return (pm_cmat){m.at, m.rows, m.cols, m.ld};
}
static inline size_t graph_width(const nn_graph *g)
{
    return g->m->width;
}
/* A parameter's place in the weights, or NULL. */
static inline const float *graph_weight(const nn_graph *g, size_t p)
{
    return p == NN_NONE ? NULL : g->w + g->l->param[p].at;
}
static inline float *graph_grad(const nn_graph *g, size_t p)
{
    return p == NN_NONE || !g->grad ? NULL : g->grad + g->l->param[p].at;
}
static inline uint32_t graph_stream(int layer, graph_place place)
{
    return (uint32_t)(layer + 1) * GRAPH_N_PLACES + (uint32_t)place;
}
/* The share dropped at a place of this step: 0 unless training. */
float graph_drop(const nn_graph *g, graph_place place);

/* ---- graph_room.c: memory ---- */
PM_MUST_USE pm_status graph_room(nn_graph *g, pm_err *err);
PM_MUST_USE pm_status graph_room_logits(nn_graph *g, pm_err *err);
PM_MUST_USE pm_status graph_room_lora(nn_graph *g, nn_lora *lora, pm_err *err);

/* ---- graph_linear.c ---- */
typedef struct graph_product {
    char ta, tb;
    pm_cmat a, b;
    float alpha, beta;
} graph_product;
void graph_gemm(nn_graph *g, graph_product p, pm_mat out);
void graph_linear_forward(nn_graph *g, const graph_linear *k, pm_mat x, pm_mat out);
/* dx = dy w, or dx += it (dx.at NULL: not wanted); gradients of w and b are added to. */
void graph_linear_back(nn_graph *g, const graph_linear *k, pm_mat x, pm_mat dy, bool adds,
                       pm_mat dx);
void graph_column_sums(nn_graph *g, pm_cmat x, float *sums); /* added to */

/* ---- graph_rows.c: rows over the pool ---- */
void graph_norm_forward(nn_graph *g, const graph_norm *k, pm_mat x, pm_mat out, bool rms);
/* dx = d/dx (+ plus, if its .at is there); dx is none of the others. */
void graph_norm_back(nn_graph *g, const graph_norm *k, pm_mat x, pm_mat dy, pm_mat plus, pm_mat dx,
                     bool rms);
/* x = dropout(x) + residual (.at NULL: none); layer and place name the mask. */
void graph_finish(nn_graph *g, pm_mat x, pm_mat residual, int layer, graph_place place);
/* out = dropout's derivative on dy; dy itself where nothing is dropped: the result. */
pm_mat graph_finish_back(nn_graph *g, pm_mat dy, pm_mat out, int layer, graph_place place);
/* out = act(x), or act(x) * times. */
void graph_act(nn_graph *g, linear_act act, pm_mat x, pm_mat times, pm_mat out);
/* dy becomes d/dx; gated: dy becomes d/dtimes and d_gate d/dx. */
void graph_act_back(nn_graph *g, linear_act act, pm_mat x, pm_mat dy);
void graph_gated_back(nn_graph *g, linear_act act, const graph_layer *k, pm_mat dy, pm_mat d_gate);
void graph_rotate(nn_graph *g, pm_mat x, size_t n_heads, int sign);

/* ---- graph_attention.c ---- */
void graph_attention(nn_graph *g, graph_layer *k);
void graph_attention_back(nn_graph *g, const graph_layer *k); /* d_context to d_q, d_k, d_v */

/* ---- graph_embed.c ---- */
void graph_embed(nn_graph *g, pm_mat out);
void graph_embed_back(nn_graph *g); /* of g->d; g->d_1 is overwritten */

/* ---- graph_layer.c ---- */
void graph_layer_forward(nn_graph *g, graph_layer *k, pm_mat out);
void graph_layer_back(nn_graph *g, graph_layer *k); /* g->d: of the output, then of the input */

/* ---- graph_lm.c and graph_heads.c: give the loss before scaling, and g->d where it is wanted ---- */
double graph_lm_loss(nn_graph *g);
double graph_heads_loss(nn_graph *g);

#endif
