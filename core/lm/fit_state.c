/* SPDX-License-Identifier: MIT
 *
 * What a fit is at a step, saved whole and read back: a safetensors file of its floats, its numbers as they are, the curves
 * so far, and a hash of everything that it was made of, so that no other fit goes on from it.
 */
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "lm/fit_private.h"

const char *const fit_curve[3] = {"train_loss", "tune_loss", "rate"};

/* ---- the key ---- */

static void add_number(sha256 *h, double v)
{
    sha256_add(h, &v, sizeof v);
}

static void add_set(sha256 *h, const fit_set *s)
{
    add_number(h, (double)s->tokens);
    add_number(h, (double)s->n);
    if (s->tokens) sha256_add(h, s->id, s->tokens * sizeof *s->id);
    if (s->word) sha256_add(h, s->word, s->tokens * sizeof *s->word);
    if (s->type) sha256_add(h, s->type, s->tokens);
    if (s->n) sha256_add(h, s->start, (s->n + 1) * sizeof *s->start);
}

static void add_rows(sha256 *h, pm_cmat m)
{
    for (size_t r = 0; m.at && r < m.rows; r++)
        sha256_add(h, m.at + r * m.ld, m.cols * sizeof *m.at);
}

static void add_options(sha256 *h, const lm_fit_options *o)
{
    const double v[] = {(double)o->goal,
                        (double)o->masked,
                        o->mask_share,
                        (double)o->mask_in_turn,
                        (double)o->pool,
                        (double)o->max_tokens,
                        (double)o->batch_tokens,
                        (double)o->micro_tokens,
                        o->epochs,
                        (double)o->max_steps,
                        o->schedule.peak,
                        o->schedule.warm_up,
                        o->schedule.steps,
                        (double)o->schedule.decay,
                        o->schedule.floor,
                        o->adamw.beta_1,
                        o->adamw.beta_2,
                        o->adamw.eps,
                        o->adamw.weight_decay,
                        o->clip,
                        o->tune_share,
                        (double)o->tune_every,
                        (double)o->patience,
                        (double)o->lora_rank,
                        o->lora_alpha,
                        (double)o->bf16_ok};
    sha256_add(h, v, sizeof v);
    sha256_add(h, &o->seed, sizeof o->seed);
}

void fit_key(const fit_job *j, const float *start, char key[65])
{
    static const char kind[] = "pointsman training 1";
    sha256 h;
    sha256_init(&h);
    sha256_add(&h, kind, sizeof kind);
    add_options(&h, &j->o);
    add_number(&h, (double)j->mask_id);
    add_number(&h, j->l->config->dropout);
    add_number(&h, j->l->config->attention_dropout);
    for (size_t p = 0; p < j->l->n; p++) {
        const nn_param *q = j->l->param + p;
        sha256_add(&h, q->name, strlen(q->name) + 1);
        add_number(&h, (double)q->rows);
        add_number(&h, (double)q->cols);
        add_number(&h, (double)q->at);
    }
    sha256_add(&h, start, j->l->floats * sizeof *start);
    add_set(&h, &j->train);
    add_set(&h, &j->tune);
    add_rows(&h, j->data->target);
    add_rows(&h, j->data->tune_target);
    if (j->data->weight) sha256_add(&h, j->data->weight, j->data->n * sizeof(float));
    sha256_hex(&h, key);
}

/* ---- saving ---- */

static nn_tensor floats(const char *name, const float *at, size_t n)
{
    return (nn_tensor){
        .name = name, .type = NN_F32, .n_dims = 1, .dim = {n}, .at = at, .bytes = n * sizeof *at};
}

static nn_tensor bytes(const char *name, const void *at, size_t n)
{
    return (nn_tensor){.name = name, .type = NN_U8, .n_dims = 1, .dim = {n}, .at = at, .bytes = n};
}

pm_status fit_save(const fit_job *j, const fit_state *s, pm_err *err)
{
    nn_tensor t[7];
    size_t n = 0;
    if (!j->o.checkpoint) return PM_OK;
    if (s->has_best) t[n++] = floats("best", s->best, s->n);
    if (s->n_points)
        t[n++] = (nn_tensor){.name = "curves",
                             .type = NN_F64,
                             .n_dims = 2,
                             .dim = {s->n_points, 3},
                             .at = s->point,
                             .bytes = s->n_points * sizeof *s->point};
    t[n++] = bytes("key", s->key, 64);
    t[n++] = floats("mean", s->mean, s->n);
    t[n++] = bytes("numbers", &s->num, sizeof s->num);
    t[n++] = floats("square", s->square, s->n);
    t[n++] = floats("value", s->value, s->n);
    const pm_status st = safetensors_write(j->o.checkpoint, t, n,
                                           "{\"format\":\"pointsman training checkpoint 1\"}", err);
    return st ? err_wrap(err, st, "training checkpoint") : PM_OK;
}

/* ---- reading ---- */

static const nn_tensor *find(const safetensors *f, const char *name)
{
    for (size_t i = 0; i < safetensors_count(f); i++)
        if (strcmp(safetensors_at(f, i)->name, name) == 0) return safetensors_at(f, i);
    return NULL;
}

static bool has(const safetensors *f, const char *name, size_t n)
{
    const nn_tensor *t = find(f, name);
    return t && t->bytes == n;
}

static void copy(const safetensors *f, const char *name, void *to)
{
    const nn_tensor *t = find(f, name);
    if (t && t->bytes) memcpy(to, t->at, t->bytes);
}

static bool has_points(const safetensors *f)
{
    const nn_tensor *t = find(f, "curves");
    fit_point p;
    if (t && (t->type != NN_F64 || t->bytes % sizeof p)) return false;
    for (size_t i = 0; t && i < t->bytes / sizeof p; i++) {
        memcpy(&p, (const char *)t->at + i * sizeof p, sizeof p);
        if (!(p.curve >= 0 && p.curve <= CURVE_RATE)) return false;
    }
    return true;
}

/* NULL, or why it cannot be gone on from. */
static const char *objection(const safetensors *f, const fit_job *j, const fit_state *s)
{
    const size_t n = s->n * sizeof(float);
    char key[64];
    fit_numbers num;
    if (!has(f, "key", sizeof key)) return "it is no checkpoint of a training";
    copy(f, "key", key);
    if (memcmp(key, s->key, sizeof key) != 0) return "it is of other options, data or weights";
    if (!has(f, "numbers", sizeof num) || !has(f, "value", n) || !has(f, "mean", n) ||
        !has(f, "square", n) || (find(f, "best") && (!s->best || !has(f, "best", n))) ||
        !has_points(f))
        return "parts of it are missing or of another size";
    copy(f, "numbers", &num);
    if (num.position > j->positions || num.step > j->steps) return "its numbers make no sense";
    return NULL;
}

static bool take(const safetensors *f, fit_state *s)
{
    const nn_tensor *t = find(f, "curves");
    const size_t n = t ? t->bytes / sizeof *s->point : 0;
    if (!mem_grow(&s->point, &s->point_room, n, sizeof *s->point)) return false;
    if (n) memcpy(s->point, t->at, t->bytes);
    s->n_points = n;
    s->has_best = find(f, "best") != NULL;
    if (s->has_best) copy(f, "best", s->best);
    copy(f, "numbers", &s->num);
    copy(f, "value", s->value);
    copy(f, "mean", s->mean);
    copy(f, "square", s->square);
    return true;
}

pm_status fit_load(const fit_job *j, fit_state *s, bool *resumed, pm_err *err)
{
    const char *path = j->o.checkpoint;
    safetensors *f = NULL;
    pm_err why = PM_ERR_INIT;
    *resumed = false;
    if (!path || !io_exists(path)) return PM_OK;
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "training checkpoint - memory is out");
    const char *reason = safetensors_open(path, a, &f, &why) ? err_text(&why) : NULL;
    if (!reason) reason = objection(f, j, s);
    if (reason)
        log_line(LOG_WARN, "training checkpoint \"%s\" is not used: %s; training begins anew", path,
                 reason);
    *resumed = !reason;
    const bool ok = reason || take(f, s);
    arena_close(a);
    return ok ? PM_OK : err_set(err, PM_E_MEMORY, "training checkpoint - memory is out");
}

/* ---- curves ---- */

pm_status fit_point_add(const fit_job *j, fit_state *s, int curve, double value, pm_err *err)
{
    const fit_point p = {curve, (double)s->num.step, value};
    if (!mem_grow(&s->point, &s->point_room, s->n_points + 1, sizeof p))
        return err_set(err, PM_E_MEMORY, "training - its curves do not fit into memory");
    s->point[s->n_points++] = p;
    if (j->watch && j->watch->point)
        j->watch->point(j->watch->arg, fit_curve[curve], p.step, value);
    return PM_OK;
}
