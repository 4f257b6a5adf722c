/* SPDX-License-Identifier: MIT
 *
 * A training that was interrupted, by its watch or by being killed, ends with the bytes and the curves of one that was not;
 * checkpoints that are foreign, cut short or changed are not used.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"
#include "lm_fit_bed.h"

enum { STEPS = 14 };

static fit_bed *open_bed(bool masked, size_t rank)
{
    fit_bed *b = fit_bed_open(masked, 1);
    nn_config small = b->config;
    small.n_layers = 1;
    fit_bed_model(b, small);
    b->o.max_steps = STEPS;
    b->o.batch_tokens = 256;
    b->o.tune_every = 4;
    b->o.tune_share = .02;
    b->o.lora_rank = rank;
    b->o.schedule.warm_up = 2;
    return b;
}

static void same(const fit_bed *a, const fit_bed *b)
{
    ck_assert_mem_eq(a->result.slab, b->result.slab, a->l.floats * sizeof(float));
    ck_assert_uint_eq(a->result.tokens, b->result.tokens);
    ck_assert_uint_eq(a->result.best_step, b->result.best_step);
    ck_assert(a->result.tune_loss == b->result.tune_loss);
    ck_assert_uint_eq(a->n_points, b->n_points);
    for (size_t i = 0; i < a->n_points; i++)
        ck_assert(!strcmp(a->point[i].curve, b->point[i].curve) &&
                  a->point[i].step == b->point[i].step && a->point[i].value == b->point[i].value);
}

START_TEST(stopped_anywhere_it_goes_on)
{
    const bool masked = _i != 1;
    const size_t rank = _i == 2 ? 3 : 0;
    char folder[256], path[300];
    fit_bed *whole = open_bed(masked, rank), *b = open_bed(masked, rank);
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/fit.safetensors", folder);
    fit_bed_must(whole);
    b->o.checkpoint = path;
    /* The watch is asked after every step and every micro batch of a measurement. */
    size_t stops = 0;
    for (b->stop_after = 1;; b->stop_after = stops % 23 + 1, stops++) {
        const pm_status s = fit_bed_run(b);
        if (!s) break;
        ck_assert_msg(s == PM_E_CANCELED, "%s", err_text(&b->err));
        ck_assert_msg(strstr(err_text(&b->err), "goes on") != NULL, "%s", err_text(&b->err));
        ck_assert_uint_lt(stops, 100);
    }
    ck_assert_uint_ge(stops, 4);
    ck_assert(b->result.resumed && !whole->result.resumed);
    same(whole, b);
    b->stop_after = 0; /* it is done: the file says so */
    fit_bed_must(b);
    ck_assert_uint_eq(b->calls, 0);
    same(whole, b);
    temp_folder_close(folder);
    fit_bed_close(whole);
    fit_bed_close(b);
}
END_TEST

/* A child that saves after every step is killed while it works. */
START_TEST(killed_anywhere_it_goes_on)
{
    char folder[256], path[300];
    fit_bed *whole = open_bed(true, 0), *b = open_bed(true, 0);
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/fit.safetensors", folder);
    fit_bed_must(whole);
    b->o.checkpoint = path;
    b->o.checkpoint_seconds = 1e-9;
    for (unsigned k = 0; k < 6; k++) {
        const pid_t child = fork();
        if (child == 0) {
            (void)fit_bed_run(b);
            _exit(0);
        }
        ck_assert(child > 0);
        usleep(2000 + 9000 * k);
        kill(child, SIGKILL);
        ck_assert(waitpid(child, NULL, 0) == child);
    }
    fit_bed_must(b);
    same(whole, b);
    temp_folder_close(folder);
    fit_bed_close(whole);
    fit_bed_close(b);
}
END_TEST

static void damage(const char *path, size_t keep, size_t flip)
{
    str s = STR_INIT;
    ck_assert_int_eq(io_read(path, 1 << 28, &s, NULL), PM_OK);
    const size_t len = keep < s.len ? keep : s.len;
    if (flip < len) s.at[flip] ^= 0x55;
    ck_assert_int_eq(io_write(path, s.at, len, NULL), PM_OK);
    str_close(&s);
}

START_TEST(foreign_and_broken_checkpoints_are_not_used)
{
    char folder[256], path[300];
    fit_bed *whole = open_bed(true, 0), *b = open_bed(true, 0);
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/fit.safetensors", folder);
    log_open(LOG_SILENT, false);
    fit_bed_must(whole);
    for (size_t k = 0; k < 6; k++) {
        b->o.checkpoint = path;
        b->o.seed = 1;
        b->stop_after = 3;
        b->data.n = b->n;
        b->start[0] = whole->start[0];
        if (k == 3) b->o.seed = 2; /* other options, */
        if (k == 4) b->data.n--;   /* other data, */
        if (k == 5) b->start[0]++; /* other weights */
        ck_assert_int_eq(fit_bed_run(b), PM_E_CANCELED);
        if (k == 0) damage(path, 0, SIZE_MAX);
        if (k == 1) damage(path, 5000, SIZE_MAX);
        if (k == 2) damage(path, SIZE_MAX, 11);
        b->o.seed = 1;
        b->data.n = b->n;
        b->start[0] = whole->start[0];
        b->stop_after = 0;
        fit_bed_must(b);
        ck_assert(!b->result.resumed);
        same(whole, b);
        ck_assert_int_eq(remove(path), 0);
    }
    temp_folder_close(folder);
    fit_bed_close(whole);
    fit_bed_close(b);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_said)
{
    fit_bed *b = open_bed(true, 0);
    b->o.checkpoint = "/nonexistent/folder/fit.safetensors";
    ck_assert(fit_bed_run(b) != PM_OK);
    ck_assert_msg(strstr(err_text(&b->err), "checkpoint") != NULL, "%s", err_text(&b->err));
    fit_bed_close(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_fit_resume");
    TCase *tc = tcase_create("lm_fit_resume");
    tcase_set_timeout(tc, 600);
    suite_add_tcase(s, tc);
    tcase_add_loop_test(tc, stopped_anywhere_it_goes_on, 0, 3);
    tcase_add_test(tc, killed_anywhere_it_goes_on);
    tcase_add_test(tc, foreign_and_broken_checkpoints_are_not_used);
    tcase_add_test(tc, a_folder_that_is_not_there_is_said);
    return suite_main(s);
}
