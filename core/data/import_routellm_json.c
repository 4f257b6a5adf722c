/* SPDX-License-Identifier: MIT
 *
 * The JSON lines among RouteLLM's evaluation files: MT-Bench's questions and ratings, contaminated prompts.
 */
#include "data/import_routellm.h"

#include <math.h>
#include <string.h>

#include "data/show.h"

pm_status routellm_no_memory(const routellm *p, pm_err *err)
{
    (void)p;
    return err_set(err, PM_E_MEMORY, "no memory for the import");
}

/* ---- contaminated prompts ---- */

static pm_status read_contaminated(routellm *p, pm_err *err)
{
    pm_str text;
    pm_status s = import_record_text(&p->j, "eval_prompt", false, &text, err);
    if (s != PM_OK || names_find(&p->contaminated, text) != SIZE_MAX) return s;
    const char *copy = arena_strndup(p->a, text.ptr, text.len);
    if (!copy || !names_add(&p->contaminated, (pm_str){copy, text.len}) ||
        !mem_grow(&p->met, &p->room_met, p->contaminated.n, sizeof *p->met))
        return routellm_no_memory(p, err);
    return PM_OK;
}

static bool is_contaminated(routellm *p, pm_str text)
{
    size_t k = names_find(&p->contaminated, text);
    if (k != SIZE_MAX) p->met[k] = true;
    return k != SIZE_MAX;
}

static void list_id(routellm *p, pm_str id)
{
    str_put(&p->list, id.ptr, id.len);
    str_puts(&p->list, "\n");
    p->n_contaminated++;
}

void routellm_check_text(routellm *p, pm_str text, pm_str id)
{
    if (is_contaminated(p, text)) list_id(p, id);
}

/* ---- MT-Bench's questions ---- */

enum { MOST_TURNS = 8 };

typedef struct turns {
    pm_turn turn[MOST_TURNS];
    size_t n;
} turns;

static bool each_turn(void *arg, const jsonl_field *f, size_t number, pm_err *err)
{
    turns *q = arg;
    if (f->kind == JSONL_STRING && q->n < MOST_TURNS) {
        q->turn[q->n++] = (pm_turn){pm_str_of("user"), f->text};
        return true;
    }
    (void)err_set(err, PM_E_FORMAT, "turn %zu: found %s, wanted a text, at most %d of them",
                  number + 1, show_text(f->text).text, (int)MOST_TURNS);
    return false;
}

static bool make_id(routellm *p, pm_str question, size_t turn)
{
    str_clear(&p->id);
    str_puts(&p->id, "mt_bench/");
    str_put(&p->id, question.ptr, question.len < 256 ? question.len : 256);
    if (turn) str_printf(&p->id, "/t%zu", turn);
    return !p->id.failed;
}

/* The prompt of a turn holds the user's turns up to it; that of a question (turn 0) the first: RouteLLM routes by
 * it. */
static pm_status add_question(routellm *p, const turns *q, size_t turn, pm_str domain,
                              pm_str question, pm_err *err)
{
    import_at at = {records_path(p->j.r), records_line(p->j.r)};
    folder_prompt prompt = {.domain = domain, .text = q->turn[0].text, .tokens_in = -1};
    str group = STR_INIT;
    uint32_t row;
    bool made = make_id(p, question, 0);
    str_puts(&group, str_text(&p->id));
    if (!made || !make_id(p, question, turn) || group.failed) {
        str_close(&group);
        return routellm_no_memory(p, err);
    }
    prompt.id = (pm_str){str_text(&p->id), p->id.len};
    if (turn) prompt.group = (pm_str){str_text(&group), group.len};
    if (turn > 1) {
        prompt.turn = q->turn;
        prompt.n_turns = turn;
        prompt.text = (pm_str){NULL, 0};
    }
    pm_status s = import_wrap(at, folder_add_prompt(p->out, &prompt, &row, err), err);
    str_close(&group);
    return s;
}

static pm_status read_question(routellm *p, pm_err *err)
{
    const jsonl_field *f = import_field(&p->j, "turns");
    turns q = {.n = 0};
    pm_str question, category;
    bool listed = false;
    pm_status s = import_record_text(&p->j, "question_id", false, &question, err);
    if (s == PM_OK) s = import_record_text(&p->j, "category", true, &category, err);
    if (s == PM_OK && (!f || f->kind != JSONL_RAW || f->text.ptr[0] != '['))
        s = import_record_bad(&p->j, "turns", f, "a list of texts", err);
    if (s != PM_OK) return s;
    s = records_values(p->j.r, f->text, each_turn, &q, err);
    if (s == PM_OK && !q.n) s = err_set(err, PM_E_FORMAT, "found no turn");
    if (s != PM_OK)
        return err_wrap(err, s, "%s:%zu: \"turns\"", records_path(p->j.r), records_line(p->j.r));
    str domain = STR_INIT;
    str_puts(&domain, category.len ? "mt_bench/" : "mt_bench");
    str_put(&domain, category.len ? category.ptr : "", category.len);
    if (domain.failed) s = routellm_no_memory(p, err);
    for (size_t k = 0; k < q.n; k++) listed |= is_contaminated(p, q.turn[k].text);
    size_t first = p->joined ? 0 : 1, last = p->joined ? 0 : q.n;
    for (size_t k = first; s == PM_OK && k <= last; k++) {
        s = add_question(p, &q, k, (pm_str){str_text(&domain), domain.len}, question, err);
        if (s == PM_OK && listed) list_id(p, (pm_str){str_text(&p->id), p->id.len});
    }
    str_close(&domain);
    return s;
}

/* ---- ratings ---- */

static pm_status keep_rating(routellm *p, const uint32_t place[2], double score, pm_err *err)
{
    for (size_t k = p->n_ratings; k-- > 0;) {
        routellm_rating *r = &p->rating[k];
        if (r->row != place[0] || r->column != place[1]) continue;
        r->sum += score;
        r->n++;
        return PM_OK;
    }
    if (!mem_grow(&p->rating, &p->room_ratings, p->n_ratings + 1, sizeof *p->rating))
        return routellm_no_memory(p, err);
    p->rating[p->n_ratings++] = (routellm_rating){place[0], place[1], score, 1};
    return PM_OK;
}

/* The question, in the turn's own row or (joined) in one row; a turn of a joined question is marked beside others. */
static pm_status find_row(routellm *p, double turn, uint32_t *row, pm_err *err)
{
    pm_str question;
    pm_status s = import_record_text(&p->j, "question_id", false, &question, err);
    if (s != PM_OK) return s;
    if (!make_id(p, question, p->joined ? 0 : (size_t)turn)) return routellm_no_memory(p, err);
    *row = folder_find_prompt(p->out, (pm_str){str_text(&p->id), p->id.len});
    if (*row != FOLDER_NONE) return PM_OK;
    return import_record_bad(&p->j, "question_id", import_field(&p->j, "question_id"),
                             "a question (and turn) of question.jsonl", err);
}

static pm_status read_rating(routellm *p, pm_err *err)
{
    static const double turn_range[2] = {1, MOST_TURNS}, score_range[2] = {-1, 10};
    import_at at = {records_path(p->j.r), records_line(p->j.r)};
    double turn, score;
    uint32_t place[2];
    pm_str model;
    bool again = false;
    pm_status s = import_record_text(&p->j, "model", false, &model, err);
    if (s == PM_OK) s = import_record_number(&p->j, "turn", turn_range, false, &turn, err);
    if (s == PM_OK) s = import_record_number(&p->j, "score", score_range, false, &score, err);
    if (s == PM_OK && turn != floor(turn))
        s = import_record_bad(&p->j, "turn", import_field(&p->j, "turn"), "a whole number", err);
    if (s == PM_OK && score != -1 && score < 1)
        s = import_record_bad(&p->j, "score", import_field(&p->j, "score"),
                              "1 to 10, or -1 for none", err);
    if (s == PM_OK) s = find_row(p, turn, &place[0], err);
    if (s == PM_OK)
        s = import_wrap(at, import_model(p->job, p->out, model, NULL, &place[1], err), err);
    if (s != PM_OK) return s;
    uint32_t mark[2] = {p->joined ? place[0] * MOST_TURNS + (uint32_t)turn - 1 : place[0],
                        place[1]};
    s = import_mark(&p->seen, mark, false, at, p->counts, &again, err);
    if (s != PM_OK) return s;
    if (score == -1) {
        import_skip(p->counts, "score -1: the judge gave none", at.path, at.line);
        return PM_OK;
    }
    score = (score - 1) / 9;
    return p->joined ? keep_rating(p, place, score, err)
                     : import_cell(p->out, "scores", place, score, at, err);
}

/* ---- files ---- */

pm_status routellm_kind_of(const char *path, routellm_kind *out, pm_err *err)
{
    static const struct {
        const char *field;
        routellm_kind kind;
    } kinds[] = {{"turns", ROUTELLM_QUESTIONS},
                 {"score", ROUTELLM_RATINGS},
                 {"eval_prompt", ROUTELLM_CONTAMINATED}};
    import_record t;
    pm_status s = import_record_open(&t, path, NULL, err);
    if (s == PM_OK) s = import_record_next(&t, err);
    size_t k = 0, n = sizeof kinds / sizeof *kinds;
    while (s == PM_OK && t.field && k < n && !import_field(&t, kinds[k].field)) k++;
    if (s == PM_OK && (!t.field || k == n))
        s = err_set(err, PM_E_FORMAT,
                    "%s:%zu: found %s, wanted records with \"turns\" (questions), \"score\" "
                    "(ratings) or \"eval_prompt\" (contaminated prompts)",
                    path, records_line(t.r), t.field ? "none of the known fields" : "nothing");
    else if (s == PM_OK)
        *out = kinds[k].kind;
    import_record_close(&t, NULL);
    return s;
}

pm_status routellm_read_json(routellm *p, const char *path, routellm_kind kind, pm_err *err)
{
    pm_status s = import_record_open(&p->j, path, NULL, err);
    while (s == PM_OK) {
        s = import_record_next(&p->j, err);
        if (s != PM_OK || !p->j.field) break;
        s = import_row(p->job, p->counts, path, err);
        if (s != PM_OK) break;
        if (kind == ROUTELLM_CONTAMINATED)
            s = read_contaminated(p, err);
        else
            s = kind == ROUTELLM_QUESTIONS ? read_question(p, err) : read_rating(p, err);
    }
    import_record_close(&p->j, p->counts);
    return s;
}

static pm_status tell_contaminated(routellm *p, pm_err *err)
{
    size_t unmet = 0;
    for (size_t k = 0; k < p->contaminated.n; k++) unmet += !p->met[k];
    if (!p->contaminated.n) return PM_OK;
    import_note(p->counts, "contaminated.txt: %zu prompts", p->n_contaminated);
    if (unmet)
        import_note(p->counts, "%zu contaminated texts are those of no prompt that was read",
                    unmet);
    if (p->list.failed) return routellm_no_memory(p, err);
    return folder_text_file(p->out, "contaminated.txt", (pm_str){str_text(&p->list), p->list.len},
                            err);
}

pm_status routellm_finish(routellm *p, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; s == PM_OK && k < p->n_ratings; k++) {
        const routellm_rating *r = &p->rating[k];
        s = folder_cell(p->out, "scores", r->row, r->column, r->sum / (double)r->n, err);
    }
    if (s == PM_OK) s = tell_contaminated(p, err);
    if (s == PM_OK && p->n_mmlu > 1) {
        if (p->order.failed) return routellm_no_memory(p, err);
        s = folder_text_file(p->out, "mmlu_order.txt", (pm_str){str_text(&p->order), p->order.len},
                             err);
    }
    return s;
}

void routellm_close(routellm *p)
{
    str_close(&p->id);
    str_close(&p->order);
    str_close(&p->list);
    mem_free(p->met);
    mem_free(p->rating);
    import_seen_close(&p->seen);
    arena_close(p->a);
}
