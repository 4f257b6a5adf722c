/* SPDX-License-Identifier: MIT
 *
 * Checkpoints of ngram that are whole files and say something wrong: each must be refused, with the place.
 */
#include "config.h"

#include "plugins_bed.h"

#include "plug/backend.h"
#include "plug/checkpoint.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

enum { ORDER = 4 };

/* How a tensor of a good checkpoint is changed. */
typedef void (*change)(pm_tensor *t, void *at);

static void one_less(pm_tensor *t, void *at)
{
    (void)at;
    t->dim[0]--;
}
static void other_shape(pm_tensor *t, void *at)
{
    (void)at;
    t->n_dims = 2;
    t->dim[1] = 1;
}
static void other_type(pm_tensor *t, void *at)
{
    (void)at;
    t->dtype = t->dtype == PM_U8 ? PM_I8 : PM_I32;
}
static void falls(pm_tensor *t, void *at)
{
    uint32_t *start = at;
    start[t->dim[0] / 2] = start[t->dim[0] / 2 - 1] - 1;
}
static void leaps(pm_tensor *t, void *at)
{
    uint32_t *start = at;
    start[t->dim[0] / 2] = 4000000000u;
}
static void begins_late(pm_tensor *t, void *at)
{
    uint32_t *start = at;
    (void)t;
    start[0] = 1;
}
static void ends_late(pm_tensor *t, void *at)
{
    uint32_t *start = at;
    start[t->dim[0] - 1]++;
}
static void descends(pm_tensor *t, void *at)
{
    uint8_t *byte = at;
    (void)t;
    byte[1] = byte[0];
}
static void not_a_number(pm_tensor *t, void *at)
{
    float *v = at;
    v[t->dim[0] - 1] = NAN;
}
static void positive(pm_tensor *t, void *at)
{
    float *v = at;
    (void)t;
    v[0] = 0.5f;
}
static void order_of_nine(pm_tensor *t, void *at)
{
    uint64_t *head = at;
    (void)t;
    head[0] = 9;
}
static void order_of_none(pm_tensor *t, void *at)
{
    uint64_t *head = at;
    (void)t;
    head[0] = 0;
}
static void higher_order(pm_tensor *t, void *at)
{
    uint64_t *head = at;
    (void)t;
    head[0] = ORDER + 1;
}

static const struct {
    const char *name;
    change how;
    const char *says;
} changes[] = {
    {"order_and_bytes", order_of_nine, "order 9; want 1 .. 8"},
    {"order_and_bytes", order_of_none, "order 0; want 1 .. 8"},
    {"order_and_bytes", one_less, "does not hold 2 numbers"},
    {"order_and_bytes", other_type, "order_and_bytes"},
    {"order_and_bytes", higher_order, "start.4"},
    {"byte.1", one_less, "'byte.1' has 1 dimensions of"},
    {"byte.3", one_less, "'byte.3' has 1 dimensions of"},
    {"byte.3", other_shape, "'byte.3' has 2 dimensions of"},
    {"byte.2", other_type, "byte.2"},
    {"byte.1", descends, "'byte.1' does not ascend at 0"},
    {"start.2", one_less, "'start.2' has 1 dimensions of"},
    {"start.2", falls, "'start.2' falls or is too large at"},
    {"start.2", leaps, "'start.2' falls or is too large at"},
    {"start.1", begins_late, "'start.1' is not a division of"},
    {"start.0", begins_late, "'start.0' is not a division of"},
    {"start.0", ends_late, "'byte.1' has 1 dimensions of"},
    {"start.3", ends_late, "'byte.4' has 1 dimensions of"},
    {"log_p.4", one_less, "'log_p.4' has 1 dimensions of"},
    {"log_p.4", not_a_number, "'log_p.4' has nan at"},
    {"log_p.1", positive, "'log_p.1' has 0.5 at 0"},
    {"log_backoff.0", positive, "'log_backoff.0' has 0.5 at 0"},
    {"log_backoff.3", not_a_number, "'log_backoff.3' has nan at"},
    {"log_backoff.2", other_shape, "'log_backoff.2' has 2 dimensions of"},
};

/* Copies one tensor, changed if it is the one. */
static void copy(pm_store *from, pm_store *to, const char *name, size_t which)
{
    pm_tensor t;
    size_t bytes = 1;
    bed_ok(&b, checkpoint_tensor(from, name, (pm_dtype)0, &t, &b.err));
    for (uint32_t d = 0; d < t.n_dims; d++) bytes *= t.dim[d];
    bytes *= pm_dtype_bytes(t.dtype);
    void *at = arena_alloc(b.room, bytes, 1);
    memcpy(at, t.ptr, bytes);
    t.ptr = at;
    if (strcmp(name, changes[which].name) == 0) changes[which].how(&t, at);
    if (t.dtype == PM_I32 && bytes % 8 == 0 && strcmp(name, "order_and_bytes") == 0) t.dim[0] *= 2;
    bed_ok(&b, checkpoint_put_tensor(to, name, t, &b.err));
}

/* A good checkpoint of order 4 at `good`, and a copy with one change (or without a tensor) at `bad`. */
static void make_bad(const char *good, const char *bad, size_t which)
{
    pm_store *from = NULL, *to = NULL;
    pm_str manifest;
    char name[32];
    bed_ok(&b, checkpoint_open(good, b.room, &from, &b.err));
    bed_ok(&b, checkpoint_create(b.room, &to, &b.err));
    bed_ok(&b, checkpoint_text(from, "host.manifest", &manifest, &b.err));
    bed_ok(&b, checkpoint_put_text(to, "host.manifest", manifest, &b.err));
    copy(from, to, "order_and_bytes", which);
    for (int k = 0; k <= ORDER; k++) {
        static const char *const what[] = {"byte", "log_p", "start", "log_backoff"};
        for (int w = 0; w < 4; w++) {
            snprintf(name, sizeof name, "%s.%d", what[w], k);
            if (checkpoint_has(from, name)) copy(from, to, name, which);
        }
    }
    bed_ok(&b, checkpoint_commit(to, bad, &b.err));
    checkpoint_close(from);
}

START_TEST(a_wrong_tensor_is_refused)
{
    const pm_str text = {
        "she sells sea shells by the sea shore; the shells she sells are sea shells", 74};
    const pm_corpus corpus = {sizeof corpus, &text, 1};
    const plugin_entry *e = bed_plugin(&b, PLUGIN_BACKEND, "ngram");
    const pm_backend_fit fit = {
        .size = sizeof fit, .expert = bed_library(&b, 1)->expert[0], .corpus = &corpus};
    const backend_spec spec = {e, bed_params(&b, e, "order=4"), 7};
    char good[300], bad[300];
    backend *m = NULL;
    snprintf(good, sizeof good, "%s/good", b.folder);
    snprintf(bad, sizeof bad, "%s/bad", b.folder);
    bed_ok(&b, backend_train(b.call, &spec, &fit, &m, &b.err));
    bed_ok(&b, backend_save(m, b.call, good, &b.err));
    backend_close(m);
    make_bad(good, bad, (size_t)_i);
    pm_status st = backend_load(b.call, bad, &m, &b.err);
    ck_assert_int_eq(st, PM_E_FORMAT);
    ck_assert_msg(strstr(err_text(&b.err), changes[_i].says) != NULL, "no \"%s\" in: %s",
                  changes[_i].says, err_text(&b.err));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("files of ngram");
    TCase *t = tcase_create("files");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_wrong_tensor_is_refused, 0, (int)(sizeof changes / sizeof *changes));
    suite_add_tcase(s, t);
    return suite_main(s);
}
