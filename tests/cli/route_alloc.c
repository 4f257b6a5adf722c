/* SPDX-License-Identifier: MIT
 *
 * Routes 100,000 prompts through libpointsman and counts every allocation of the process: none may happen
 * after warm-up.  Uses the public header only; wraps the C library's allocator in this program.
 *
 * Usage: route_alloc BUNDLE PROMPTS.txt (one prompt a line).  Exit 0 none, 1 some, 77 cannot be counted here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pointsman/pointsman.h>

#include "count_allocations.h"

enum { MAX_PROMPTS = 4096, ROUTES = 100000 };

static size_t read_lines(const char *path, char **line, size_t max)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t n = 0, capacity = 0;
    if (!f) return 0;
    while (n < max && getline(&text, &capacity, f) > 0) {
        text[strcspn(text, "\n")] = '\0';
        line[n++] = strdup(text);
    }
    free(text);
    fclose(f);
    return n;
}

static int route(pm_route_ctx *ctx, char **line, size_t n, size_t routes)
{
    char message[PM_MESSAGE_BYTES];
    pm_route_result r = {.size = sizeof r};
    for (size_t i = 0; i < routes; i++) {
        const char *text = line[i % n];
        if (pm_route_text(ctx, text, strlen(text), &r, message)) {
            fprintf(stderr, "route %zu: %s\n", i, message);
            return 1;
        }
    }
    return 0;
}

/* A text with an invalid byte is the text with U+FFFD in its place: equal values to the bit. */
static int repairs(pm_route_ctx *ctx)
{
    static const char broken[] = "boil the pasta in salted water \xff and stir \xc3";
    static const char sound[] = "boil the pasta in salted water \xef\xbf\xbd and stir \xef\xbf\xbd";
    char message[PM_MESSAGE_BYTES];
    float value[256];
    pm_route_result r = {.size = sizeof r};
    if (pm_route_text(ctx, sound, sizeof sound - 1, &r, message) || r.m > 256) return 0;
    memcpy(value, r.value, r.m * sizeof *value);
    if (pm_route_text(ctx, broken, sizeof broken - 1, &r, message)) return 0;
    return memcmp(value, r.value, r.m * sizeof *value) == 0;
}

int main(int argc, char **argv)
{
    static char *line[MAX_PROMPTS];
    char message[PM_MESSAGE_BYTES];
    pm_bundle *bundle;
    pm_route_ctx *ctx;
    if (argc != 3) return 2;
    if (!CAN_COUNT) {
        puts("skipped: allocations cannot be counted in this build");
        return 77;
    }
    size_t n = read_lines(argv[2], line, MAX_PROMPTS);
    if (n == 0) return 2;
    if (pm_bundle_open(argv[1], NULL, &bundle, message) ||
        pm_route_ctx_open(bundle, &ctx, message)) {
        fprintf(stderr, "%s\n", message);
        return 2;
    }
    if (!repairs(ctx)) {
        puts("invalid bytes are not routed as U+FFFD");
        return 2;
    }
    unsigned long before_all = atomic_load(&allocations);
    if (route(ctx, line, n, n)) return 2; /* warm-up: every prompt once */
    unsigned long warm = atomic_load(&allocations);
    if (route(ctx, line, n, ROUTES)) return 2;
    unsigned long after = atomic_load(&allocations);
    printf("%d routes over %zu prompts: %lu allocations (warm-up %lu, opening %lu)\n", ROUTES, n,
           after - warm, warm - before_all, before_all);
    pm_route_ctx_close(ctx);
    pm_bundle_close(bundle);
    for (size_t i = 0; i < n; i++) free(line[i]);
    if (before_all == 0) {
        puts("the counter does not count");
        return 2;
    }
    return after == warm ? 0 : 1;
}
