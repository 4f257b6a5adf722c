/* SPDX-License-Identifier: MIT
 *
 * Routes vectors through libpointsman, with the public header only, and checks what it refuses.
 *
 * Usage: route_vector BUNDLE VECTORS (a line of numbers a prompt).  Prints an expert a line.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pointsman/pointsman.h>

enum { MOST = 4096 };

static size_t read_numbers(char *line, float *out)
{
    size_t n = 0;
    for (char *end; n < MOST; line = end) {
        out[n] = strtof(line, &end);
        if (end == line) break;
        n++;
    }
    return n;
}

static int is_refused(pm_status st, const char *message, const char *want)
{
    if (st == PM_E_ARG && strstr(message, want)) return 1;
    fprintf(stderr, "status %d, \"%s\"; want \"%s\"\n", (int)st, message, want);
    return 0;
}

static int refuses(pm_route_ctx *ctx, const pm_bundle *b, float *v, size_t n)
{
    char m[PM_MESSAGE_BYTES] = "";
    pm_route_result r = {.size = sizeof r};
    pm_str none = {NULL, 0};
    float kept = v[n - 1];
    if (pm_bundle_vector_dim(b) != n) return 0;
    if (!is_refused(pm_route_text(ctx, "x", 1, &r, m), m, "pm_route_vector()")) return 0;
    if (!is_refused(pm_route_vector(ctx, v, n - 1, none, &r, m), m, "numbers, wanted")) return 0;
    if (!is_refused(pm_route_vector(ctx, NULL, 0, none, &r, m), m, "no vector")) return 0;
    v[n - 1] = NAN;
    if (!is_refused(pm_route_vector(ctx, v, n, none, &r, m), m, "found NaN")) return 0;
    v[n - 1] = -INFINITY;
    if (!is_refused(pm_route_vector(ctx, v, n, none, &r, m), m, "an infinity")) return 0;
    v[n - 1] = kept;
    return 1;
}

int main(int argc, char **argv)
{
    static float v[MOST];
    char message[PM_MESSAGE_BYTES], *line = NULL;
    size_t room = 0, rows = 0;
    pm_bundle *bundle;
    pm_route_ctx *ctx;
    if (argc != 3) return 2;
    FILE *f = fopen(argv[2], "r");
    if (!f || pm_bundle_open(argv[1], NULL, &bundle, message)) return 2;
    int bad = pm_route_ctx_open(bundle, &ctx, message) != PM_OK;
    while (!bad && getline(&line, &room, f) > 0) {
        pm_route_result r = {.size = sizeof r};
        size_t n = read_numbers(line, v);
        if (rows++ == 0 && !refuses(ctx, bundle, v, n)) bad = 1;
        pm_str text = {rows % 2 ? "some text" : NULL, rows % 2 ? 9 : 0};
        if (!bad && pm_route_vector(ctx, v, n, text, &r, message)) {
            fprintf(stderr, "row %zu: %s\n", rows, message);
            bad = 1;
        }
        if (!bad) puts(r.expert ? r.expert : "(abstains)");
    }
    free(line);
    fclose(f);
    pm_route_ctx_close(ctx);
    pm_bundle_close(bundle);
    return bad;
}
