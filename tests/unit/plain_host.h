/* SPDX-License-Identifier: MIT
 *
 * A host that works in this thread, for plugin code that is linked into a test: memory of the bed, products and
 * steps by math, tensors of a shelf.
 * Included by test_plugins_matrix_factorization.c only.
 */
#undef fail /* Check's macro */

static void *lend(pm_call *c, size_t count, size_t bytes)
{
    (void)c;
    return arena_alloc(b.room, count, bytes);
}
static pm_status refuse(pm_call *c, pm_status s, const char *fmt, ...)
{
    (void)c, (void)fmt;
    return s;
}
static double drawn(const pm_call *c, uint32_t stream, uint64_t i)
{
    return rng_uniform(c->seed, stream, i);
}
static pm_status here(pm_call *c, size_t n, size_t grain, pm_body body, void *arg)
{
    (void)grain;
    return body(c, 0, n, arg);
}
static pm_status product(pm_call *c, char ta, char tb, float alpha, pm_cmat x, pm_cmat y,
                         float beta, pm_mat out, pm_gemm_hint hint)
{
    (void)c;
    return gemm(&b.compute, NULL, ta == 't' ? 'T' : 'N', tb == 't' ? 'T' : 'N', alpha, x, y, beta,
                out, hint, &b.err);
}
static pm_status noisy(pm_call *c, const float *const *row, float scale, const pm_noise *z,
                       pm_mat out)
{
    train_noise noise = {c->seed, z->stream, z->first, z->alpha};
    train_noisy_rows(&b.compute, NULL, row, scale, &noise, out);
    return PM_OK;
}
static pm_status stepped(pm_call *c, const pm_adam *a)
{
    (void)c;
    train_layer l = {a->x, a->g, a->w, a->mean, a->square, a->toward, a->lr, a->l2, a->step};
    return train_adam(&b.compute, NULL, &l, &b.err);
}
static pm_status dotted(pm_call *c, pm_cmat a, const float *x, float *out)
{
    (void)c;
    asked_dots++;
    gemv(&b.compute, NULL, a, x, out);
    return PM_OK;
}
static pm_status rated(pm_call *c, const pm_bt *w, double *theta)
{
    bt_counts counts = {w->k, w->win, w->win_zero, w->lose_zero, w->prior};
    (void)c;
    return bt_fit(&counts, b.room, theta, NULL, &b.err);
}

static const pm_linalg_service math_here = {.size = sizeof math_here,
                                            .bradley_terry = rated,
                                            .noisy_rows = noisy,
                                            .adam = stepped,
                                            .dots = dotted};

static int is_there(pm_call *c, pm_store *s, const char *name)
{
    (void)c, (void)s;
    for (size_t k = 0; k < sizeof shelf / sizeof *shelf; k++)
        if (shelf[k] && strcmp(name, shelf_name[k]) == 0) return 1;
    return 0;
}
static pm_status seen(pm_call *c, pm_store *s, const char *name, pm_dtype want, pm_tensor *out)
{
    (void)c, (void)s, (void)want;
    for (size_t k = 0; k < sizeof shelf / sizeof *shelf; k++)
        if (strcmp(name, shelf_name[k]) == 0) *out = *shelf[k];
    return PM_OK;
}

static const void *serve(const char *name)
{
    return strcmp(name, PM_LINALG_SERVICE) == 0 ? &math_here : NULL;
}

static const pm_host host = {.size = sizeof host,
                             .own = lend,
                             .scratch = lend,
                             .fail = refuse,
                             .uniform = drawn,
                             .parallel = here,
                             .gemm = product,
                             .has = is_there,
                             .view_tensor = seen,
                             .service = serve};
