/* SPDX-License-Identifier: MIT
 *
 * The macros of mdoc(7), the other language of manual pages: a line names what its words are.  Names of macros among
 * the arguments go, words stay; flags get their dash, cross references their section.
 */
#include <string.h>

#include "text/roff.h"

static bool is_one_of(pm_str s, const char *list)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, " ");
        if (len == s.len && memcmp(at, s.ptr, len) == 0) return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

/* Macros whose words are read, as they are. */
static bool is_spoken(pm_str s)
{
    return is_one_of(
        s,
        "Ad An Ao Ac Ap Aq Ar At Bc Bo Bq Brc Bro Brq Bsx Cd Cm Dc Do Dq Dv Em En Er Ev Fa Fl Fn "
        "Ft Ic In Lb Li Lk Mt Ms Nm No Ns Oc Oo Op Ox Pa Pc Pf Po Pq Ql Qc Qo Qq Sc So Sq Sx Sy "
        "Tn Ux Va Vt Xr");
}

static bool is_dropped(pm_str s)
{
    return is_one_of(s, "Dd Dt Os Bd Ed Bl El Bk Ek Bf Ef Rs Re Sm Ta Nd It Sh Ss Pp Rv Ex St");
}

static bool is_closing(pm_str s)
{
    return s.len == 1 && strchr(".,:;)]?!", s.ptr[0]) != NULL;
}

typedef struct words {
    roff *r;
    bool glued; /* the next word follows at once */
    bool dash;  /* the next word is a flag */
    bool first;
} words;

static void put_word(words *w, pm_str s)
{
    if (!w->first && !w->glued && !is_closing(s)) str_put(w->r->out, " ", 1);
    if (w->dash && !is_closing(s)) str_put(w->r->out, "-", 1);
    (void)roff_put(s, w->r->out);
    w->glued = s.len == 1 && strchr("([", s.ptr[0]) != NULL;
    w->dash = w->first = false;
}

static void enter(words *w, pm_str macro, bool has_words)
{
    w->dash = pm_str_equal(macro, "Fl");
    if (is_one_of(macro, "Ns Ap Pf")) w->glued = true;
    if (pm_str_equal(macro, "Nm") && !has_words && w->r->name[0])
        put_word(w, pm_str_of(w->r->name));
}

static void put_words(roff *r, pm_str macro, const roff_args *args)
{
    words w = {r, false, false, true};
    bool xr = pm_str_equal(macro, "Xr");
    enter(&w, macro, args->n > 0 && !is_closing(args->at[0]));
    for (size_t k = 0; k < args->n; k++) {
        pm_str s = args->at[k];
        if (!args->quoted[k] && is_spoken(s)) {
            enter(&w, s,
                  k + 1 < args->n && !is_spoken(args->at[k + 1]) && !is_closing(args->at[k + 1]));
            xr = pm_str_equal(s, "Xr");
        } else if (xr && k && s.len && s.ptr[0] >= '1' && s.ptr[0] <= '9') {
            str_put(r->out, "(", 1);
            (void)roff_put(s, r->out);
            str_put(r->out, ")", 1);
            xr = false;
        } else {
            put_word(&w, s);
        }
    }
    str_put(r->out, "\n", 1);
}

static void keep_name(roff *r, const roff_args *args)
{
    if (r->name[0] || !args->n || args->at[0].len >= sizeof r->name) return;
    memcpy(r->name, args->at[0].ptr, args->at[0].len);
    r->name[args->at[0].len] = '\0';
}

bool roff_mdoc(roff *r, pm_str macro, const roff_args *args)
{
    if (pm_str_equal(macro, "Nm")) keep_name(r, args);
    if (is_one_of(macro, "Sh Ss It")) {
        str_put(r->out, "\n", 1);
        if (args->n) put_words(r, (pm_str){"", 0}, args);
    } else if (is_one_of(macro, "Nd")) {
        str_puts(r->out, "- ");
        put_words(r, (pm_str){"", 0}, args);
    } else if (is_one_of(macro, "Pp Bd Ed Bl El Rs")) {
        str_put(r->out, "\n", 1);
    } else if (is_spoken(macro)) {
        put_words(r, macro, args);
    } else {
        return is_dropped(macro);
    }
    return true;
}
