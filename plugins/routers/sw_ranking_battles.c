/* SPDX-License-Identifier: MIT
 *
 * From battles to what the likelihood depends on: rows with battles, players (experts or tiers of experts), and
 * per row the weight with which who beat whom.
 */
#include <stdio.h>

#include "sw_ranking.h"

/* ---- which battles count ------------------------------------------------------------------------ */

static int is_blank(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

/* Code points of the text without blanks at its ends. */
static size_t count_chars(pm_str s)
{
    size_t n = 0;
    while (s.len && is_blank(s.ptr[0])) s.ptr++, s.len--;
    while (s.len && is_blank(s.ptr[s.len - 1])) s.len--;
    for (size_t i = 0; i < s.len; i++) n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

struct collection {
    sw_battles *out;
    uint32_t *prompt;
    size_t *first;
    pm_battle *battle;
    size_t short_prompts, other_source; /* battles left out */
};

static int counts(const struct sw_params *p, const pm_prompts *x, const pm_battle *b,
                  struct collection *l)
{
    if (p->source != SW_SOURCE_ALL && b->source != (uint64_t)p->source) return l->other_source++, 0;
    if (p->min_chars > 0 && count_chars(x->text[b->prompt]) < (size_t)p->min_chars)
        return l->short_prompts++, 0;
    return 1;
}

/* Counting sort: how many battles each prompt has, then rows in order of prompts, then the battles. */
static pm_status add_part(pm_call *c, const pm_prompts *x, const pm_outcomes *y,
                          const float *weight, struct collection *l)
{
    const struct sw_params *p = c->params;
    sw_battles *out = l->out;
    uint32_t *number = c->host->scratch(c, x->n, sizeof *number);
    uint8_t *keep = c->host->scratch(c, y->n_battles, 1);
    size_t *next = c->host->scratch(c, x->n, sizeof *next);
    if (!number || !keep || !next) return PM_E_MEMORY;
    if (p->min_chars > 0 && !x->text)
        return c->host->fail(c, PM_E_ARG, "min_chars = %lld, but the prompts carry no text",
                             (long long)p->min_chars);
    for (size_t e = 0; e < y->n_battles; e++) {
        keep[e] = (uint8_t)counts(p, x, &y->battle[e], l);
        number[y->battle[e].prompt] += keep[e];
    }
    for (size_t i = 0, at = out->n; i < x->n; i++) {
        if (!number[i]) continue;
        l->prompt[out->rows] = (uint32_t)i;
        next[i] = at;
        at += number[i];
        l->first[++out->rows] = at;
    }
    for (size_t e = 0; e < y->n_battles; e++) {
        if (!keep[e]) continue;
        pm_battle b = y->battle[e];
        if (weight) b.weight *= weight[b.prompt];
        l->battle[next[b.prompt]++] = b;
        out->n++;
    }
    return PM_OK;
}

pm_status sw_collect(pm_call *c, const pm_fit *fit, sw_battles *out)
{
    int has_tune = fit->tune_x && fit->tune_y && fit->tune_y->battle;
    size_t rows = fit->x->n + (has_tune ? fit->tune_x->n : 0);
    size_t n = fit->y->n_battles + (has_tune ? fit->tune_y->n_battles : 0);
    struct collection l = {.out = out,
                           .prompt = c->host->scratch(c, rows, sizeof *l.prompt),
                           .first = c->host->scratch(c, rows + 1, sizeof *l.first),
                           .battle = c->host->scratch(c, n, sizeof *l.battle)};
    *out = (sw_battles){.m = fit->lib->n};
    if (n > UINT32_MAX / 4 || fit->lib->n > UINT16_MAX - 3)
        return c->host->fail(c, PM_E_ARG, "%zu battles of %zu experts are too many", n,
                             fit->lib->n);
    if (!l.prompt || !l.first || !l.battle) return PM_E_MEMORY;
    pm_status st = add_part(c, fit->x, fit->y, fit->weight, &l);
    out->rows_train = out->rows;
    if (st == PM_OK && has_tune) st = add_part(c, fit->tune_x, fit->tune_y, NULL, &l);
    if (st != PM_OK) return st;
    out->prompt = l.prompt, out->first = l.first, out->battle = l.battle;
    if (l.short_prompts || l.other_source)
        c->host->note(
            c, PM_NOTE_INFO,
            "%zu battles on prompts below min_chars and %zu of other sources are left out",
            l.short_prompts, l.other_source);
    if (out->rows_train) return PM_OK;
    return c->host->fail(c, PM_E_ARG,
                         "no battle to fit on is left: %zu are on prompts below min_chars, %zu of "
                         "other sources",
                         l.short_prompts, l.other_source);
}

/* ---- who plays ------------------------------------------------------------------------------------ */

/* Names of the experts with flag[j] == want, at most four. */
static const char *names(const pm_library *lib, const uint8_t *flag, uint8_t want, char *out,
                         size_t room)
{
    size_t shown = 0, n = 0, at = 0;
    out[0] = 0;
    for (size_t j = 0; j < lib->n; j++) {
        if (flag[j] != want) continue;
        if (n++ < 4 && at < room) {
            at += (size_t)snprintf(out + at, room - at, "%s\"%s\"", shown ? ", " : "",
                                   lib->expert[j]->id);
            shown++;
        }
    }
    if (n > shown && at < room) snprintf(out + at, room - at, " and %zu more", n - shown);
    return out;
}

enum { IDLE = 1, NEVER_WON = 2, NEVER_LOST = 4 };

/* What the user must know of battles that leave ratings open. */
static pm_status tell(pm_call *c, const pm_library *lib, const double *win, const uint8_t *standing)
{
    static const uint8_t kinds[] = {IDLE, NEVER_WON, NEVER_LOST};
    const struct sw_params *p = c->params;
    const pm_linalg_service *s;
    const char *held = p->compat || p->prior == 0
                           ? "no prior: the rating is held at about 10,000 Elo points from the mean"
                           : "only the prior keeps the rating finite";
    const char *said[] = {"without any battle, rated as an average expert", "never won",
                          "never lost"};
    char text[300];
    int told = 0;
    double *theta = c->host->scratch(c, lib->n, sizeof *theta);
    if (!theta) return PM_E_MEMORY;
    for (size_t i = 0; i < sizeof kinds; i++) {
        names(lib, standing, kinds[i], text, sizeof text);
        if (!text[0]) continue;
        told |= i > 0;
        c->host->note(c, PM_NOTE_WARN, "%s: %s%s%s", text, said[i], i ? "; " : "", i ? held : "");
    }
    pm_bt_report report = {.size = sizeof report};
    pm_bt w = {.size = sizeof w, .k = lib->n, .win = win, .report = &report};
    pm_status st = sw_linalg(c, &s);
    if (st == PM_OK) st = s->bradley_terry(c, &w, theta);
    if (st != PM_OK) return st;
    if (report.is_separated && !told)
        c->host->note(c, PM_NOTE_WARN,
                      "a set of experts (\"%s\" among them) never won or never lost against all "
                      "others; %s",
                      lib->expert[report.first_beyond]->id, held);
    size_t parts = report.n_parts;
    for (size_t j = 0; j < lib->n; j++) parts -= standing[j] == IDLE;
    if (parts > 1)
        c->host->note(c, PM_NOTE_WARN,
                      "battles fall into %zu sets of experts that never met: nothing but their "
                      "means compares them",
                      parts);
    return PM_OK;
}

static void tell_ties(pm_call *c, const sw_battles *b, size_t rows)
{
    size_t n = b->first[rows];
    for (size_t e = 0; e < n; e++)
        if (b->battle[e].outcome != 0.5f) return;
    c->host->note(c, PM_NOTE_WARN, "all %zu battles are ties: every rating is the same", n);
}

static pm_status count_wins(pm_call *c, const sw_battles *b, size_t rows, double *win,
                            uint8_t *standing)
{
    size_t m = b->m;
    double *won = c->host->scratch(c, 2 * m, sizeof *won), *lost = won + m;
    if (!won) return PM_E_MEMORY;
    for (size_t e = 0; e < b->first[rows]; e++) {
        const pm_battle *x = &b->battle[e];
        double p = x->outcome, w = x->weight;
        win[x->a * m + x->b] += w * p, win[x->b * m + x->a] += w * (1 - p);
        won[x->a] += w * p, lost[x->a] += w * (1 - p);
        won[x->b] += w * (1 - p), lost[x->b] += w * p;
    }
    for (size_t j = 0; j < m; j++)
        standing[j] = won[j] + lost[j] == 0 ? IDLE
                      : won[j] == 0         ? NEVER_WON
                      : lost[j] == 0        ? NEVER_LOST
                                            : 0;
    return PM_OK;
}

/* Tiers of the experts that fight, by unweighted ratings. */
static pm_status cut_tiers(pm_call *c, const double *win, const uint8_t *standing, size_t battles,
                           uint32_t *of, size_t m, size_t *k)
{
    const struct sw_params *p = c->params;
    const pm_linalg_service *s;
    pm_status st = sw_linalg(c, &s);
    double *theta = c->host->scratch(c, 2 * m, sizeof *theta), *active = theta + m, total = 0;
    uint32_t *tier = c->host->scratch(c, m, sizeof *tier);
    if (st != PM_OK || !theta || !tier) return st != PM_OK ? st : PM_E_MEMORY;
    for (size_t i = 0; i < m * m; i++) total += win[i];
    pm_bt w = {.size = sizeof w, .k = m, .win = win};
    w.prior = p->compat ? 0 : p->prior * total / (double)battles;
    st = s->bradley_terry(c, &w, theta);
    size_t n = 0;
    for (size_t j = 0; j < m; j++)
        if (standing[j] != IDLE) active[n++] = theta[j];
    if (st == PM_OK) st = s->tiers(c, active, n, (size_t)p->tiers, tier);
    if (st != PM_OK) return st;
    *k = 0;
    n = 0;
    for (size_t j = 0; j < m; j++) {
        of[j] = standing[j] == IDLE ? PM_NO_COL : tier[n++];
        if (of[j] != PM_NO_COL && of[j] >= *k) *k = of[j] + 1;
    }
    return PM_OK;
}

pm_status sw_find_players(pm_call *c, const pm_fit *fit, const sw_battles *b, size_t rows,
                          int is_told, sw_players *out)
{
    const struct sw_params *p = c->params;
    size_t m = b->m;
    uint32_t *of = c->host->own(c, m, sizeof *of);
    double *win = c->host->scratch(c, m, m * sizeof *win);
    uint8_t *standing = c->host->scratch(c, m, 1);
    if (!of || !win || !standing) return PM_E_MEMORY;
    *out = (sw_players){.of = of, .quirk = p->compat != 0};
    pm_status st = count_wins(c, b, rows, win, standing);
    if (is_told) tell_ties(c, b, rows);
    if (st == PM_OK && is_told) st = tell(c, fit->lib, win, standing);
    if (st != PM_OK) return st;
    if (p->tiers > 0) return cut_tiers(c, win, standing, b->first[rows], of, m, &out->k);
    for (size_t j = 0; j < m; j++) of[j] = standing[j] == IDLE ? PM_NO_COL : (uint32_t)out->k++;
    return PM_OK;
}

/* ---- what each row says -------------------------------------------------------------------------- */

size_t sw_cells(size_t k)
{
    return k * k + 2 * k;
}

pm_status sw_room_open(pm_call *c, const sw_battles *b, const sw_players *p, sw_room *out)
{
    size_t cells = sw_cells(p->k);
    *out = (sw_room){.start = c->host->scratch(c, b->rows + 1, sizeof *out->start),
                     .cls = c->host->scratch(c, 2 * b->n, sizeof *out->cls),
                     .amount = c->host->scratch(c, 2 * b->n, sizeof *out->amount),
                     .sum = c->host->scratch(c, 2 * b->n, sizeof *out->sum),
                     .cell = c->host->scratch(c, cells, sizeof *out->cell),
                     .class_of = c->host->scratch(c, cells, sizeof *out->class_of),
                     .latest = c->host->scratch(c, cells, sizeof *out->latest)};
    return out->start && out->cls && out->amount && out->sum && out->cell && out->class_of &&
                   out->latest
               ? PM_OK
               : PM_E_MEMORY;
}

static void add(const sw_room *s, sw_entries *out, size_t row, size_t cell, double amount)
{
    if (!(amount > 0)) return;
    if (!s->class_of[cell]) {
        s->cell[out->n_classes++] = (uint32_t)cell;
        s->class_of[cell] = (uint32_t)out->n_classes;
    }
    if (s->latest[cell] <= s->start[row]) { /* the first of this row */
        s->cls[out->n] = s->class_of[cell] - 1;
        s->sum[out->n++] = 0;
        s->latest[cell] = (uint32_t)out->n;
    }
    s->sum[s->latest[cell] - 1] += amount;
}

/* A tie and a judge's probability are part wins of both.  Within a tier a battle says nothing; by the quirk its one
 * design cell is written twice, so that the tier loses against a player rated 0 when a wins. */
static void add_battle(const sw_players *p, const pm_battle *b, size_t row, const sw_room *room,
                       sw_entries *out)
{
    size_t k = p->k, x = p->of[b->a], y = p->of[b->b];
    double to = (double)b->weight * (double)b->outcome;
    double from = (double)b->weight * (1 - (double)b->outcome);
    if (x == y && !p->quirk) return;
    out->battles += 1;
    add(room, out, row, x == y ? k * k + k + x : x * k + y, to);
    add(room, out, row, x == y ? k * k + x : y * k + x, from);
}

void sw_entries_make(const sw_battles *b, const sw_players *p, const uint8_t *is_used,
                     const sw_room *room, sw_entries *out)
{
    size_t cells = sw_cells(p->k);
    memset(room->class_of, 0, cells * sizeof *room->class_of);
    memset(room->latest, 0, cells * sizeof *room->latest);
    *out = (sw_entries){.rows = b->rows,
                        .start = room->start,
                        .cls = room->cls,
                        .amount = room->amount,
                        .cell = room->cell};
    room->start[0] = 0;
    for (size_t r = 0; r < b->rows; r++) {
        for (size_t e = b->first[r]; e < b->first[r + 1] && is_used[r]; e++)
            add_battle(p, &b->battle[e], r, room, out);
        room->start[r + 1] = out->n;
    }
    for (size_t e = 0; e < out->n; e++) room->amount[e] = (float)room->sum[e];
}
