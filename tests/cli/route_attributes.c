/* SPDX-License-Identifier: MIT
 *
 * Routes one text with attributes through libpointsman, with the public header only, and checks what it refuses.
 *
 * Usage: route_attributes BUNDLE.  Prints the experts of a plain text, one with an image, one with tools, a line each.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <pointsman/pointsman.h>

static int is_refused(pm_route_ctx *ctx, pm_attr a, const char *want)
{
    char message[PM_MESSAGE_BYTES] = "";
    pm_route_result r = {.size = sizeof r};
    pm_route_input in = {.size = sizeof in, .text = {"x", 1}, .attr = &a, .n_attr = 1};
    pm_status st = pm_route_prompt(ctx, &in, &r, message);
    if (st == PM_E_ARG && strstr(message, want)) return 1;
    fprintf(stderr, "status %d, \"%s\"; want \"%s\"\n", (int)st, message, want);
    return 0;
}

static int refuses(pm_route_ctx *ctx)
{
    return is_refused(ctx, (pm_attr){"modalities", PM_ATTR_TEXT, 0, "text,smell"}, "smell") &&
           is_refused(ctx, (pm_attr){"tools", PM_ATTR_TEXT, 0, "yes"}, "wanted true or false") &&
           is_refused(ctx, (pm_attr){"tool", PM_ATTR_FLAG, 1, NULL}, "did you mean \"tools\"") &&
           is_refused(ctx, (pm_attr){"own", PM_ATTR_TEXT, 0, NULL}, "there is no text") &&
           is_refused(ctx, (pm_attr){"own", PM_ATTR_NUMBER, NAN, NULL}, "finite number") &&
           is_refused(ctx, (pm_attr){NULL, PM_ATTR_NUMBER, 1, NULL}, "has no name");
}

int main(int argc, char **argv)
{
    static const pm_attr image = {"modalities", PM_ATTR_TEXT, 0, "text,image"},
                         tools = {"tools", PM_ATTR_FLAG, 1, NULL};
    static const pm_attr *const of[] = {NULL, &image, &tools};
    char message[PM_MESSAGE_BYTES];
    pm_bundle *bundle;
    pm_route_ctx *ctx = NULL;
    if (argc != 2 || pm_bundle_open(argv[1], NULL, &bundle, message)) return 2;
    int bad = pm_route_ctx_open(bundle, &ctx, message) != PM_OK || !refuses(ctx);
    for (size_t k = 0; k < 3 && !bad; k++) {
        pm_route_result r = {.size = sizeof r};
        pm_route_input in = {
            .size = sizeof in, .text = {"sum 3 and 4", 11}, .attr = of[k], .n_attr = k > 0};
        bad = pm_route_prompt(ctx, &in, &r, message) != PM_OK;
        puts(bad ? message : r.expert ? r.expert : "(abstains)");
    }
    pm_route_ctx_close(ctx);
    pm_bundle_close(bundle);
    return bad;
}
