/* SPDX-License-Identifier: MIT
 *
 * A word of the defining relation is a set of factors whose product of levels (+1, -1) never changes; the shortest
 * word is the resolution.  Words are found greedily: among subsets of the base factors, short ones first.
 */
#include "eval/ablation_fraction.h"

static int letters(uint32_t word)
{
    int n = 0;
    for (; word; word &= word - 1) n++;
    return n;
}

/* Letters of the shortest product of the first n words. */
static int shortest(const uint32_t *word, size_t n)
{
    int least = FRACTION_FACTORS + 1;
    for (uint32_t pick = 1; pick < 1u << n; pick++) {
        uint32_t product = 0;
        for (size_t k = 0; k < n; k++)
            if (pick >> k & 1) product ^= word[k];
        if (letters(product) < least) least = letters(product);
    }
    return least;
}

/* A generator for factor base + k that keeps the resolution; false if there is none. */
static bool find_word(ablation_fraction *f, size_t k, int resolution)
{
    uint32_t own = 1u << (f->base + k);
    for (int size = resolution - 1; size <= (int)f->base; size++)
        for (uint32_t subset = 1u << f->base; subset-- > 1;) {
            if (letters(subset) != size) continue;
            f->word[k] = subset | own;
            if (shortest(f->word, k + 1) >= resolution) return true;
        }
    return false;
}

static bool find_words(ablation_fraction *f, int resolution)
{
    for (size_t k = 0; k < f->n - f->base; k++)
        if (!find_word(f, k, resolution)) return false;
    return true;
}

pm_status ablation_fraction_make(size_t n, int resolution, ablation_fraction *out, pm_err *err)
{
    if (n < 1 || n > FRACTION_FACTORS)
        return err_set(err, PM_E_ARG, "a fractional design of %zu constraints; want 1 to %d", n,
                       FRACTION_FACTORS);
    if (resolution < 3 || resolution > 5)
        return err_set(err, PM_E_ARG, "resolution = %d; want 3, 4 or 5", resolution);
    *out = (ablation_fraction){.n = n};
    for (out->base = 1; out->base < n; out->base++) {
        bool fits = n < (size_t)1 << out->base; /* else words would repeat */
        if (fits && find_words(out, resolution)) break;
    }
    out->resolution = shortest(out->word, n - out->base);
    if (out->base == n) out->resolution = (int)n + 1;
    return PM_OK;
}

uint32_t ablation_fraction_run(const ablation_fraction *f, uint32_t r)
{
    uint32_t high = r;
    for (size_t k = 0; k < f->n - f->base; k++) {
        uint32_t own = 1u << (f->base + k), others = f->word[k] & ~own;
        int low = letters(others & ~r); /* product of levels: -1 to the number of low ones */
        if (low % 2 == 0) high |= own;
    }
    return high;
}

static void put_factors(uint32_t set, const char *between, const char *const *label, str *out)
{
    bool first = true;
    for (size_t k = 0; set >> k; k++) {
        if (!(set >> k & 1)) continue;
        str_printf(out, "%s%s", first ? "" : between, label[k]);
        first = false;
    }
}

/* Pairs whose product is that of another pair; each group once. */
static void put_aliases(const ablation_fraction *f, const char *const *label, str *out)
{
    size_t n_words = (size_t)1 << (f->n - f->base);
    bool any = false;
    for (size_t pick = 1; pick < n_words; pick++) {
        uint32_t word = 0;
        for (size_t k = 0; k < f->n - f->base; k++)
            if (pick >> k & 1) word ^= f->word[k];
        if (letters(word) != f->resolution || f->resolution > 4) continue;
        str_puts(out, any ? ", " : "; constant: ");
        put_factors(word, " * ", label, out);
        any = true;
    }
}

void ablation_fraction_note(const ablation_fraction *f, const char *const *label, str *out)
{
    static const char *const roman[] = {"III", "IV", "V", "VI", "VII", "VIII"};
    str_printf(out, "%zu of %zu runs", (size_t)1 << f->base, (size_t)1 << f->n);
    if (f->base == f->n) {
        str_puts(out, ", nothing is aliased");
        return;
    }
    int at = f->resolution - 3;
    str_printf(out, ", resolution %s: ", at < 6 ? roman[at] : "above VIII");
    for (size_t k = 0; k < f->n - f->base; k++) {
        uint32_t own = 1u << (f->base + k);
        str_printf(out, "%s%s = ", k ? ", " : "", label[f->base + k]);
        put_factors(f->word[k] & ~own, " * ", label, out);
    }
    put_aliases(f, label, out);
}
